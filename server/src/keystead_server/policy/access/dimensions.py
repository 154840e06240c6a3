"""What conditions ask about, one table each: whom policies are for, what they protect, from where and on what.

People       users, groups, roles and guests
Services     service principals
Targets      apps, user actions and authentication contexts
Places       named locations
Platforms    what devices run
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from keystead_server.policy.access.locations import Places
from keystead_server.policy.access.masks import Named, bits, union
from keystead_server.policy.access.model import NO_IDS, Excluded, Guests, Locations, Policy, Users, Workloads
from keystead_server.policy.access.suites import suites_of
from keystead_server.policy.access.vocabulary import (
    ALL,
    ALL_TRUSTED,
    GUESTS,
    NONE,
    OWN_SERVICE_PRINCIPALS,
    ClientApp,
    Platform,
    UserAction,
)


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
        self.filtered = bits(policies, lambda p: p.conditions.applications.filter is not None)
        self.with_action = bits(policies, lambda p: bool(p.conditions.applications.actions))
        self.actions = {
            action: self.all | bits(policies, lambda p, action=action: action in p.conditions.applications.actions)  # type: ignore[misc]
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
        self.unconfigured = bits(policies, lambda p: p.conditions.locations is None)
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


class PlatformsOfPolicies:
    """Which platforms policies are for: with each, and with one that nobody recognises."""

    def __init__(self, policies: list[Policy]) -> None:
        self.table: dict[Platform | None, int] = {
            platform: bits(policies, lambda p, platform=platform: _is_for(p, platform))  # type: ignore[misc]
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


def clients_of(policy: Policy) -> frozenset[ClientApp] | None:
    """`easSupported` is an older word for clients that speak Exchange ActiveSync."""
    clients = policy.conditions.clients
    if clients is not None and ClientApp.EAS_SUPPORTED in clients:
        return clients | {ClientApp.EXCHANGE_ACTIVE_SYNC}
    return clients
