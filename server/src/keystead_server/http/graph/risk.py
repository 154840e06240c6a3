"""`identityProtection`: who is at risk and by what; confirmed and dismissed, and (ours) supplied by other systems."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from starlette.responses import Response

from keystead_server.domain.ids import UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User
from keystead_server.flows.list_risk import RiskyUser
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import body_of, list_of, list_page, no_content, query_of, single, wanted
from keystead_server.http.graph.odata.filter import Fields
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE, refused
from keystead_server.http.graph.users import the_user
from keystead_server.http.problems import Problem, Refuse
from keystead_server.policy.access.vocabulary import RiskLevel
from keystead_server.policy.risk.detections import Detection, DetectionKind
from keystead_server.policy.risk.levels import Risk

# As many as one call of Graph's takes.
_MOST = 60
_USERS = Collection(
    frozenset(
        {
            "id", "isDeleted", "isProcessing", "riskDetail", "riskLastUpdatedDateTime", "riskLevel", "riskState",
            "userDisplayName", "userPrincipalName",
        }
    ),
    {
        "id": Kind.TEXT, "riskLevel": Kind.TEXT, "riskState": Kind.TEXT, "riskDetail": Kind.TEXT,
        "userPrincipalName": Kind.TEXT, "userDisplayName": Kind.TEXT, "riskLastUpdatedDateTime": Kind.MOMENT,
    },
    ("id",),
    countable=False,
)  # fmt: skip
_DETECTION_FIELDS: Fields = {
    "id": Kind.TEXT, "userId": Kind.TEXT, "userPrincipalName": Kind.TEXT, "riskLevel": Kind.TEXT,
    "riskEventType": Kind.TEXT, "activityDateTime": Kind.MOMENT, "detectedDateTime": Kind.MOMENT,
}  # fmt: skip
_DETECTIONS = Collection(
    frozenset(
        {
            "id", "activity", "activityDateTime", "additionalInfo", "correlationId", "detectedDateTime",
            "detectionTimingType", "lastUpdatedDateTime", "requestId", "riskDetail", "riskEventType", "riskLevel",
            "riskState", "source", "tokenIssuerType", "userDisplayName", "userId", "userPrincipalName",
        }
    ),
    _DETECTION_FIELDS,
    ("id",),
    countable=False,
)  # fmt: skip
_OURS = frozenset(DetectionKind)


async def list_risky_users(call: Call) -> Response:
    query = query_of(call, _USERS)
    found = await call.services.list_risk(call.tenant.id)
    return await list_page(
        call, "identityProtection/riskyUsers", query, list_of(found, lambda one: one.user.id, _risky_user)
    )


async def get_risky_user(call: Call) -> Response:
    user = await the_user(call)
    found = await call.services.list_risk.of(call.tenant.id, user.id)
    entity = _risky_user(found or RiskyUser(user, Risk(), user.created_at))
    return single(call, "identityProtection/riskyUsers", entity, _USERS.properties)


async def list_detections(call: Call) -> Response:
    query = query_of(call, _DETECTIONS)
    rows = [
        _detection(one.user, found)
        for one in await call.services.list_risk(call.tenant.id)
        for found in one.risk.because
    ]
    rows.sort(key=lambda row: str(row["id"]))
    source = list_of(rows, lambda row: str(row["id"]), lambda row: row)
    return await list_page(call, "identityProtection/riskDetections", query, source)


async def dismiss(call: Call) -> Response:
    return await _judge(call, call.services.manage_risk.dismiss)


async def confirm(call: Call) -> Response:
    return await _judge(call, call.services.manage_risk.confirm)


async def supply(call: Call) -> Response:
    """Ours: Graph has no way to supply a detection."""
    body = body_of(call, "userId", "riskLevel", "riskEventType", "additionalInfo", "activityDateTime")
    user = (await _people(call, [wanted(body, "userId", str) or ""], "userId"))[0]
    try:
        signal = await call.services.manage_risk.supply(
            user,
            level=wanted(body, "riskLevel", str) or "",
            event_type=wanted(body, "riskEventType", str) or "",
            says=wanted(body, "additionalInfo", str) or "",
            at=_moment(wanted(body, "activityDateTime", str)),
            by=call.actor,
        )
    except Invalid as invalid:
        raise refused(invalid) from None
    found = Detection(signal.event_type, signal.id, signal.at, RiskLevel.NONE, signal.level, signal.says)
    return single(
        call, "identityProtection/riskDetections", _detection(user, found), _DETECTIONS.properties, status=201
    )


async def _judge(call: Call, judge: Any) -> Response:
    ids = wanted(body_of(call, "userIds"), "userIds", list) or []
    if not ids or len(ids) > _MOST or not all(isinstance(one, str) for one in ids):
        raise Refuse(Problem(400, "property_malformed", f"userIds is a list of 1 to {_MOST} ids.", target="userIds"))
    try:
        await judge(await _people(call, dict.fromkeys(ids), "userIds"), by=call.actor)
    except Invalid as invalid:
        raise refused(invalid) from None
    return no_content(call)


async def _people(call: Call, ids: Iterable[str], target: str) -> list[User]:
    """All of them, or nobody: what is said of some and not of others would be taken for done."""
    found = []
    for one in ids:
        user = await call.services.store.users.get(call.tenant.id, UserId(one))
        if user is None:
            raise Refuse(Problem(404, NOT_THERE.code, "One of these people is not there.", target=target))
        found.append(user)
    return found


def _moment(text: str | None) -> datetime | None:
    try:
        at = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        at = None
    if text is not None and (at is None or at.tzinfo is None):
        raise Refuse(
            Problem(
                400, "property_malformed", "activityDateTime is a moment with its offset.", target="activityDateTime"
            )
        )
    return at


def _risky_user(one: RiskyUser) -> Entity:
    state, detail = _state(one.risk)
    return {
        "id": one.user.id,
        "isDeleted": False,
        "isProcessing": False,
        "riskDetail": detail,
        "riskLastUpdatedDateTime": one.updated_at,
        "riskLevel": one.risk.level.value,
        "riskState": state,
        "userDisplayName": one.user.display_name,
        "userPrincipalName": one.user.username,
    }


def _state(risk: Risk) -> tuple[str, str]:
    if risk.is_confirmed:
        return "confirmedCompromised", "adminConfirmedUserCompromised"
    if risk.because:
        return "atRisk", "none"
    if risk.remediated_at is not None and (risk.dismissed_at is None or risk.remediated_at > risk.dismissed_at):
        return "remediated", "userPerformedSecuredPasswordChange"
    return ("none", "none") if risk.dismissed_at is None else ("dismissed", "adminDismissedAllRiskForUser")


def _detection(user: User, found: Detection) -> Entity:
    own = found.kind in _OURS
    return {
        "id": f"{found.trace_id}-{found.kind}",
        "activity": "signin" if own else "user",
        "activityDateTime": found.at,
        "additionalInfo": found.says,
        "correlationId": found.trace_id,
        "detectedDateTime": found.at,
        "detectionTimingType": "realtime" if own else "offline",
        "lastUpdatedDateTime": found.at,
        "requestId": found.trace_id,
        "riskDetail": "none",
        "riskEventType": str(found.kind),
        "riskLevel": found.user_level.value,
        "riskState": "confirmedCompromised" if found.kind == DetectionKind.CONFIRMED else "atRisk",
        "source": "Keystead" if own else "supplied",
        "tokenIssuerType": "AzureAD",
        "userDisplayName": user.display_name,
        "userId": user.id,
        "userPrincipalName": user.username,
    }
