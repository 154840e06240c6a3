"""The `conditions` of Graph's policy: whom, what and when it is about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from keystead_server.policy.access.filters.subjects import APPLICATION, DEVICE, SERVICE_PRINCIPAL, Subject
from keystead_server.policy.access.filters.syntax import FilterMalformed, parse
from keystead_server.policy.access.model import (
    Applications,
    Conditions,
    Excluded,
    ExpiringExclusion,
    Filter,
    Guests,
    Locations,
    Platforms,
    Users,
    Workloads,
)
from keystead_server.policy.access.vocabulary import (
    ADMIN_PORTALS,
    ALL,
    ALL_TRUSTED,
    GUESTS,
    NONE,
    OFFICE_365,
    OWN_SERVICE_PRINCIPALS,
    ClientApp,
    FilterMode,
    GuestType,
    InsiderRisk,
    Platform,
    RiskLevel,
    TransferMethod,
    UserAction,
)
from keystead_server.policy.loose import Members, is_void, malformed, refuse

_Word = TypeVar("_Word", RiskLevel, TransferMethod, InsiderRisk)
_CONTEXTS = frozenset(f"c{number}" for number in range(1, 100))
_EVERY_PLATFORM, _EVERY_CLIENT = "all", "all"
_NOT_HERE = "there is no such condition here; without it the policy would mean something else"
# What `deviceStates` said before there were device filters, in their words.
_STATES: Mapping[str, str] = {
    "compliant": "device.isCompliant -eq True",
    "domainjoined": 'device.trustType -eq "ServerAD"',
}


def read_conditions(policy: Members) -> Conditions:
    members = policy.object("conditions")
    if members is None:
        raise malformed("conditions must be an object", "conditions")
    conditions = Conditions(
        users=_users(members.object("users")),
        applications=_applications(members.object("applications")),
        workloads=_workloads(members.object("clientApplications")),
        clients=_clients(members),
        platforms=_platforms(members.object("platforms")),
        locations=_locations(members),
        device_filter=_device_filter(members),
        sign_in_risks=_risks(members, "signInRiskLevels"),
        user_risks=_risks(members, "userRiskLevels"),
        workload_risks=_risks(members, "servicePrincipalRiskLevels"),
        insider_risks=members.flags("insiderRiskLevels", InsiderRisk) or None,
        flows=_flows(members.object("authenticationFlows")),
    )
    refuse(("times", "clients", "agents", "agentIdRiskLevels"), members, _NOT_HERE)
    members.refuse_left()
    return conditions


def _users(members: Members | None) -> Users:
    if members is None:
        return Users()
    users = Users(
        include=members.ids("includeUsers", ALL, NONE, GUESTS),
        exclude=members.ids("excludeUsers", GUESTS),
        include_groups=members.ids("includeGroups"),
        exclude_groups=members.ids("excludeGroups"),
        include_roles=members.ids("includeRoles"),
        exclude_roles=members.ids("excludeRoles"),
        include_guests=_guests(members.object("includeGuestsOrExternalUsers")),
        exclude_guests=_guests(members.object("excludeGuestsOrExternalUsers")),
        until=tuple(
            _expiring(Members(item, f"{members.at('expiringExclusions')}[{number}]", members.notes))
            for number, item in enumerate(members.items("expiringExclusions"))
        ),
    )
    members.refuse_left()
    return users


def _expiring(members: Members) -> ExpiringExclusion:
    kind = members.word("type", Excluded) or Excluded.USER
    until: datetime | None = members.moment("until")
    one = members.id("id")
    if until is None or one is None:
        raise malformed("an expiring exclusion says who (id) and until when (until)", members.where)
    exclusion = ExpiringExclusion(kind, one, until, members.must_text("reason"))
    members.refuse_left()
    return exclusion


def _guests(members: Members | None) -> Guests | None:
    if members is None:
        return None
    types = members.flags("guestOrExternalUserTypes", GuestType)
    tenants = members.object("externalTenants")
    if not types:
        raise malformed("guestOrExternalUserTypes is empty", members.at("guestOrExternalUserTypes"))
    members.refuse_left()
    return Guests(types, _tenants(tenants))


def _tenants(members: Members | None) -> frozenset[str] | None:
    if members is None:
        return None
    kind = (members.text("membershipKind") or "").casefold()
    named = members.ids("members")
    members.refuse_left()
    if kind == "all" or (not kind and not named):
        return None
    if kind in ("enumerated", "") and named:
        return named
    raise malformed("membershipKind is all, or enumerated with members", members.where)


def _applications(members: Members | None) -> Applications:
    if members is None:
        return Applications()
    actions = members.words("includeUserActions", UserAction)
    contexts = frozenset(text.casefold() for text in members.texts("includeAuthenticationContextClassReferences"))
    if not contexts <= _CONTEXTS:
        target = members.at("includeAuthenticationContextClassReferences")
        raise malformed("authentication contexts are called c1 to c99", target)
    applications = Applications(
        include=members.ids("includeApplications", ALL, NONE, OFFICE_365, ADMIN_PORTALS),
        exclude=members.ids("excludeApplications", OFFICE_365, ADMIN_PORTALS),
        actions=frozenset(action for action in actions if isinstance(action, UserAction)),
        contexts=contexts,
        filter=_filter(members.object("applicationFilter"), APPLICATION),
    )
    refuse(("networkAccess", "globalSecureAccess"), members, _NOT_HERE)
    members.refuse_left()
    return applications


def _workloads(members: Members | None) -> Workloads | None:
    if members is None:
        return None
    workloads = Workloads(
        include=members.ids("includeServicePrincipals", OWN_SERVICE_PRINCIPALS),
        exclude=members.ids("excludeServicePrincipals"),
        filter=_filter(members.object("servicePrincipalFilter"), SERVICE_PRINCIPAL),
    )
    agents = ("includeAgentIdServicePrincipals", "excludeAgentIdServicePrincipals", "agentIdServicePrincipalFilter")
    refuse(agents, members, "name agents by their service principals")
    members.refuse_left()
    return workloads


def _clients(members: Members) -> frozenset[ClientApp] | None:
    words = members.words("clientAppTypes", ClientApp, _EVERY_CLIENT)
    if _EVERY_CLIENT in words or not words:
        return None
    return frozenset(word for word in words if isinstance(word, ClientApp))


def _platforms(members: Members | None) -> Platforms | None:
    if members is None:
        return None
    include = members.words("includePlatforms", Platform, _EVERY_PLATFORM)
    exclude = members.words("excludePlatforms", Platform, _EVERY_PLATFORM)
    members.refuse_left()
    if not include:
        members.notes.add(members.at("includePlatforms"), "nothing is included; read as all")
    return Platforms(
        include=None if _EVERY_PLATFORM in include or not include else _only_platforms(include),
        exclude=None if _EVERY_PLATFORM in exclude else _only_platforms(exclude),
    )


def _only_platforms(words: list[Platform | str]) -> frozenset[Platform]:
    return frozenset(word for word in words if isinstance(word, Platform))


def _locations(conditions: Members) -> Locations | None:
    members = conditions.object("locations")
    if members is None:
        return None
    include = members.ids("includeLocations", ALL, ALL_TRUSTED)
    exclude = members.ids("excludeLocations", ALL, ALL_TRUSTED)
    members.refuse_left()
    if not include:
        members.notes.add(members.at("includeLocations"), "nothing is included; read as All")
    return Locations(include or frozenset({ALL}), exclude)


def _filter(members: Members | None, subject: Subject) -> Filter | None:
    if members is None:
        return None
    mode, text = members.word("mode", FilterMode), members.text("rule")
    members.refuse_left()
    if mode is None:
        raise malformed("mode must be include or exclude", members.at("mode"))
    if text is None:
        raise malformed("rule must be text", members.at("rule"))
    try:
        return Filter(mode, parse(text, subject))
    except FilterMalformed as error:
        error.target = members.at("rule")
        raise


def _device_filter(conditions: Members) -> Filter | None:
    states = conditions.object("deviceStates")
    devices = conditions.object("devices")
    found = None
    if devices is not None:
        found = _filter(devices.object("deviceFilter"), DEVICE)
        if found is not None and states is not None:
            raise malformed("devices and deviceStates stand there together", "conditions.deviceStates")
        states = states or _states_in(devices)
        refuse(("includeDevices", "excludeDevices"), devices, _NOT_HERE)
        devices.refuse_left()
    return found if states is None else _filter_of_states(states)


def _states_in(devices: Members) -> Members | None:
    """The older form, two lists in `devices` itself."""
    names = {"includeStates": "includeDeviceStates", "excludeStates": "excludeDeviceStates"}
    body: dict[str, Any] = {short: devices.take(long) for short, long in names.items()}
    return None if is_void(body) else Members(body, devices.where, devices.notes)


def _filter_of_states(members: Members) -> Filter | None:
    include = {text.casefold() for text in members.texts("includeStates")}
    exclude = [text.casefold() for text in members.texts("excludeStates")]
    members.refuse_left()
    if not include <= {"all"} or not all(state in _STATES for state in exclude):
        raise malformed("device states are All to include, Compliant and DomainJoined to exclude", members.where)
    if not exclude:
        return None
    text = " -or ".join(rule for state, rule in _STATES.items() if state in exclude)
    members.notes.add(members.where, f"read as a device filter that excludes: {text}")
    return Filter(FilterMode.EXCLUDE, parse(text, DEVICE))


def _risks(members: Members, name: str) -> frozenset[RiskLevel] | None:
    words = members.words(name, RiskLevel)
    return frozenset(word for word in words if isinstance(word, RiskLevel)) or None


def _flows(members: Members | None) -> frozenset[TransferMethod] | None:
    if members is None:
        return None
    flows = members.flags("transferMethods", TransferMethod)
    members.refuse_left()
    return flows or None
