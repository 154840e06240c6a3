"""Every sign-in there can be, as far as a set of policies can tell them apart.

A policy is a box: on each side (whom, what, client, platform, place, device, risks, flow) it lets some
values through. So values that let the same policies through are one class, and a question about all
sign-ins is a search over classes: exact, and without trying a sign-in twice.

What text a device filter looks for stands for itself, for all of them joined, and for its absence.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

from keystead_server.policy.access.applying import for_what, for_whom, from_where
from keystead_server.policy.access.compiled import EVERY, Compiled, numbers
from keystead_server.policy.access.conditions import device_match
from keystead_server.policy.access.facts import Address, AppFacts, DeviceFacts, Facts, Person
from keystead_server.policy.access.filters.lint import comparisons
from keystead_server.policy.access.match import Match
from keystead_server.policy.access.scope import applications_match
from keystead_server.policy.access.vocabulary import (
    ClientApp,
    InsiderRisk,
    Platform,
    RiskLevel,
    TransferMethod,
    UserAction,
)

MAX_DEVICES = 20_000
OTHER_APP = AppFacts("an app that no policy names")
OTHER_COUNTRY = "ZZ"


@dataclass(frozen=True, slots=True)
class Class:
    """Sign-ins that differ in nothing that a policy asks on one side.

    Attributes:
        facts: one of them, as changes to a sign-in.
        mask: the policies that it lets through.
    """

    facts: dict[str, Any]
    mask: int


Side = tuple[Class, ...]


class Universe:
    """All sign-ins of *people* at *apps*, and at apps that nobody named.

    Attributes:
        is_complete: no side had to be cut short.
    """

    def __init__(self, compiled: Compiled, people: Iterable[Person], apps: Sequence[AppFacts], now: datetime) -> None:
        self._compiled = compiled
        self._plain = Facts(
            now=now,
            who=Person(""),
            client=ClientApp.BROWSER,
            platform=None,
            address=None,
            country=None,
            device=None,
            sign_in_risk=RiskLevel.NONE,
            user_risk=RiskLevel.NONE,
            workload_risk=RiskLevel.NONE,
            insider_risk=InsiderRisk.NONE,
            flow=None,
            authenticated_at=now,
        )
        devices = list(_devices(compiled))
        self.is_complete = len(devices) <= MAX_DEVICES
        self.people = self._side("who", people)
        self.apps = self._targets([{"apps": (app,)} for app in _all_apps(compiled, apps)])
        self.actions = {action: self._targets([{"action": action}]) for action in UserAction}
        self.contexts = {
            one: self._targets([{"contexts": frozenset({one})}]) for one in compiled.targets.contexts.table
        }
        self._rest: tuple[Side, ...] = (
            self._places(),
            _distinct(self._of_device(device) for device in devices[:MAX_DEVICES]),
            _values("client", compiled.clients.of, ClientApp),
            _distinct(Class({"platform": one}, compiled.platforms.table[one]) for one in (None, *Platform)),
            _values("sign_in_risk", compiled.sign_in_risks.of, (RiskLevel.NONE, *_TOLD)),
            _values("user_risk", compiled.user_risks.of, (RiskLevel.NONE, *_TOLD)),
            _values("workload_risk", compiled.workload_risks.of, (RiskLevel.NONE,)),
            _values("insider_risk", compiled.insider_risks.of, InsiderRisk),
            _values("flow", compiled.flows.of, (None, *TransferMethod)),
        )

    def find(self, targets: Side, *, among: int, all_of: int = 0, none_of: int = 0) -> Facts | None:
        """Return a sign-in at *targets* to which all of *all_of* apply and none of *none_of*, or None: there is none.

        *among* are the policies that count at all.
        """
        # People before the rest: they leave few policies, of which the rest is then soon seen through.
        sides = (targets, self.people, *self._rest)
        chosen = _search(sides, 0, among, all_of, none_of, set())
        if chosen is None:
            return None
        facts = self._plain
        for one in chosen:
            facts = replace(facts, **one.facts)
        return facts

    def plain(self, person: Person) -> Facts:
        """An ordinary sign-in of *person* at an app that nobody named."""
        return replace(self._plain, who=person, apps=(OTHER_APP,))

    def mask_of(self, person: Person) -> int:
        """The policies that are for *person*."""
        return for_whom(self._compiled, replace(self._plain, who=person), False)

    def _side(self, name: str, values: Iterable[Person]) -> Side:
        return _distinct(Class({name: one}, self.mask_of(one)) for one in values)

    def _targets(self, each: Iterable[dict[str, Any]]) -> Side:
        return _distinct(Class(changes, self._covering(replace(self._plain, **changes))) for changes in each)

    def _covering(self, facts: Facts) -> int:
        compiled = self._compiled
        mask = for_what(compiled, facts) & ~compiled.targets.filtered
        for number in numbers(compiled.targets.filtered):
            if applications_match(compiled.policies[number].conditions.applications, facts) is not Match.NO:
                mask |= 1 << number
        return mask

    def _places(self) -> Side:
        compiled = self._compiled
        addresses: tuple[Address | None, ...] = (None, *compiled.places.representatives())
        countries = (None, *sorted(compiled.places.countries()), OTHER_COUNTRY)
        each: Iterator[dict[str, Any]] = (
            {"address": address, "country": country} for address, country in product(addresses, countries)
        )
        return _distinct(
            Class(changes, from_where(compiled, replace(self._plain, **changes), False)) for changes in each
        )

    def _of_device(self, device: DeviceFacts | None) -> Class:
        facts = replace(self._plain, device=device)
        mask = EVERY
        for number in numbers(self._compiled.device_filtered):
            filter_ = self._compiled.policies[number].conditions.device_filter
            if filter_ is not None and device_match(filter_, facts) is Match.NO:
                mask &= ~(1 << number)
        return Class({"device": device}, mask)


_TOLD = (RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH)


def _search(
    sides: tuple[Side, ...], at: int, left: int, all_of: int, none_of: int, dead: set[tuple[int, int]]
) -> list[Class] | None:
    """Choose a class of each side so that what all of them let through is as wanted.

    What is let through only shrinks, so a branch ends as soon as one of *all_of* is lost, and one that
    was followed from the same remainder is not followed again.
    """
    if left & all_of != all_of or (at, left) in dead:
        return None
    if at == len(sides):
        return [] if not left & none_of else None
    for one in sides[at]:
        rest = _search(sides, at + 1, left & one.mask & (all_of | none_of), all_of, none_of, dead)
        if rest is not None:
            return [one, *rest]
    dead.add((at, left))
    return None


def _distinct(classes: Iterable[Class]) -> Side:
    kept: dict[int, Class] = {}
    for one in classes:
        kept.setdefault(one.mask, one)
    return tuple(kept.values())


def _values(name: str, of: Any, values: Iterable[Hashable]) -> Side:
    return _distinct(Class({name: value}, of(value, False)) for value in values)


def _all_apps(compiled: Compiled, apps: Sequence[AppFacts]) -> list[AppFacts]:
    known = {app.id for app in apps}
    named = (AppFacts(one) for one in compiled.targets.apps.table if one not in known)
    return [*apps, *named, OTHER_APP]


def _devices(compiled: Compiled) -> Iterator[DeviceFacts | None]:
    """None, and every registered device that filters could tell apart."""
    yield None
    mentioned: dict[str, dict[str, None]] = {"iscompliant": {"true": None}, "trusttype": {"serverad": None}}
    for number in numbers(compiled.device_filtered):
        filter_ = compiled.policies[number].conditions.device_filter
        for comparison in comparisons(filter_.rule.expression) if filter_ is not None else ():
            mentioned.setdefault(comparison.attribute, {}).update(dict.fromkeys(comparison.values))
    names = list(mentioned)
    for count, values in enumerate(product(*(_texts(tuple(mentioned[name])) for name in names))):
        if count > MAX_DEVICES:
            return
        yield DeviceFacts({name: value for name, value in zip(names, values, strict=True) if value is not None})


def _texts(literals: tuple[str, ...]) -> tuple[str | None, ...]:
    joined = ("".join(literals),) if len(literals) > 1 else ()
    return (None, *literals, *joined, "something else")
