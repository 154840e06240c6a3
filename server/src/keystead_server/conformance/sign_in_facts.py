"""A Graph `evaluate` body, and beside it what a directory would know → the facts of a sign-in.

Facts may stand in `signInIdentity`, `signInContext`, `signInConditions`, beside them in `signIn`, or beside
that in the record; names in any case. What is not said is what an ordinary sign-in has: no risk, no
special flow, a browser, a device that is not registered, an address in no country.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, TypeVar
from uuid import UUID

from keystead_server.conformance.record import RecordMalformed, moment
from keystead_server.domain.passkey import Proof
from keystead_server.policy.access.controls import ControlKind
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

_Word = TypeVar("_Word", bound=StrEnum)
_NESTED = ("signInConditions", "signInIdentity", "signInContext", "facts", "directory", "user")
_ACTIONS = {
    "registersecurityinformation": UserAction.REGISTER_SECURITY_INFO,
    "registersecurityinfo": UserAction.REGISTER_SECURITY_INFO,
    "registerorjoindevices": UserAction.REGISTER_DEVICE,
    "registerdevice": UserAction.REGISTER_DEVICE,
    **{action.value: action for action in UserAction},
}
_MODES = {
    "passkey": MethodMode.FIDO2,
    "temporaryaccesspass": MethodMode.PASS_ONE_TIME,
    "windowshello": MethodMode.WINDOWS_HELLO,
    # Said of a second factor that nobody describes: it is one, and no strength's but the plainest.
    "mfa": MethodMode.FEDERATED_MULTI_FACTOR,
    **{mode.value.casefold(): mode for mode in MethodMode},
}
_TRUST = {
    "entraid": "AzureAD",
    "azure ad joined": "AzureAD",
    "hybrid azure ad joined": "ServerAD",
    "azure ad registered": "Workplace",
}
_AGES = {"sessionAgeHours": "hours", "sessionAgeMinutes": "minutes", "sessionAgeSeconds": "seconds"}
_NOT_ATTRIBUTES = frozenset({"@odata.type", "isregistered", "registered", "extensionattributes"})


class Said:
    """What is said of a sign-in, wherever it stands."""

    def __init__(self, sign_in: Mapping[str, Any], record: Mapping[str, object]) -> None:
        nested = [sign_in.get(name) for name in _NESTED]
        sources = [*(one for one in nested if isinstance(one, dict)), sign_in, record]
        self._members: dict[str, Any] = {}
        for source in reversed(sources):
            self._members |= {name.casefold(): value for name, value in source.items() if value is not None}

    def find(self, *names: str) -> Any:
        """What is said under the first of *names* that says anything, or None."""
        return next((found for name in names if (found := self._members.get(name.casefold())) is not None), None)

    def text(self, *names: str) -> str | None:
        value = self.find(*names)
        if value is not None and not isinstance(value, str):
            raise RecordMalformed(f"{names[0]} is not text")
        return value or None

    def ids(self, *names: str) -> frozenset[str]:
        return frozenset(_folded(one) for one in self.list(*names))

    def list(self, *names: str) -> list[Any]:
        value = self.find(*names)
        if isinstance(value, str | dict):
            return [value]
        if value is not None and not isinstance(value, list):
            raise RecordMalformed(f"{names[0]} is not a list")
        return value or []

    def word(self, kind: type[_Word], *names: str) -> _Word | None:
        """A member of an enumeration, in any case; None where nothing, or nothing in particular, is said."""
        text = self.text(*names)
        if text is None or text.casefold() in ("unknown", "unknownfuturevalue", "all", ""):
            return None
        found = next((member for member in kind if member.value.casefold() == text.casefold()), None)
        if found is None and text.casefold() != "none":
            raise RecordMalformed(f"{names[0]}: {text!r} is not one of: {', '.join(kind)}")
        return found

    def at(self, *names: str) -> datetime | None:
        return moment({names[0]: self.find(*names)}, names[0])


def _folded(value: object) -> str:
    """Ids as policies have them once they are read."""
    if isinstance(value, dict):
        value = value.get("id") or value.get("appId")
    if not isinstance(value, str):
        raise RecordMalformed("an id is not text")
    try:
        return str(UUID(value))
    except ValueError:
        return value


def read_facts(sign_in: Mapping[str, Any], record: Mapping[str, object], clock: Callable[[], datetime]) -> Facts:
    """The facts of one sign-in; *clock* is asked only where `now` is absent.

    Raises:
        RecordMalformed: something that is said cannot be.
    """
    said = Said(sign_in, record)
    now = said.at("now") or clock()
    flow = said.find("authenticationFlow")
    done = frozenset(str(one) for one in said.list("controlsSatisfied", "methodsSatisfied") if isinstance(one, str))
    return Facts(
        now=now,
        who=_who(said),
        apps=tuple(_apps(said)),
        action=_action(said),
        contexts=frozenset(one.casefold() for one in said.ids("authenticationContextValue", "authenticationContexts")),
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
        flow=Said(flow if isinstance(flow, dict) else {}, {"transferMethod": said.find("transferMethod")}).word(
            TransferMethod, "transferMethod"
        ),
        methods=tuple(_methods(said, now)),
        authenticated_at=_authenticated_at(said, now),
        bound=said.find("sessionBound") is not False,
        password_changed=ControlKind.PASSWORD_CHANGE in done or said.find("passwordChanged") is True,
        risk_remediated=ControlKind.RISK_REMEDIATION in done,
        approved_app=ControlKind.APPROVED_APP in done,
        protected_app=ControlKind.COMPLIANT_APP in done,
        accepted_terms=said.ids("termsOfUseAccepted", "acceptedTermsOfUse"),
        custom_factors=said.ids("customAuthenticationFactorsSatisfied"),
    )


def _who(said: Said) -> Person | Workload:
    workload = said.text("servicePrincipalId")
    if workload is not None:
        own = said.find("isSingleTenant", "ownedByTenant")
        return Workload(_folded(workload), own is not False, _attributes(said.find("servicePrincipalAttributes")))
    user = said.text("userId", "id")
    if user is None:
        raise RecordMalformed("signIn names neither userId nor servicePrincipalId")
    return Person(
        id=_folded(user),
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
        named = _folded(app)
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
            frozenset(one.list("policyOids", "policyOid")),
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
