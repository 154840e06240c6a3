"""`identity/conditionalAccess/evaluate`: a supposed sign-in, decided by the function that decides real ones.

What is not said is not known, as in Graph: a policy that asks about it is answered with
`notEnoughInformation`. Beside Graph's answer, which is one line for each policy, `keystead` has the verdict.
"""

from ipaddress import ip_address
from typing import Any, TypeVar

from msgspec.json import encode
from starlette.responses import Response

from keystead_server.domain.ids import UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.access_facts import person_of
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import object_of
from keystead_server.http.graph.problem import refused
from keystead_server.policy.access.explain import Explanation, explain
from keystead_server.policy.access.facts import Address, AppFacts, DeviceFacts, Facts, Person, Workload
from keystead_server.policy.access.grants import why_unmet
from keystead_server.policy.access.vocabulary import (
    UNKNOWN,
    ClientApp,
    InsiderRisk,
    Platform,
    RiskLevel,
    TransferMethod,
    Unknown,
    UserAction,
)
from keystead_server.policy.access.writing import policy_to_json
from keystead_server.policy.loose import Members, Notes, malformed
from keystead_server.policy.people import Subject

_Word = TypeVar("_Word", ClientApp, Platform, RiskLevel, InsiderRisk, TransferMethod)
_ACTIONS = {
    "registersecurityinformation": UserAction.REGISTER_SECURITY_INFO,
    "registerorjoindevices": UserAction.REGISTER_DEVICE,
}


async def evaluate(call: Call) -> Response:
    try:
        body = Members(dict(object_of(call)), "", Notes())
        applied_only = body.flag("appliedPoliciesOnly") or False
        facts = await _facts(call, body)
    except Invalid as invalid:
        raise refused(invalid) from None
    version = await call.services.access_policies.now(call.tenant.id, call.services.clock.now())
    explanation = explain(version.compiled, facts)
    value = [_told(one, version.rules.set.all_strengths) for one in explanation.policies]
    if applied_only:
        value = [one for one in value if one["policyApplies"]]
    context = f"{call.services.relying_party.public_url}/graph/v1.0/$metadata#Collection(microsoft.graph.whatIfAnalysisResult)"
    answer = {"@odata.context": context, "value": value, "keystead": _verdict(explanation, version.compiled)}
    return Response(encode(answer), media_type="application/json;odata.metadata=minimal;charset=utf-8")


def _told(one: Any, strengths: Any) -> dict[str, Any]:
    return {
        **policy_to_json(one.policy, strengths),
        # Here a policy applies where it might; Graph says that it cannot tell.
        "policyApplies": one.applies and not one.lacks_information,
        "analysisReasons": one.analysis_reasons,
    }


def _verdict(explanation: Explanation, compiled: Any) -> dict[str, Any]:
    decision = explanation.decision
    prompts = [
        [why_unmet(control, compiled.strengths, compiled.set.terms) for control in prompt.any_of]
        for prompt in decision.prompts
    ]
    return {
        "decision": decision.verdict.value,
        "blockedBy": list(decision.blocked_by),
        "prompts": prompts,
        "signInAgain": decision.sign_in_again,
        "sessionNotBound": decision.not_bound,
    }


async def _facts(call: Call, body: Members) -> Facts:
    conditions = body.object("signInConditions") or Members({}, "signInConditions", Notes())
    apps, action, contexts = _reached(body.object("signInContext"))
    flow = conditions.object("authenticationFlow")
    return Facts(
        call.services.clock.now(),
        await _who(call, body.object("signInIdentity")),
        apps=apps,
        action=action,
        contexts=contexts,
        client=_word(conditions, "clientAppType", ClientApp),
        platform=_word(conditions, "devicePlatform", Platform),
        address=_address(conditions),
        country=(conditions.text("country") or "").upper() or UNKNOWN,
        device=_device(conditions.object("deviceInfo")),
        sign_in_risk=_word(conditions, "signInRiskLevel", RiskLevel),
        user_risk=_word(conditions, "userRiskLevel", RiskLevel),
        workload_risk=_word(conditions, "servicePrincipalRiskLevel", RiskLevel),
        insider_risk=_word(conditions, "insiderRiskLevel", InsiderRisk),
        flow=UNKNOWN if flow is None else _word(flow, "transferMethod", TransferMethod),
        authenticated_at=call.services.clock.now(),
    )


async def _who(call: Call, identity: Members | None) -> Person | Workload:
    target = "signInIdentity"
    service = None if identity is None else identity.id("servicePrincipalId")
    if service is not None:
        return Workload(service)
    named = None if identity is None else identity.id("userId")
    if named is None:
        raise malformed("signInIdentity names a userId or a servicePrincipalId", target)
    users = call.services.store.users
    user = await users.get(call.tenant.id, UserId(named))
    if user is None:
        raise Invalid("user_unknown", f"there is no user with the id {named!r}", target=f"{target}.userId")
    groups = await users.groups_of(call.tenant.id, user.id)
    return person_of(Subject.of(user, frozenset(group.id for group in groups)))


def _reached(context: Members | None) -> tuple[tuple[AppFacts, ...], UserAction | None, frozenset[str]]:
    if context is None:
        return (), None, frozenset()
    apps = tuple(AppFacts(one) for one in sorted(context.ids("includeApplications")))
    said = context.text("userAction")
    action = None if said is None else _ACTIONS.get(said.casefold())
    if said is not None and action is None:
        raise malformed(f"{said!r} is not one of: registerSecurityInformation, registerOrJoinDevices", "signInContext")
    asked = context.text("authenticationContextValue")
    return apps, action, frozenset() if asked is None else frozenset({asked.casefold()})


def _word(members: Members, name: str, kind: type[_Word]) -> _Word | Unknown:
    text = members.text(name)
    # Clients write enumerations out with members that say nothing.
    if text is None or text.casefold() in ("unknownfuturevalue", "all"):
        return UNKNOWN
    found = members.word_of(text, kind, members.at(name), "none")
    return found if isinstance(found, kind) else UNKNOWN


def _address(conditions: Members) -> Address | Unknown:
    text = conditions.text("ipAddress")
    try:
        return UNKNOWN if text is None else ip_address(text)
    except ValueError:
        raise malformed("ipAddress is no address", "signInConditions.ipAddress") from None


def _device(info: Members | None) -> DeviceFacts | Unknown:
    if info is None:
        return UNKNOWN
    return DeviceFacts.of(dict(info.left()))
