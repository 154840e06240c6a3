"""A Graph `evaluate` body, and beside it what a directory would know → the facts of a sign-in.

Facts may stand in `signInIdentity`, `signInContext`, `signInConditions`, beside them in `signIn`, or beside
that in the record; names in any case. What is not said is what an ordinary sign-in has: no risk, no
special flow, a browser, a device that is not registered, an address in no country.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from keystead_server.conformance.record import RecordMalformed
from keystead_server.conformance.said import Said, folded
from keystead_server.domain.passkey import Proof
from keystead_server.policy.access.controls import Control, ControlKind
from keystead_server.policy.access.facts import (
    Address,
    AppFacts,
    DeviceFacts,
    Facts,
    Person,
    Used,
    Workload,
    attributes_of,
)
from keystead_server.policy.access.vocabulary import (
    ADMIN_PORTALS,
    OFFICE_365,
    ClientApp,
    GuestType,
    InsiderRisk,
    Platform,
    RiskLevel,
    TransferMethod,
    UserAction,
)
from keystead_server.policy.strengths.evaluate import Credential
from keystead_server.policy.strengths.model import MethodMode

_ACTIONS = {
    "registersecurityinformation": UserAction.REGISTER_SECURITY_INFO,
    "registersecurityinfo": UserAction.REGISTER_SECURITY_INFO,
    "registerorjoindevices": UserAction.REGISTER_DEVICE,
    "registerdevice": UserAction.REGISTER_DEVICE,
    **{action.value: action for action in UserAction},
}
_MODES = {
    "passkey": MethodMode.FIDO2,
    "securitykey": MethodMode.FIDO2,
    "temporaryaccesspass": MethodMode.PASS_ONE_TIME,
    "tap": MethodMode.PASS_ONE_TIME,
    "totp": MethodMode.SOFTWARE_OATH,
    "windowshello": MethodMode.WINDOWS_HELLO,
    "platformcredential": MethodMode.WINDOWS_HELLO,
    # Said of a second factor that nobody describes: it is one, and no strength's but the plainest.
    "mfa": MethodMode.FEDERATED_MULTI_FACTOR,
    "multifactor": MethodMode.FEDERATED_MULTI_FACTOR,
    "multifactorauthentication": MethodMode.FEDERATED_MULTI_FACTOR,
    **{mode.value.casefold(): mode for mode in MethodMode},
}
_TRUST = {
    "entraid": "AzureAD",
    "azure ad joined": "AzureAD",
    "hybrid azure ad joined": "ServerAD",
    "azure ad registered": "Workplace",
}
_CONTEXTS = ("authenticationContextValue", "authenticationContexts", "authenticationContext", "authContext")
_AGES = {"sessionAgeHours": "hours", "sessionAgeMinutes": "minutes", "sessionAgeSeconds": "seconds"}
_NOT_ATTRIBUTES = frozenset({"@odata.type", "isregistered", "registered", "extensionattributes"})


def read_facts(
    sign_in: Mapping[str, Any],
    record: Mapping[str, object],
    clock: Callable[[], datetime],
    asked: Iterable[Control] = (),
) -> Facts:
    """The facts of one sign-in; *clock* is asked only where `now` is absent.

    Args:
        asked: what the policies ask for, so that `termsOfUse` alone can say that all of them are accepted.

    Raises:
        RecordMalformed: something that is said cannot be.
    """
    said = Said(sign_in, record)
    now = said.at("now") or clock()
    done = frozenset(str(one) for one in said.list("controlsSatisfied", "methodsSatisfied") if isinstance(one, str))
    return Facts(
        now=now,
        who=_who(said),
        apps=tuple(_apps(said)),
        action=_action(said),
        contexts=frozenset(one.casefold() for one in said.ids(*_CONTEXTS)),
        client=said.word(ClientApp, "clientAppType") or ClientApp.BROWSER,
        platform=said.word(Platform, "devicePlatform", "platform"),
        address=_address(said),
        country=(said.text("country", "countryOrRegion") or "").upper() or None,
        trusted=said.find("trusted", "isTrustedLocation") is True,
        device=_device(said, done),
        sign_in_risk=said.word(RiskLevel, "signInRiskLevel") or RiskLevel.NONE,
        user_risk=said.word(RiskLevel, "userRiskLevel") or RiskLevel.NONE,
        workload_risk=said.word(RiskLevel, "servicePrincipalRiskLevel") or RiskLevel.NONE,
        insider_risk=said.word(InsiderRisk, "insiderRiskLevel") or InsiderRisk.NONE,
        flow=_flow(said),
        methods=tuple(_methods(said, now)),
        authenticated_at=_authenticated_at(said, now),
        bound=said.find("sessionBound") is not False,
        password_changed=ControlKind.PASSWORD_CHANGE in done or said.find("passwordChanged") is True,
        risk_remediated=ControlKind.RISK_REMEDIATION in done,
        approved_app=ControlKind.APPROVED_APP in done,
        protected_app=ControlKind.COMPLIANT_APP in done,
        accepted_terms=said.ids("termsOfUseAccepted", "acceptedTermsOfUse")
        | _all_of(ControlKind.TERMS_OF_USE, asked, done),
        custom_factors=said.ids("customAuthenticationFactorsSatisfied")
        | _all_of(ControlKind.CUSTOM_FACTOR, asked, done),
    )


def _all_of(kind: ControlKind, asked: Iterable[Control], done: frozenset[str]) -> frozenset[str]:
    return frozenset(control.id for control in asked if control.kind is kind) if kind in done else frozenset()


def _who(said: Said) -> Person | Workload:
    workload = said.text("servicePrincipalId")
    if workload is not None:
        own = said.find("isSingleTenant", "ownedByTenant")
        return Workload(folded(workload), own is not False, _attributes(said.find("servicePrincipalAttributes")))
    user = said.text("userId", "id")
    if user is None:
        raise RecordMalformed("signIn names neither userId nor servicePrincipalId")
    return Person(
        id=folded(user),
        groups=said.ids("groupIds", "groups", "transitiveMemberOf"),
        roles=said.ids("roleIds", "roles", "directoryRoles"),
        guest=_guest(said),
        home_tenant=next(iter(said.ids("externalTenantId", "homeTenantId")), None),
    )


def _guest(said: Said) -> GuestType | None:
    kind = said.word(GuestType, "externalUserType", "guestType")
    if kind is not None:
        return kind
    text = (said.text("userType") or "member").casefold()
    if text == "member":
        return None
    # The directory's userType says no more than that; most guests came by invitation.
    return GuestType.B2B_COLLABORATION_GUEST if text == "guest" else said.word(GuestType, "userType")


def _apps(said: Said) -> Iterator[AppFacts]:
    attributes = said.find("applicationAttributes", "customSecurityAttributes")
    suites = {suite.casefold(): suite for suite in (OFFICE_365, ADMIN_PORTALS)}
    for app in said.list("includeApplications", "applicationIds", "applicationId", "appId"):
        own = app.get("customSecurityAttributes") if isinstance(app, dict) else None
        named = folded(app)
        yield AppFacts(suites.get(named.casefold(), named), attributes=_attributes(own or attributes))


def _attributes(members: object) -> Mapping[str, Any]:
    """Custom security attributes, by set and name: `{"Set": {"Name": …}}`, or with the two in one."""
    flat: dict[str, object] = {}
    for name, value in (members if isinstance(members, dict) else {}).items():
        if isinstance(value, dict):
            flat |= {f"{name}_{inner}": one for inner, one in value.items() if "@" not in inner}
        else:
            flat[name.replace(".", "_")] = value
    return attributes_of(flat)


def _action(said: Said) -> UserAction | None:
    text = said.text("userAction")
    if text is None:
        return None
    action = _ACTIONS.get(text.casefold())
    if action is None:
        raise RecordMalformed(f"userAction: {text!r} is none that policies know")
    return action


def _flow(said: Said) -> TransferMethod | None:
    flow = said.find("authenticationFlow")
    named = flow if isinstance(flow, dict) else {"transferMethod": flow}
    return Said(named, {"transferMethod": said.find("transferMethod")}).word(TransferMethod, "transferMethod")


def _address(said: Said) -> Address | None:
    text = said.text("ipAddress", "ip")
    try:
        return None if text is None else ip_address(text.strip())
    except ValueError:
        raise RecordMalformed("ipAddress is no address") from None


def _device(said: Said, done: frozenset[str]) -> DeviceFacts | None:
    members: dict[str, Any] = {}
    for name in ("deviceInfo", "device"):
        one = said.find(name)
        if one is not None and not isinstance(one, dict):
            raise RecordMalformed(f"{name} is not an object")
        members |= {key: value for key, value in (one or {}).items() if value is not None}
    by_name = {key.casefold(): value for key, value in members.items()}
    if False in (by_name.get("isregistered"), by_name.get("registered")):
        return None
    members = {key: value for key, value in members.items() if key.casefold() not in _NOT_ATTRIBUTES}
    extensions = by_name.get("extensionattributes")
    members |= extensions if isinstance(extensions, dict) else {}
    if "ownership" in by_name:
        members["deviceOwnership"] = by_name["ownership"]
    if "trusttype" in by_name:
        members["trustType"] = _TRUST.get(str(by_name["trusttype"]).casefold(), by_name["trusttype"])
    if ControlKind.COMPLIANT_DEVICE in done:
        members["isCompliant"] = True
    registered = bool(members) or by_name.get("isregistered") is True or by_name.get("registered") is True
    return DeviceFacts.of(members, joined_here=ControlKind.JOINED_DEVICE in done) if registered else None


def _methods(said: Said, now: datetime) -> Iterator[Used]:
    for method in said.list("methodsSatisfied"):
        members = method if isinstance(method, dict) else {"method": method}
        one = Said(members, {})
        named = one.text("method", "mode", "authenticationMethod", "type", "name") or ""
        at = one.at("at", "satisfiedAt", "dateTime") or now
        for word in named.split(","):
            mode = _MODES.get(word.strip().casefold())
            if mode is None and word.strip() not in list(ControlKind):
                raise RecordMalformed(f"methodsSatisfied: there is no method {word.strip()!r}")
            if mode is not None:
                yield Used(_credential(mode, one), at)


def _credential(mode: MethodMode, one: Said) -> Credential:
    aaguid = one.text("aaguid", "aaGuid")
    try:
        return Credential(
            mode,
            None if aaguid is None else UUID(aaguid),
            one.word(Proof, "proof") or Proof.NONE,
            one.text("issuerSki"),
            one.ids("policyOids", "policyOid"),
        )
    except ValueError:
        raise RecordMalformed("aaguid is no AAGUID") from None


def _authenticated_at(said: Said, now: datetime) -> datetime:
    at = said.at("authenticatedAt", "signedInAt", "sessionStartedAt")
    for name, unit in _AGES.items():
        age = said.find(name)
        if at is None and isinstance(age, int | float):
            try:
                at = now - timedelta(**{unit: age})
            except OverflowError:
                raise RecordMalformed(f"{name} is too large") from None
    return at or now
