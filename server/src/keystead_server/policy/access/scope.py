"""Whom a policy is for, and what it protects: yes, no, or not to be told.

Kept apart from `conditions`, because `applying` asks some of it too.
"""

from keystead_server.policy.access.facts import AppFacts, Facts, Person, Workload
from keystead_server.policy.access.filters.matching import attributes_match
from keystead_server.policy.access.match import Match, any_of
from keystead_server.policy.access.model import Applications, Excluded, Guests, Users, Workloads
from keystead_server.policy.access.suites import suites_of
from keystead_server.policy.access.vocabulary import ALL, GUESTS, OWN_SERVICE_PRINCIPALS, FilterMode, GuestType, Unknown


def person_match(users: Users, person: Person, facts: Facts) -> Match:
    return included(users, person).but_not(_excluded(users, person, facts))


def included(users: Users, person: Person) -> Match:
    return any_of(
        (
            Match.of(ALL in users.include or person.id in users.include),
            _legacy_guest(users.include, person),
            _meets(users.include_groups, person.groups),
            _meets(users.include_roles, person.roles),
            Match.NO if users.include_guests is None else is_guest(users.include_guests, person),
        )
    )


def _excluded(users: Users, person: Person, facts: Facts) -> Match:
    return any_of(
        (
            Match.of(person.id in users.exclude),
            _legacy_guest(users.exclude, person),
            _meets(users.exclude_groups, person.groups),
            _meets(users.exclude_roles, person.roles),
            Match.NO if users.exclude_guests is None else is_guest(users.exclude_guests, person),
            _spared_for_now(users, person, facts),
        )
    )


def _legacy_guest(named: frozenset[str], person: Person) -> Match:
    if GUESTS not in named or person.guest is None:
        return Match.NO
    return Match.UNKNOWN if isinstance(person.guest, Unknown) else Match.YES


def _meets(named: frozenset[str], theirs: frozenset[str] | Unknown) -> Match:
    if not named:
        return Match.NO
    return Match.UNKNOWN if isinstance(theirs, Unknown) else Match.of(not named.isdisjoint(theirs))


def is_guest(guests: Guests, person: Person) -> Match:
    """Whether *person* is one of *guests*."""
    if person.guest is None:
        return Match.NO
    if isinstance(person.guest, Unknown):
        return Match.UNKNOWN
    if person.guest not in guests.types:
        return Match.NO
    # An internal guest is at home here, so that no list of other organisations can name them.
    if guests.tenants is None or person.guest is GuestType.INTERNAL_GUEST:
        return Match.of(guests.tenants is None)
    return Match.UNKNOWN if person.home_tenant is None else Match.of(person.home_tenant in guests.tenants)


def _spared_for_now(users: Users, person: Person, facts: Facts) -> Match:
    current = [one for one in users.until if facts.now < one.until]
    by_id = any(one.kind is Excluded.USER and one.id == person.id for one in current)
    groups = frozenset(one.id for one in current if one.kind is Excluded.GROUP)
    return any_of((Match.of(by_id), _meets(groups, person.groups)))


def workload_match(workloads: Workloads | None, workload: Workload) -> Match:
    if workloads is None:
        return Match.NO
    named = workload.id in workloads.include or (OWN_SERVICE_PRINCIPALS in workloads.include and workload.own)
    included, excluded = Match.of(named), Match.of(workload.id in workloads.exclude)
    if workloads.filter is not None:
        filtered = (
            Match.UNKNOWN
            if isinstance(workload.attributes, Unknown)
            else Match.of(attributes_match(workloads.filter.rule, workload.attributes))
        )
        if workloads.filter.mode is FilterMode.INCLUDE:
            included = any_of((included, filtered))
        else:
            excluded = any_of((excluded, filtered))
    return included.but_not(excluded)


def applications_match(applications: Applications, facts: Facts) -> Match:
    """Whether what is reached for is protected: an app, an action, what a context protects, or nothing in particular."""
    if not (facts.apps or facts.action or facts.contexts):
        return Match.of(ALL in applications.include)
    return any_of(
        (
            *(_app_match(applications, app) for app in facts.apps),
            # All resources cover the actions: Graph's `evaluate` says so of its own example.
            Match.of(
                facts.action is not None and (ALL in applications.include or facts.action in applications.actions)
            ),
            Match.of(not applications.contexts.isdisjoint(facts.contexts)),
        )
    )


def _app_match(applications: Applications, app: AppFacts) -> Match:
    names = {app.id} | app.suites | suites_of(app.id)
    included = Match.of(ALL in applications.include or not names.isdisjoint(applications.include))
    excluded = Match.of(not names.isdisjoint(applications.exclude))
    if applications.filter is not None:
        filtered = (
            Match.UNKNOWN
            if isinstance(app.attributes, Unknown)
            else Match.of(attributes_match(applications.filter.rule, app.attributes))
        )
        if applications.filter.mode is FilterMode.INCLUDE:
            included = any_of((included, filtered))
        else:
            excluded = any_of((excluded, filtered))
    return included.but_not(excluded)
