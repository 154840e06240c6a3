"""A policy as one sentence: "When … try to … from … then …".

The same words stand in the editor, beside a policy in a list, in the log and at the command line. Ids are
shown by the names they have now; an id without a name stands as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keystead_server.policy.access.model import (
    Applications,
    Conditions,
    ExpiringExclusion,
    Filter,
    Guests,
    Locations,
    Platforms,
    Policy,
    Users,
    Workloads,
)
from keystead_server.policy.access.names import NO_NAMES, Names, listed
from keystead_server.policy.access.vocabulary import (
    ALL,
    GUESTS,
    NONE,
    FilterMode,
    GuestType,
    Platform,
    State,
)
from keystead_server.policy.access.words_asked import grant_words, session_words
from keystead_server.policy.access.words_given import CLIENT_WORDS, FLOW_WORDS, PLATFORM_WORDS


@dataclass(frozen=True, slots=True)
class Sentence:
    """The parts of a policy's sentence, so that a page can set them apart.

    Attributes:
        when, tries: whom it is about, and what they try to do.
        alone: it is about one person and nobody else.
        given: the other conditions, each a phrase; empty for always.
        then: what it asks for.
        effect: what its state makes of that; empty when it is enforced.
    """

    when: str
    tries: str
    given: tuple[str, ...]
    then: str
    effect: str = ""
    alone: bool = False

    def __str__(self) -> str:
        try_to = "tries to" if self.alone else "try to"
        return f"When {' '.join([self.when, try_to, self.tries, *self.given])}, then {self.then}.{self.effect}"


def sentence(policy: Policy, names: Names = NO_NAMES) -> Sentence:
    conditions = policy.conditions
    who = _workloads(conditions.workloads, names) if conditions.workloads else _users(conditions.users, names)
    then = listed([*grant_words(policy.grant, names), *session_words(policy.session)])
    return Sentence(
        who,
        _what(conditions.applications, names),
        tuple(_given(conditions, names)),
        then,
        _EFFECTS[policy.state],
        alone=conditions.workloads is None and _is_one(conditions.users),
    )


_EFFECTS = {
    State.ENABLED: "",
    State.REPORT_ONLY: " It is only reported, not enforced.",
    State.DISABLED: " It is switched off.",
}


# -- whom ---------------------------------------------------------------------------------------------


def _users(users: Users, names: Names) -> str:
    included = [
        *sorted(map(names.of, users.include)),
        *_of("members of", users.include_groups, names),
        *_of("holders of the role", users.include_roles, names),
        *([_guests(users.include_guests)] if users.include_guests else []),
    ]
    excluded = [
        *sorted(map(names.of, users.exclude)),
        *_of("members of", users.exclude_groups, names),
        *_of("holders of the role", users.exclude_roles, names),
        *([_guests(users.exclude_guests)] if users.exclude_guests else []),
        *(_until(one, names) for one in users.until),
    ]
    return (listed(included) or "no people") + _but(excluded)


def _is_one(users: Users) -> bool:
    others = users.include_groups or users.include_roles or users.include_guests
    return len(users.include) == 1 and not others and not users.include & {ALL, NONE, GUESTS}


def _of(what: str, ids: frozenset[str], names: Names) -> Iterator[str]:
    if ids:
        yield f"{what} {names.listed(ids, last='or')}"


def _until(one: ExpiringExclusion, names: Names) -> str:
    return f"{names.of(one.id)} until {one.until:%Y-%m-%d} ({one.because})"


def _but(excluded: list[str]) -> str:
    return f" (but not {listed(excluded, last='or')})" if excluded else ""


GUEST_WORDS = {
    GuestType.INTERNAL_GUEST: "internal guests",
    GuestType.B2B_COLLABORATION_GUEST: "invited guests",
    GuestType.B2B_COLLABORATION_MEMBER: "invited members",
    GuestType.B2B_DIRECT_CONNECT: "people of connected organisations",
    GuestType.OTHER_EXTERNAL: "other people from outside",
    GuestType.SERVICE_PROVIDER: "service providers",
}


def _guests(guests: Guests) -> str:
    kinds = listed(words for kind, words in GUEST_WORDS.items() if kind in guests.types)
    return kinds if guests.tenants is None else f"{kinds} of {listed(sorted(guests.tenants))}"


def _workloads(workloads: Workloads, names: Names) -> str:
    included = [*sorted(map(names.of, workloads.include)), *_filtered(workloads.filter, "service principals")]
    return listed(included) + _but(sorted(map(names.of, workloads.exclude)))


# -- what ---------------------------------------------------------------------------------------------


def _what(applications: Applications, names: Names) -> str:
    if applications.actions:
        return names.listed(applications.actions, last="or")
    if applications.contexts:
        return f"reach what {listed(sorted(applications.contexts), last='or')} protects"
    included = ["anything" if one == ALL else names.of(one) for one in sorted(applications.include)]
    if applications.include == {NONE} or not included:
        included = [] if applications.filter else ["nothing"]
    mode = applications.filter.mode if applications.filter else None
    filtered = list(_filtered(applications.filter, "apps"))
    excluded = sorted(map(names.of, applications.exclude)) + (filtered if mode is FilterMode.EXCLUDE else [])
    included += filtered if mode is FilterMode.INCLUDE else []
    return f"reach {listed(included, last='or')}{_but(excluded)}"


def _filtered(filter_: Filter | None, things: str) -> Iterator[str]:
    if filter_ is not None:
        yield f"{things} with {filter_.rule.text}"


# -- given ----------------------------------------------------------------------------------------------


def _given(conditions: Conditions, names: Names) -> Iterator[str]:
    if conditions.locations is not None:
        yield _where(conditions.locations, names)
    if conditions.clients is not None:
        yield f"with {listed((words for app, words in CLIENT_WORDS.items() if app in conditions.clients), last='or')}"
    if conditions.platforms is not None:
        yield _platforms(conditions.platforms)
    if conditions.device_filter is not None:
        negated = "" if conditions.device_filter.mode is FilterMode.INCLUDE else "not "
        yield f"on a device that does {negated}match {conditions.device_filter.rule.text}"
    for words, levels in (
        ("at sign-in risk", conditions.sign_in_risks),
        ("at user risk", conditions.user_risks),
        ("at service principal risk", conditions.workload_risks),
        ("at insider risk", conditions.insider_risks),
    ):
        if levels is not None:
            yield f"{words} {listed(sorted(levels), last='or')}"
    if conditions.flows is not None:
        yield f"by {listed((words for flow, words in FLOW_WORDS.items() if flow in conditions.flows), last='or')}"


def _where(locations: Locations, names: Names) -> str:
    included = "anywhere" if ALL in locations.include else names.listed(locations.include, last="or")
    excluded = sorted("anywhere" if one == ALL else names.of(one) for one in locations.exclude)
    return f"from {included}{_but(excluded)}"


def _platforms(platforms: Platforms) -> str:
    def named(chosen: frozenset[Platform] | None) -> list[str]:
        return ["any platform"] if chosen is None else [name for one, name in PLATFORM_WORDS.items() if one in chosen]

    return f"on {listed(named(platforms.include), last='or')}{_but(named(platforms.exclude))}"
