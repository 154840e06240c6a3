"""Facts → which policies apply, as a mask over the compiled set.

Asked in one of two ways about what nobody could establish. Live, a policy applies unless a condition
surely does not match: include what may match, exclude only what surely does. Early, before anybody
has proved anything, only what surely applies counts.
"""

from dataclasses import dataclass

from keystead_server.policy.access.compiled import EVERY, Compiled, GuestRule, Named, numbers
from keystead_server.policy.access.conditions import device_match
from keystead_server.policy.access.facts import Facts, Person, Workload
from keystead_server.policy.access.filters.matching import attributes_match
from keystead_server.policy.access.match import Match
from keystead_server.policy.access.scope import applications_match, is_guest
from keystead_server.policy.access.vocabulary import FilterMode, RiskLevel, Unknown


def applying(compiled: Compiled, facts: Facts, *, surely: bool = False) -> int:
    """The policies, enabled or report-only, that apply."""
    mask = compiled.live & for_whom(compiled, facts, surely)
    if not mask:
        return 0
    mask &= for_what(compiled, facts)
    mask &= compiled.clients.of(facts.client, surely)
    mask &= _platform(compiled, facts, surely)
    mask &= compiled.sign_in_risks.of(_risk(facts.sign_in_risk), surely)
    mask &= compiled.user_risks.of(_risk(facts.user_risk), surely)
    mask &= compiled.workload_risks.of(_risk(facts.workload_risk), surely)
    mask &= compiled.insider_risks.of(facts.insider_risk, surely)
    mask &= compiled.flows.of(facts.flow, surely)
    if mask & ~compiled.locations.unconfigured:
        mask &= from_where(compiled, facts, surely)
    return _filtered(compiled, facts, mask, surely)


def _risk(level: RiskLevel | Unknown) -> RiskLevel | Unknown:
    # `hidden` says that there is a level and that it is not told.
    return Unknown.UNKNOWN if level is RiskLevel.HIDDEN else level


@dataclass(slots=True)
class _Chosen:
    """Included and excluded so far; what is not known goes to the side that *surely* leaves it."""

    surely: bool
    include: int = 0
    exclude: int = 0

    def add(self, masks: tuple[int, int]) -> None:
        self.include |= masks[0]
        self.exclude |= masks[1]

    def perhaps(self, masks: tuple[int, int]) -> None:
        if self.surely:
            self.exclude |= masks[1]
        else:
            self.include |= masks[0]

    @property
    def mask(self) -> int:
        return self.include & ~self.exclude


def for_whom(compiled: Compiled, facts: Facts, surely: bool) -> int:
    if isinstance(facts.who, Workload):
        return _workload(compiled, facts.who, surely)
    if facts.who.id in compiled.set.break_glass:
        return 0
    return _person(compiled, facts, facts.who, surely)


def _person(compiled: Compiled, facts: Facts, person: Person, surely: bool) -> int:
    people = compiled.people
    chosen = _Chosen(surely, people.all)
    chosen.add(people.users.of(person.id))
    _add_each(chosen, people.groups, person.groups, people.any_group)
    _add_each(chosen, people.roles, person.roles, people.any_role)
    if person.guest is not None:
        _guest(chosen, compiled, person)
    _spared_for_now(chosen, compiled, facts, person)
    return chosen.mask


def _add_each(chosen: _Chosen, named: Named, ids: frozenset[str] | Unknown, every: tuple[int, int]) -> None:
    if isinstance(ids, Unknown):
        chosen.perhaps(every)
        return
    for one in ids & named.table.keys():
        chosen.add(named.table[one])


def _guest(chosen: _Chosen, compiled: Compiled, person: Person) -> None:
    if isinstance(person.guest, Unknown):
        chosen.perhaps(compiled.people.guests)
    else:
        chosen.add(compiled.people.guests)
    for rule in compiled.people.guest_rules:
        _guest_rule(chosen, rule, person)


def _guest_rule(chosen: _Chosen, rule: GuestRule, person: Person) -> None:
    match is_guest(rule.guests, person):
        case Match.YES:
            chosen.add((rule.include, rule.exclude))
        case Match.UNKNOWN:
            chosen.perhaps((rule.include, rule.exclude))
        case Match.NO:
            pass


def _spared_for_now(chosen: _Chosen, compiled: Compiled, facts: Facts, person: Person) -> None:
    people = compiled.people
    for until, mask in people.until_user.get(person.id, ()):
        if facts.now < until:
            chosen.exclude |= mask
    if not people.until_group:
        return
    # Which groups they are in is not known: early, they may be in the one that is spared.
    unsure = isinstance(person.groups, Unknown)
    groups = people.until_group.keys() if isinstance(person.groups, Unknown) else person.groups
    for group in groups & people.until_group.keys():
        for until, mask in people.until_group[group]:
            if facts.now < until and (chosen.surely or not unsure):
                chosen.exclude |= mask


def _workload(compiled: Compiled, workload: Workload, surely: bool) -> int:
    services = compiled.services
    chosen = _Chosen(surely, services.own if workload.own else 0)
    chosen.add(services.named.of(workload.id))
    for filter_, mask in services.filters:
        masks = (mask, 0) if filter_.mode is FilterMode.INCLUDE else (0, mask)
        if isinstance(workload.attributes, Unknown):
            chosen.perhaps(masks)
        elif attributes_match(filter_.rule, workload.attributes):
            chosen.add(masks)
    return chosen.mask


def for_what(compiled: Compiled, facts: Facts) -> int:
    """What is reached for, and every policy that has an app filter: that is asked last."""
    targets = compiled.targets
    if not (facts.apps or facts.action or facts.contexts):
        # Signed in for nothing in particular: what protects everything protects this too.
        return targets.all | targets.filtered
    mask = targets.filtered
    for app in facts.apps:
        include, exclude = targets.of_app(app.id, app.suites)
        mask |= include & ~exclude
    if facts.action is not None:
        mask |= targets.actions[facts.action]
    for context in facts.contexts:
        mask |= targets.contexts.of(context)[0]
    return mask


def _platform(compiled: Compiled, facts: Facts, surely: bool) -> int:
    platforms = compiled.platforms
    if isinstance(facts.platform, Unknown):
        return platforms.surely if surely else platforms.possibly
    return platforms.table[facts.platform]


def from_where(compiled: Compiled, facts: Facts, surely: bool) -> int:
    locations, places = compiled.locations, compiled.places
    chosen = _Chosen(surely, locations.unconfigured | locations.all, locations.nowhere)
    chosen.perhaps(locations.dangling)
    trusted = Match.of(facts.trusted)
    if isinstance(facts.address, Unknown):
        chosen.perhaps(locations.by_address)
        if not facts.trusted and places.trusted:
            trusted = Match.UNKNOWN
    elif facts.address is not None:
        found = places.of_address(facts.address)
        for one in found:
            chosen.add(locations.named.of(one))
        trusted = Match.of(facts.trusted or not found.isdisjoint(places.trusted))
    if trusted is Match.YES:
        chosen.add(locations.trusted)
    elif trusted is Match.UNKNOWN:
        chosen.perhaps(locations.trusted)
    if isinstance(facts.country, Unknown):
        chosen.perhaps(locations.by_country)
    else:
        for one in places.of_country(facts.country):
            chosen.add(locations.named.of(one))
    return chosen.mask


def _filtered(compiled: Compiled, facts: Facts, mask: int, surely: bool) -> int:
    """Take out of *mask* the policies whose filters do not match; each distinct rule is asked once."""
    asked: dict[tuple[str, str], Match] = {}
    for number in numbers(mask & compiled.device_filtered):
        filter_ = compiled.policies[number].conditions.device_filter
        if filter_ is not None:
            key = filter_.mode, filter_.rule.text
            if key not in asked:
                asked[key] = device_match(filter_, facts)
            mask &= EVERY if _kept(asked[key], surely) else ~(1 << number)
    for number in numbers(mask & compiled.targets.filtered):
        match = applications_match(compiled.policies[number].conditions.applications, facts)
        mask &= EVERY if _kept(match, surely) else ~(1 << number)
    return mask


def _kept(match: Match, surely: bool) -> bool:
    return match is Match.YES or (match is Match.UNKNOWN and not surely)
