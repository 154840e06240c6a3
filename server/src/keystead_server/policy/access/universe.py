"""Every sign-in there can be, as far as a set of policies can tell them apart.

A policy is a box: on each side (whom, what, client, platform, place, device, risks, flow) it lets some
values through. So values that let the same policies through are one class, and a question about all
sign-ins is a search over classes: exact, and without trying a sign-in twice.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product
from typing import Any

from keystead_server.policy.access.applying import for_what, for_whom, from_where
from keystead_server.policy.access.classes import Class, Side, distinct, least, search
from keystead_server.policy.access.compiled import Compiled, numbers
from keystead_server.policy.access.device_classes import Devices, device_of
from keystead_server.policy.access.facts import Address, AppFacts, Facts, Person
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

OTHER_APP = AppFacts("an app that no policy names")
OTHER_COUNTRY = "ZZ"


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
        self._devices = Devices(compiled)
        self.is_complete = self._devices.is_complete
        self.people = self._side("who", people)
        self.apps = self._targets([{"apps": (app,)} for app in _all_apps(compiled, apps)])
        self.actions = {action: self._targets([{"action": action}]) for action in UserAction}
        self.contexts = {
            one: self._targets([{"contexts": frozenset({one})}]) for one in compiled.targets.contexts.table
        }
        self._asked_last: tuple[tuple[int, int], tuple[Side, ...]] | None = None
        self._rest: tuple[Side, ...] = (
            self._places(),
            _values("client", compiled.clients.of, ClientApp),
            distinct(Class({"platform": one}, compiled.platforms.table[one]) for one in (None, *Platform)),
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
        if all_of & ~among:
            return None
        none_of &= among
        sides = (least(targets, all_of, none_of), *self._worth_a_look(all_of, none_of))
        tried: set[tuple[tuple[int, ...], ...]] = set()
        for alternative in self._devices.alternatives:
            devices = [least(side, all_of, none_of) for side in alternative]
            masks = tuple(tuple(one.mask for one in side) for side in devices)
            if masks not in tried:
                tried.add(masks)
                chosen = search((*sides, *devices), none_of)
                if chosen is not None:
                    return self._described(chosen)
        return None

    def _worth_a_look(self, all_of: int, none_of: int) -> tuple[Side, ...]:
        """Everything but targets and devices; the same question is asked of many targets in turn."""
        if self._asked_last is None or self._asked_last[0] != (all_of, none_of):
            sides = tuple(least(side, all_of, none_of) for side in (self.people, *self._rest))
            self._asked_last = (all_of, none_of), sides
        return self._asked_last[1]

    def _described(self, chosen: Iterable[Class]) -> Facts:
        facts, devices = self._plain, []
        for one in chosen:
            if "device" in one.facts:
                devices.append(one)
            else:
                facts = replace(facts, **one.facts)
        return replace(facts, device=device_of(devices))

    def plain(self, person: Person) -> Facts:
        """An ordinary sign-in of *person* at an app that nobody named."""
        return replace(self._plain, who=person, apps=(OTHER_APP,))

    def mask_of(self, person: Person) -> int:
        """The policies that are for *person*."""
        return for_whom(self._compiled, replace(self._plain, who=person), False)

    def _side(self, name: str, values: Iterable[Person]) -> Side:
        return distinct(Class({name: one}, self.mask_of(one)) for one in values)

    def _targets(self, each: Iterable[dict[str, Any]]) -> Side:
        return distinct(Class(changes, self._covering(replace(self._plain, **changes))) for changes in each)

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
        return distinct(
            Class(changes, from_where(compiled, replace(self._plain, **changes), False)) for changes in each
        )


_TOLD = (RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH)


def _values(name: str, of: Any, values: Iterable[Hashable]) -> Side:
    return distinct(Class({name: value}, of(value, False)) for value in values)


def _all_apps(compiled: Compiled, apps: Sequence[AppFacts]) -> list[AppFacts]:
    known = {app.id for app in apps}
    named = (AppFacts(one) for one in compiled.targets.apps.table if one not in known)
    return [*apps, *named, OTHER_APP]
