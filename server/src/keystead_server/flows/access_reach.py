"""How many people a policy is for: from whom it names, without reading everybody where that can be."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from keystead_server.domain.ids import GroupId, TenantId, UserId
from keystead_server.domain.user import User
from keystead_server.flows.access_facts import person_of
from keystead_server.policy.access.facts import Facts
from keystead_server.policy.access.match import Match
from keystead_server.policy.access.model import Users
from keystead_server.policy.access.scope import person_match
from keystead_server.policy.access.vocabulary import ALL, GUESTS
from keystead_server.policy.people import Subject
from keystead_server.ports.clock import Clock
from keystead_server.ports.store import Store

BATCH = 1000
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Reach:
    """Attributes:
    people: accounts that the policy is for.
    total: accounts there are.
    some: usernames of the first few of them; empty when it is for everybody but a few.
    spared: of a policy for everybody, the first few whom it is not for.
    """

    people: int
    total: int
    some: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessReach:
    store: Store
    clock: Clock

    async def __call__(self, tenant: TenantId, users: Users, *, break_glass: frozenset[str]) -> Reach:
        total = await self.store.users.count(tenant)
        members = await self._members(tenant, users)
        if ALL in users.include and not _asks_who_is_a_guest(users):
            # Everybody but those whom it names: of a hundred thousand, a handful is read.
            named = [one async for one in self._named(tenant, _excluded(users, break_glass), members)]
            spared = [one.username for one in named if not self._is_for(users, one, members, break_glass)]
            return Reach(total - len(spared), total, spared=tuple(sorted(spared)[:SHOWN]))
        scan = _asks_who_is_a_guest(users)
        asked = self._everybody(tenant) if scan else self._named(tenant, _included(users), members)
        meant = [one.username async for one in asked if self._is_for(users, one, members, break_glass)]
        return Reach(len(meant), total, some=tuple(sorted(meant)[:SHOWN]))

    def _is_for(self, users: Users, user: User, members: "_Members", break_glass: frozenset[str]) -> bool:
        if user.id in break_glass:
            return False
        person = person_of(Subject.of(user, members.groups_of(user.id)))
        return person_match(users, person, Facts(self.clock.now(), person)) is Match.YES

    async def _members(self, tenant: TenantId, users: Users) -> "_Members":
        """Of every group that *users* names; the others decide nothing."""
        named = sorted(_included(users).groups | _excluded(users, frozenset()).groups)
        found: dict[GroupId, dict[UserId, User]] = {}
        for one in map(GroupId, named):
            found[one] = {user.id: user for user in await self.store.groups.members(tenant, one)}
        return _Members(found)

    async def _everybody(self, tenant: TenantId) -> AsyncIterator[User]:
        after: UserId | None = None
        while batch := await self.store.users.page(tenant, limit=BATCH, after=after):
            for one in batch:
                yield one
            after = batch[-1].id

    async def _named(self, tenant: TenantId, named: "_Named", members: "_Members") -> AsyncIterator[User]:
        """Each once, whoever is still there."""
        by_id = [await self.store.users.get(tenant, UserId(one)) for one in sorted(named.users)]
        holders = await self.store.users.role_holders(tenant) if named.roles else ()
        seen: set[UserId] = set()
        for one in (*by_id, *members.of(named.groups), *holders):
            if one is not None and one.id not in seen:
                seen.add(one.id)
                yield one


@dataclass(frozen=True, slots=True)
class _Named:
    users: frozenset[str]
    groups: frozenset[str]
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Members:
    by_group: dict[GroupId, dict[UserId, User]]

    def of(self, groups: frozenset[str]) -> Iterable[User]:
        return (user for group, users in self.by_group.items() if group in groups for user in users.values())

    def groups_of(self, user: UserId) -> frozenset[GroupId]:
        return frozenset(group for group, users in self.by_group.items() if user in users)


def _included(users: Users) -> _Named:
    return _Named(users.include, users.include_groups, users.include_roles)


def _excluded(users: Users, break_glass: frozenset[str]) -> _Named:
    # Whether it is a person or a group, an id is given once: as the other it finds nobody.
    until = frozenset(one.id for one in users.until)
    return _Named(users.exclude | until | break_glass, users.exclude_groups | until, users.exclude_roles)


def _asks_who_is_a_guest(users: Users) -> bool:
    return bool(users.include_guests or users.exclude_guests or {GUESTS} & (users.include | users.exclude))
