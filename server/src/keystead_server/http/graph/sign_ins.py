"""`auditLogs/signIns`: the sign-in log in Graph's shape, with what we know beyond it under `keystead`."""

from datetime import datetime
from typing import Any

from keystead_core.wire import b64url_encode
from starlette.responses import Response

from keystead_server.domain.access_ruling import AccessRuling
from keystead_server.domain.ids import AttemptId
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.domain.user_agent import browser_of, system_of
from keystead_server.http.call import Call
from keystead_server.http.graph.aadsts import error_number
from keystead_server.http.graph.answers import Source, list_page, named, query_of, single
from keystead_server.http.graph.log_filter import sign_in_terms
from keystead_server.http.graph.odata.filter import Fields
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE
from keystead_server.http.problems import Refuse
from keystead_server.ports.log_queries import SignInQuery, SignInRow

_FIELDS: Fields = {
    "id": Kind.TEXT,
    "createdDateTime": Kind.MOMENT,
    "userId": Kind.TEXT,
    "userPrincipalName": Kind.TEXT,
    "userDisplayName": Kind.TEXT,
    "appId": Kind.TEXT,
    "appDisplayName": Kind.TEXT,
    "ipAddress": Kind.TEXT,
    "clientAppUsed": Kind.TEXT,
    "correlationId": Kind.TEXT,
    "conditionalAccessStatus": Kind.TEXT,
    "isInteractive": Kind.FLAG,
    "status/errorCode": Kind.NUMBER,
    "status/failureReason": Kind.TEXT,
    "deviceDetail/browser": Kind.TEXT,
    "deviceDetail/operatingSystem": Kind.TEXT,
    "keystead/purpose": Kind.TEXT,
    "keystead/reason": Kind.TEXT,
    "keystead/credentialId": Kind.TEXT,
    "keystead/aaGuid": Kind.TEXT,
    "keystead/proof": Kind.TEXT,
    "keystead/passkeyProfile": Kind.TEXT,
}
_PROPERTIES = frozenset(
    {
        "id", "createdDateTime", "userId", "userPrincipalName", "userDisplayName", "appId", "appDisplayName",
        "ipAddress", "userAgent", "clientAppUsed", "correlationId", "conditionalAccessStatus",
        "appliedConditionalAccessPolicies", "authenticationDetails", "isInteractive", "status", "deviceDetail",
        "location", "resourceDisplayName", "resourceTenantId", "homeTenantId", "riskDetail", "riskEventTypes_v2",
        "riskLevelAggregated", "riskLevelDuringSignIn", "riskState", "keystead",
    }
)  # fmt: skip
COLLECTION = Collection(_PROPERTIES, _FIELDS, ("-createdDateTime",))
_ENFORCED = frozenset({"success", "failure"})
_METHODS = {
    Method.PASSKEY: "Passkey",
    Method.WINDOWS_HELLO: "Windows Hello for Business",
    Method.TEMPORARY_ACCESS_PASS: "Temporary Access Pass",
    Method.PASSWORD: "Password",
    Method.SOFTWARE_OATH: "Software OATH token",
    Method.RECOVERY_CODE: "Recovery code",
}
_RESOURCES = {
    Purpose.SIGN_IN: "Sign-in",
    Purpose.REGISTER: "Passkey registration",
    Purpose.TOKEN: "Token endpoint",
    Purpose.APP: "Token endpoint",
    Purpose.AUTHORIZE: "Authorization endpoint",
    Purpose.USE: "Keystead",
    Purpose.ENROL_DEVICE: "Device enrolment",
    Purpose.RENEW_DEVICE: "Device enrolment",
    Purpose.UNLOCK_DEVICE: "Device unlock",
}


async def list_sign_ins(call: Call) -> Response:
    query = query_of(call, COLLECTION)
    asked = sign_in_terms(query.filter)

    async def read(after: list[Any] | None, size: int) -> Any:
        wanted = SignInQuery(
            limit=size,
            newest_first=query.order_by[1],
            since=asked.since,
            until=asked.until,
            user=asked.user,
            app=asked.app,
            granted=asked.granted,
            after=None if after is None else (datetime.fromisoformat(after[0]), AttemptId(after[1])),
        )
        return await call.services.store.logs.sign_ins(call.tenant.id, wanted)

    source: Source[SignInRow] = Source(
        read, lambda row: [row.attempt.at.isoformat(), row.attempt.id], sign_in, exact=asked.whole
    )
    return await list_page(call, "auditLogs/signIns", query, source)


async def get_sign_in(call: Call) -> Response:
    logs = call.services.store.logs
    attempt = await logs.attempt(call.tenant.id, AttemptId(named(call, "signIn")))
    if attempt is None:
        raise Refuse(NOT_THERE)
    # With its names, as the list has it: at most the sixteen ids that begin alike stand behind this place.
    place = attempt.at, AttemptId(attempt.id[:-1])
    beside = await logs.sign_ins(call.tenant.id, SignInQuery(limit=16, newest_first=False, after=place))
    row = next(row for row in beside if row.attempt.id == attempt.id)
    return single(call, "auditLogs/signIns", sign_in(row), _PROPERTIES)


def sign_in(row: SignInRow) -> Entity:
    a = row.attempt
    granted = a.result is Result.GRANTED
    alone = a.purpose is Purpose.APP
    return {
        "id": a.id,
        "createdDateTime": a.at,
        "userId": a.user_id or "",
        "userPrincipalName": (row.username or a.username or "").lower(),
        "userDisplayName": row.display_name or a.username or "",
        "appId": a.app_id,
        "appDisplayName": row.app_name,
        "ipAddress": a.client_address,
        "userAgent": a.user_agent,
        "clientAppUsed": "Browser" if _is_interactive(a) else "Other clients",
        "correlationId": a.challenge_id or a.id,
        "conditionalAccessStatus": _access_status(a.access),
        "appliedConditionalAccessPolicies": _applied(a.access),
        "authenticationDetails": [] if alone else _details(a, granted),
        "isInteractive": _is_interactive(a),
        "status": {
            "errorCode": error_number(a.reason),
            "failureReason": "" if granted else a.reason,
            "additionalDetails": a.detail,
        },
        "deviceDetail": {
            "deviceId": "",
            "displayName": "",
            "operatingSystem": system_of(a.user_agent) or "",
            "browser": browser_of(a.user_agent) or "",
            "isCompliant": False,
            "isManaged": False,
            "trustType": "",
        },
        "location": None,
        "resourceDisplayName": _RESOURCES.get(a.purpose, "Sign-in"),
        "resourceTenantId": a.tenant_id,
        "homeTenantId": a.tenant_id,
        "riskDetail": "none",
        "riskEventTypes_v2": [],
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "keystead": _ours(a),
    }


def _access_status(ruling: AccessRuling | None) -> str:
    """Of the policies that are enforced: those in report-only mode changed nothing."""
    if ruling is None or not any(one.result in _ENFORCED for one in ruling.policies):
        return "notApplied"
    return "success" if ruling.decision == "allow" else "failure"


def _applied(ruling: AccessRuling | None) -> list[Entity]:
    policies = () if ruling is None else ruling.policies
    return [{"id": one.id, "displayName": one.name, "result": one.result} for one in policies]


def _is_interactive(attempt: Attempt) -> bool:
    return attempt.purpose in (Purpose.SIGN_IN, Purpose.REGISTER)


def _details(attempt: Attempt, granted: bool) -> list[Entity]:
    method = _METHODS.get(attempt.method)
    if method is None:
        return []
    return [
        {
            "authenticationStepDateTime": attempt.at,
            "authenticationMethod": method,
            "authenticationMethodDetail": None if attempt.aaguid is None else str(attempt.aaguid),
            "succeeded": granted,
            "authenticationStepResultDetail": attempt.reason,
            "authenticationStepRequirement": "primaryAuthentication",
        }
    ]


def _ours(attempt: Attempt) -> Entity:
    return {
        "purpose": attempt.purpose.value,
        "reason": attempt.reason,
        "method": attempt.method.value,
        "usernameTyped": attempt.username,
        "credentialId": None if attempt.credential_id is None else b64url_encode(attempt.credential_id),
        "aaGuid": None if attempt.aaguid is None else str(attempt.aaguid),
        "proof": attempt.proof,
        "passkeyProfile": attempt.profile,
        "challengeId": attempt.challenge_id,
    }
