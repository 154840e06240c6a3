"""Policies → index, made once when they change.

Every policy is a bit. For each fact that a condition can ask about there is a table from its value to
the policies that it lets through, so that what applies to a sign-in is the conjunction of a dozen
integers, however many policies there are. Only filters are left to be asked one by one, of the few
policies that everything else lets through.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from keystead_server.policy.access.controls import NO_SESSION_CONTROLS, ControlKind, GrantControls, SessionControls
from keystead_server.policy.access.locations import NamedLocation, Places
from keystead_server.policy.access.model import (
    NO_IDS,
    Conditions,
    Excluded,
    Guests,
    Locations,
    Policy,
    Users,
    Workloads,
)
from keystead_server.policy.access.session import Session
from keystead_server.policy.access.suites import suites_of
from keystead_server.policy.access.vocabulary import (
    ALL,
    ALL_TRUSTED,
    GUESTS,
    NONE,
    OWN_SERVICE_PRINCIPALS,
    ClientApp,
    Platform,
    State,
    Unknown,
    UserAction,
)
from keystead_server.policy.strengths.model import BUILT_IN, Strength

_Value = TypeVar("_Value", bound=Hashable)
_Demand = TypeVar("_Demand", bound=Hashable)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All that decisions of one organisation depend on.

    Attributes:
        break_glass: ids of the accounts that no policy is for, so that nobody can lock out everybody.
        terms: ids of the terms of use that can be accepted here.
    """

    policies: tuple[Policy, ...] = ()
    locations: tuple[NamedLocation, ...] = ()
    strengths: Mapping[str, Strength] = field(default_factory=dict)
    break_glass: frozenset[str] = frozenset()
    terms: frozenset[str] = frozenset()

    @property
    def all_strengths(self) -> Mapping[str, Strength]:
        """Those of the set and, under their ids always, those built in."""
        return {**self.strengths, **BUILT_IN}


MAX_MERGED = 1024

EVERY = -1
"""All bits, however many there are."""
Pairs = Iterable[tuple[Iterable[str], Iterable[str]]]


class Named:
    """Policies that include or exclude somebody or something by id."""

    def __init__(self, pairs: Pairs) -> None:
        self.table: dict[str, tuple[int, int]] = {}
        for number, (include, exclude) in enumerate(pairs):
            for one in include:
                self._add(one, 1 << number, 0)
            for one in exclude:
                self._add(one, 0, 1 << number)

    def _add(self, one: str, include: int, exclude: int) -> None:
        before = self.table.get(one, (0, 0))
        self.table[one] = before[0] | include, before[1] | exclude

    def of(self, one: str) -> tuple[int, int]:
        return self.table.get(one, (0, 0))

    def take(self, one: str) -> tuple[int, int]:
        """Of a word that is no id, such as `All`, which no id can then be mistaken for."""
        return self.table.pop(one, (0, 0))

    def any(self) -> tuple[int, int]:
        """Of all ids that are named at all."""
        return union(include for include, _ in self.table.values()), union(
            exclude for _, exclude in self.table.values()
        )


class ByValue(Generic[_Value]):
    """Policies that a value of one fact lets through."""

    def __init__(self, policies: Iterable[Policy], chosen: Callable[[Policy], frozenset[_Value] | None]) -> None:
        kept = list(policies)
        self.unconfigured = _bits(kept, lambda policy: chosen(policy) is None)
        values = {value for policy in kept for value in chosen(policy) or ()}
        self.table = {
            value: self.unconfigured | _bits(kept, lambda policy, value=value: value in (chosen(policy) or ()))  # type: ignore[misc]
            for value in values
        }

    def of(self, value: _Value | Unknown | None, surely: bool) -> int:
        """Those that *value* lets through; of one that nobody knows, those it surely does, or may."""
        if isinstance(value, Unknown):
            return self.unconfigured if surely else EVERY
        return self.unconfigured if value is None else self.table.get(value, self.unconfigured)


@dataclass(frozen=True, slots=True)
class GuestRule:
    guests: Guests
    include: int
    exclude: int


class People:
    """Whom policies are for."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        # A policy that names service principals is about them alone.
        users = [Users() if p.conditions.workloads is not None else p.conditions.users for p in policies]
        self.users = Named((one.include, one.exclude) for one in users)
        self.groups = Named((one.include_groups, one.exclude_groups) for one in users)
        self.roles = Named((one.include_roles, one.exclude_roles) for one in users)
        self.all, _ = self.users.take(ALL)
        self.users.take(NONE)
        self.guests = self.users.take(GUESTS)
        self.any_group, self.any_role = self.groups.any(), self.roles.any()
        self.guest_rules = tuple(_guest_rules(users))
        self.until_user: dict[str, list[tuple[datetime, int]]] = {}
        self.until_group: dict[str, list[tuple[datetime, int]]] = {}
        for number, one in enumerate(users):
            for spared in one.until:
                table = self.until_user if spared.kind is Excluded.USER else self.until_group
                table.setdefault(spared.id, []).append((spared.until, 1 << number))


def _guest_rules(users: Iterable[Users]) -> Iterable[GuestRule]:
    for number, one in enumerate(users):
        if one.include_guests is not None:
            yield GuestRule(one.include_guests, 1 << number, 0)
        if one.exclude_guests is not None:
            yield GuestRule(one.exclude_guests, 0, 1 << number)


class Services:
    """Which service principals policies are for."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        workloads = [policy.conditions.workloads or Workloads() for policy in policies]
        self.named = Named((one.include, one.exclude) for one in workloads)
        self.own, _ = self.named.take(OWN_SERVICE_PRINCIPALS)
        self.filters = tuple(
            (one.filter, 1 << number) for number, one in enumerate(workloads) if one.filter is not None
        )


class Targets:
    """What policies protect."""

    def __init__(self, policies: list[Policy]) -> None:
        applications = [policy.conditions.applications for policy in policies]
        self.apps = Named((one.include, one.exclude) for one in applications)
        self.all, _ = self.apps.take(ALL)
        self.apps.take(NONE)
        self.contexts = Named((one.contexts, ()) for one in applications)
        self.filtered = _bits(policies, lambda p: p.conditions.applications.filter is not None)
        self.with_action = _bits(policies, lambda p: bool(p.conditions.applications.actions))
        self.actions = {
            action: self.all | _bits(policies, lambda p, action=action: action in p.conditions.applications.actions)  # type: ignore[misc]
            for action in UserAction
        }

    def of_app(self, app_id: str, suites: frozenset[str]) -> tuple[int, int]:
        include, exclude = self.apps.of(app_id)
        for suite in suites | suites_of(app_id):
            more = self.apps.of(suite)
            include, exclude = include | more[0], exclude | more[1]
        return include | self.all, exclude


class PlacesOfPolicies:
    """Where policies are for."""

    def __init__(self, policies: list[Policy], places: Places) -> None:
        self.unconfigured = _bits(policies, lambda p: p.conditions.locations is None)
        locations = [policy.conditions.locations or Locations(NO_IDS) for policy in policies]
        self.named = Named((one.include, one.exclude) for one in locations)
        self.all, self.nowhere = self.named.take(ALL)
        self.trusted = self.named.take(ALL_TRUSTED)
        dangling = [masks for one, masks in self.named.table.items() if one not in places.ids]
        self.dangling = union(include for include, _ in dangling), union(exclude for _, exclude in dangling)
        self.by_address = self._all_of(places.by_address)
        self.by_country = self._all_of(places.by_country)

    def _all_of(self, ids: frozenset[str]) -> tuple[int, int]:
        found = [self.named.of(one) for one in ids]
        return union(include for include, _ in found), union(exclude for _, exclude in found)


def _asks_about_risk(conditions: Conditions) -> bool:
    return bool(conditions.sign_in_risks or conditions.user_risks or conditions.insider_risks)


class PlatformsOfPolicies:
    """Which platforms policies are for: with each, and with one that nobody recognises."""

    def __init__(self, policies: list[Policy]) -> None:
        self.table: dict[Platform | None, int] = {
            platform: _bits(policies, lambda p, platform=platform: _is_for(p, platform))  # type: ignore[misc]
            for platform in (*Platform, None)
        }
        self.surely = self.table[None]
        for mask in self.table.values():
            self.surely &= mask
        self.possibly = union(self.table.values())


def _is_for(policy: Policy, platform: Platform | None) -> bool:
    platforms = policy.conditions.platforms
    if platforms is None:
        return True
    if platforms.exclude is None or platform in platforms.exclude:
        return False
    return platforms.include is None or platform in platforms.include


class Compiled:
    """An organisation's policies, ready to decide. Made once; never changed.

    Attributes:
        merged: what sessions come to under some of `sessions` together, by their positions: few of the many
            there could be are ever met.
    """

    def __init__(self, policy_set: PolicySet) -> None:
        policies = list(policy_set.policies)
        self.set = policy_set
        self.policies = policy_set.policies
        self.strengths = policy_set.all_strengths
        self.places = Places(policy_set.locations)
        self.enabled = _bits(policies, lambda p: p.state is State.ENABLED)
        self.observed = _bits(policies, lambda p: p.state is State.REPORT_ONLY)
        self.live = self.enabled | self.observed
        self.blocking = _bits(policies, lambda p: p.blocks)
        self.with_strength = _bits(policies, lambda p: p.grant is not None and p.grant.asks(ControlKind.STRENGTH))
        self.people = People(policies)
        self.services = Services(policies)
        self.targets = Targets(policies)
        self.locations = PlacesOfPolicies(policies, self.places)
        self.platforms = PlatformsOfPolicies(policies)
        self.clients = ByValue(policies, _clients)
        self.sign_in_risks = ByValue(policies, lambda p: p.conditions.sign_in_risks)
        self.user_risks = ByValue(policies, lambda p: p.conditions.user_risks)
        # Whose risk must be found out before anything is decided: finding it out costs a query.
        self.asks_about_risk = bool(self.live & _bits(policies, lambda p: _asks_about_risk(p.conditions)))
        self.workload_risks = ByValue(policies, lambda p: p.conditions.workload_risks)
        self.insider_risks = ByValue(policies, lambda p: p.conditions.insider_risks)
        self.flows = ByValue(policies, lambda p: p.conditions.flows)
        self.device_filtered = _bits(policies, lambda p: p.conditions.device_filter is not None)
        # Many policies ask for the same: each distinct demand is looked at once for each decision.
        self.grants: tuple[tuple[GrantControls, int], ...] = _distinct(policies, lambda p: p.grant)
        # What somebody has accepted is read only where it is asked about.
        self.asks_for_terms = any(
            grant.asks(ControlKind.TERMS_OF_USE) for grant, mask in self.grants if mask & self.live
        )
        self.sessions: tuple[tuple[SessionControls, int], ...] = _distinct(
            policies, lambda p: None if p.session == NO_SESSION_CONTROLS else p.session
        )
        self.merged: dict[tuple[int, ...], Session] = {}
        self.is_enforced = [policy.state is State.ENABLED for policy in policies]
        self.grant_of = _positions(len(policies), self.grants)
        self.session_of = _positions(len(policies), self.sessions)
        self.with_grant = union(mask for _, mask in self.grants)
        self.with_session = union(mask for _, mask in self.sessions)

    def chosen(self, mask: int) -> tuple[Policy, ...]:
        """The policies of *mask*, in their order."""
        return tuple(self.policies[number] for number in numbers(mask))


def numbers(mask: int) -> Iterable[int]:
    """Which bits of *mask* are set, lowest first."""
    # Found in its digits: to take the lowest bit off a number of 5,000 copies it three times.
    digits = bin(mask)[:1:-1]
    found = digits.find("1")
    while found >= 0:
        yield found
        found = digits.find("1", found + 1)


def _clients(policy: Policy) -> frozenset[ClientApp] | None:
    """`easSupported` is an older word for clients that speak Exchange ActiveSync."""
    clients = policy.conditions.clients
    if clients is not None and ClientApp.EAS_SUPPORTED in clients:
        return clients | {ClientApp.EXCHANGE_ACTIVE_SYNC}
    return clients


def _bits(policies: Iterable[Policy], holds: Callable[[Policy], bool]) -> int:
    return sum(1 << number for number, policy in enumerate(policies) if holds(policy))


def union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _distinct(
    policies: Iterable[Policy], demand: Callable[[Policy], _Demand | None]
) -> tuple[tuple[_Demand, int], ...]:
    masks: dict[_Demand, int] = {}
    for number, policy in enumerate(policies):
        wanted = demand(policy)
        if wanted is not None:
            masks[wanted] = masks.get(wanted, 0) | 1 << number
    return tuple(masks.items())


def _positions(count: int, demands: tuple[tuple[object, int], ...]) -> list[int]:
    positions = [-1] * count
    for position, (_, mask) in enumerate(demands):
        for number in numbers(mask):
            positions[number] = position
    return positions
