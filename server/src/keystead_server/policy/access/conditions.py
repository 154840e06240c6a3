"""One policy's conditions, one by one, each in words.

The slow and plain reading of what `applying` does with masks: every condition says whether it
matched and why, also where an earlier one has settled the matter.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from keystead_server.policy.access.facts import DeviceFacts, Facts, Person, Workload
from keystead_server.policy.access.filters.matching import device_matches
from keystead_server.policy.access.locations import Places
from keystead_server.policy.access.match import Match, any_of
from keystead_server.policy.access.model import (
    Applications,
    Conditions,
    Excluded,
    Filter,
    Locations,
    Platforms,
    Users,
)
from keystead_server.policy.access.scope import applications_match, included, person_match, workload_match
from keystead_server.policy.access.vocabulary import (
    ALL,
    ALL_TRUSTED,
    ClientApp,
    FilterMode,
    Platform,
    RiskLevel,
    Unknown,
)
from keystead_server.policy.access.words_given import CLIENT_WORDS, FLOW_WORDS, PLATFORM_WORDS

_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True, slots=True)
class Condition:
    """Attributes:
    name: of the property in Graph's `conditions`.
    reason: Graph's `whatIfAnalysisReasons` when it is this that does not match.
    says: what was asked and what was found, in words.
    """

    name: str
    match: Match
    reason: str
    says: str


def conditions_of(
    conditions: Conditions, facts: Facts, places: Places, break_glass: frozenset[str]
) -> tuple[Condition, ...]:
    """Every condition of a policy; those that are not configured are left out, whom and what never are."""
    return (
        _who(conditions, facts, break_glass),
        _what(conditions.applications, facts),
        *_clients(conditions, facts),
        *_platforms(conditions, facts),
        *_locations(conditions, facts, places),
        *_devices(conditions, facts),
        *_risks(conditions, facts),
        *_flows(conditions, facts),
    )


# -- whom ---------------------------------------------------------------------------------------------


def _who(conditions: Conditions, facts: Facts, break_glass: frozenset[str]) -> Condition:
    if isinstance(facts.who, Workload):
        match = workload_match(conditions.workloads, facts.who)
        return Condition("clientApplications", match, "workloadIdentities", _WHO_WORDS[match])
    if facts.who.id in break_glass:
        return Condition("users", Match.NO, "users", "a break-glass account: no policy is for it")
    if conditions.workloads is not None:
        return Condition("users", Match.NO, "users", "it is for service principals, not for people")
    match = person_match(conditions.users, facts.who, facts)
    return Condition("users", match, "users", _person_words(conditions.users, facts.who, facts, match))


_WHO_WORDS = {
    Match.YES: "it is for this service principal",
    Match.NO: "it is not for this service principal",
    Match.UNKNOWN: "whether it is for this service principal cannot be told",
}


def _person_words(users: Users, person: Person, facts: Facts, match: Match) -> str:
    if match is Match.UNKNOWN:
        return "which groups, roles or organisation the person belongs to is not known"
    if included(users, person) is not Match.YES:
        return "it includes neither the person nor a group, role or kind of guest of theirs"
    if match is Match.YES:
        return "it includes " + _how_named(users.include, users.include_groups, users.include_roles, person)
    spared = [one for one in users.until if facts.now < one.until and _names(one.kind, one.id, person)]
    if spared:
        return f"spared until {spared[0].until.isoformat()}: {spared[0].because}"
    return "it excludes " + _how_named(users.exclude, users.exclude_groups, users.exclude_roles, person)


def _names(kind: Excluded, named: str, person: Person) -> bool:
    if kind is Excluded.USER:
        return named == person.id
    return not isinstance(person.groups, Unknown) and named in person.groups


def _how_named(ids: frozenset[str], groups: frozenset[str], roles: frozenset[str], person: Person) -> str:
    if person.id in ids:
        return "the person by name"
    if ALL in ids:
        return "everybody"
    if not isinstance(person.groups, Unknown) and (common := groups & person.groups):
        return f"the group {min(common)}"
    if not isinstance(person.roles, Unknown) and (common := roles & person.roles):
        return f"the role {min(common)}"
    return "guests of this kind"


# -- what ---------------------------------------------------------------------------------------------


def _what(applications: Applications, facts: Facts) -> Condition:
    match = applications_match(applications, facts)
    reason = "application"
    if facts.action is not None and not facts.apps:
        reason = "userActions"
    elif facts.contexts and not facts.apps:
        reason = "authenticationContext"
    return Condition("applications", match, reason, _what_words(applications, facts, match))


def _what_words(applications: Applications, facts: Facts, match: Match) -> str:
    sought = ", ".join([*(app.id for app in facts.apps), *([facts.action] if facts.action else []), *facts.contexts])
    sought = sought or "nothing in particular"
    if match is Match.UNKNOWN:
        return f"the attributes of {sought}, which a filter asks for, are not known"
    if match is Match.YES:
        return f"it covers {sought}"
    named = any(not ({app.id} | app.suites).isdisjoint(applications.exclude) for app in facts.apps)
    return f"it {'excludes' if named else 'does not cover'} {sought}"


# -- from where, with what ------------------------------------------------------------------------------


def _clients(conditions: Conditions, facts: Facts) -> Iterator[Condition]:
    wanted = conditions.clients
    if wanted is not None:
        if ClientApp.EAS_SUPPORTED in wanted:
            wanted |= {ClientApp.EXCHANGE_ACTIVE_SYNC}
        yield _chosen("clientAppTypes", "clientApps", "the client", wanted, facts.client, CLIENT_WORDS)


def _platforms(conditions: Conditions, facts: Facts) -> Iterator[Condition]:
    platforms = conditions.platforms
    if platforms is None:
        return
    if isinstance(facts.platform, Unknown):
        every = {_platform_match(platforms, one) for one in (*Platform, None)}
        match = every.pop() if len(every) == 1 else Match.UNKNOWN
    else:
        match = _platform_match(platforms, facts.platform)
    found = "not known" if isinstance(facts.platform, Unknown) else "not recognised"
    if isinstance(facts.platform, Platform):
        found = PLATFORM_WORDS[facts.platform]
    yield Condition("platforms", match, "devicePlatform", f"the platform is {found}")


def _platform_match(platforms: Platforms, platform: Platform | None) -> Match:
    included = platforms.include is None or platform in platforms.include
    excluded = platforms.exclude is None or platform in platforms.exclude
    return Match.of(included and not excluded)


def _locations(conditions: Conditions, facts: Facts, places: Places) -> Iterator[Condition]:
    if conditions.locations is not None:
        match = locations_match(conditions.locations, facts, places)
        yield Condition("locations", match, "location", _where_words(facts))


def locations_match(locations: Locations, facts: Facts, places: Places) -> Match:
    included = any_of(_in_place(one, facts, places) for one in locations.include)
    return included.but_not(any_of(_in_place(one, facts, places) for one in locations.exclude))


def _in_place(location: str, facts: Facts, places: Places) -> Match:
    if location == ALL:
        return Match.YES
    if location == ALL_TRUSTED:
        if facts.trusted:
            return Match.YES
        return any_of(_in_place(one, facts, places) for one in places.trusted)
    if location in places.by_country:
        if isinstance(facts.country, Unknown):
            return Match.UNKNOWN
        return Match.of(location in places.of_country(facts.country))
    if location not in places.by_address or isinstance(facts.address, Unknown):
        # A location that does not exist cannot be left either: whoever deleted it did not mean to open the door.
        return Match.UNKNOWN
    return Match.of(facts.address is not None and location in places.of_address(facts.address))


def _where_words(facts: Facts) -> str:
    address = "is not known" if isinstance(facts.address, Unknown) else facts.address or "is missing"
    country = "the country not known" if isinstance(facts.country, Unknown) else f"the country {facts.country}"
    country = "in no country" if facts.country is None else country
    return f"the address {address}, {country}{', trusted' if facts.trusted else ''}"


def _devices(conditions: Conditions, facts: Facts) -> Iterator[Condition]:
    filter_ = conditions.device_filter
    if filter_ is None:
        return
    match = device_match(filter_, facts)
    if isinstance(facts.device, Unknown):
        says = "whether the device is registered is not known"
    else:
        hit = device_matches(filter_.rule, facts.device)
        kind = "the device is not registered, and" if facts.device is None else "the device is registered, and"
        effect = "means" if filter_.mode is FilterMode.INCLUDE else "spares"
        says = f"{kind} the filter, which {effect} what it matches, {'matches' if hit else 'does not match'} it"
    yield Condition("devices", match, "devices", says)


def device_match(filter_: Filter, facts: Facts) -> Match:
    device: DeviceFacts | Unknown | None = facts.device
    if isinstance(device, Unknown):
        return Match.UNKNOWN
    return Match.of(device_matches(filter_.rule, device) is (filter_.mode is FilterMode.INCLUDE))


def _risks(conditions: Conditions, facts: Facts) -> Iterator[Condition]:
    for name, reason, words, wanted, found in (
        ("signInRiskLevels", "signInRisk", "the sign-in's risk", conditions.sign_in_risks, facts.sign_in_risk),
        ("userRiskLevels", "userRisk", "the person's risk", conditions.user_risks, facts.user_risk),
        (
            "servicePrincipalRiskLevels",
            "workloadIdentities",
            "the service principal's risk",
            conditions.workload_risks,
            facts.workload_risk,
        ),
    ):
        if wanted is not None:
            # `hidden` says that there is a level and that it is not told.
            yield _chosen(name, reason, words, wanted, Unknown.UNKNOWN if found is RiskLevel.HIDDEN else found)
    if conditions.insider_risks is not None:
        yield _chosen(
            "insiderRiskLevels", "insiderRisk", "the insider risk", conditions.insider_risks, facts.insider_risk
        )


def _flows(conditions: Conditions, facts: Facts) -> Iterator[Condition]:
    if conditions.flows is not None:
        yield _chosen("authenticationFlows", "authenticationFlow", "the flow", conditions.flows, facts.flow, FLOW_WORDS)


def _chosen(
    name: str,
    reason: str,
    words: str,
    wanted: Iterable[_Word],
    found: _Word | Unknown | None,
    called: Mapping[_Word, str] | None = None,
) -> Condition:
    if isinstance(found, Unknown):
        return Condition(name, Match.UNKNOWN, reason, f"{words} is not known")
    kept, named = frozenset(wanted), called or {}
    asked = ", ".join(sorted(named.get(one, one) for one in kept))
    is_found = "an ordinary one" if found is None else named.get(found, found)
    return Condition(name, Match.of(found in kept), reason, f"{words} is {is_found}; asked for: {asked}")
