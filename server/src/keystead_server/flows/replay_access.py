"""Foresee what a change of Conditional Access does, from the sign-ins of the last days. Changes nothing.

ReplayAccess    the whole at once, or begun
Replaying       one that is done step by step, so that whoever runs it can do something else between
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from keystead_server.domain.ids import AttemptId, GroupId, TenantId, UserId
from keystead_server.flows.access_facts import person_of
from keystead_server.flows.logged_sign_ins import Reader
from keystead_server.flows.policies import AccessPolicies, AccessVersion
from keystead_server.flows.risk_signals import everybodys_signals
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.facts import Person
from keystead_server.policy.access.replay import Effect, Replay
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.people import Subject
from keystead_server.policy.risk.signals import Signal
from keystead_server.ports.clock import Clock
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.log_queries import SignInQuery
from keystead_server.ports.store import Store

BATCH = 1000
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Attributes:
    names: usernames of those who are affected, by id.
    left_out: sign-ins of people who are not there any more.
    """

    since: datetime
    until: datetime
    effect: Effect
    names: dict[str, str]
    left_out: int


def switched_on(policy_set: PolicySet, ids: Iterable[str] | None = None) -> PolicySet:
    """*policy_set* as if its report-only policies (of *ids*) were enforced."""
    wanted = None if ids is None else frozenset(ids)

    def on(is_observed: bool, policy_id: str) -> bool:
        return is_observed and (wanted is None or policy_id in wanted)

    return replace(
        policy_set,
        policies=tuple(
            replace(one, state=State.ENABLED) if on(one.state is State.REPORT_ONLY, one.id) else one
            for one in policy_set.policies
        ),
    )


@dataclass(frozen=True, slots=True)
class ReplayAccess:
    store: Store
    clock: Clock
    geo_ip: GeoIp
    access: AccessPolicies

    async def __call__(
        self, tenant: TenantId, after: PolicySet, *, days: int, progress: Progress | None = None
    ) -> Foreseen:
        """Hold *after* against what is in force now, over the sign-ins of the last *days*.

        Args:
            progress: told now and then which part, from 0 to 1, is done.
        """
        replaying = await self.begin(tenant, after, days=days)
        while not replaying.is_done:
            await replaying.step()
            if progress is not None:
                progress(replaying.part)
        return replaying.outcome()

    async def begin(self, tenant: TenantId, after: PolicySet, *, days: int, at_most: int | None = None) -> "Replaying":
        """The same, to be done by and by; what is in force now stays what *after* is held against.

        Args:
            at_most: rows of the log that are looked at, the newest; `Foreseen.since` says how far that went.
        """
        until = self.clock.now()
        now = await self.access.now(tenant, until)
        since = until - timedelta(days=days)
        return Replaying(self.store, self.geo_ip, tenant, now, after, since, until, at_most)


class Replaying:
    """Attributes:
    part: how much is done, from 0 to 1.
    """

    def __init__(
        self,
        store: Store,
        geo_ip: GeoIp,
        tenant: TenantId,
        now: AccessVersion,
        after: PolicySet,
        since: datetime,
        until: datetime,
        at_most: int | None = None,
    ) -> None:
        self._store, self._tenant, self._since, self._until = store, tenant, since, until
        then = Compiled(after)
        self._replay = Replay(now.compiled, then)
        self._people: dict[str, Person] = {}
        self._usernames: dict[str, str] = {}
        self._asks_about_risk = now.compiled.asks_about_risk or then.asks_about_risk
        self._signals: dict[str, list[Signal]] = {}
        self._reader = Reader(geo_ip, self._people, self._asks_about_risk, self._signals)
        self._groups_named = sorted(_groups_named((now.rules.set, after)))
        self._groups: dict[UserId, set[GroupId]] | None = None
        self._last_person: UserId | None = None
        self._knows_everybody = False
        self._last_row: tuple[datetime, AttemptId] | None = None
        self._to_look_back = at_most
        self.is_done = False
        self.part = 0.0

    async def step(self, limit: int = BATCH) -> None:
        """Go on by *limit* people or sign-ins: first everybody is read, then the log."""
        if self._to_look_back is not None:
            await self._look_back(min(limit, self._to_look_back), self._to_look_back)
        elif not self._knows_everybody:
            await self._meet(limit)
        elif not self.is_done:
            await self._read(limit)

    def outcome(self) -> Foreseen:
        effect = self._replay.effect()
        affected = {one.person for each in effect.affected.values() for one in each}
        names = {one: self._usernames[one] for one in affected}
        return Foreseen(self._since, self._until, effect, names, self._reader.left_out)

    async def _look_back(self, limit: int, left: int) -> None:
        """Find where to begin, if there are more rows than are to be looked at."""
        query = SignInQuery(limit, since=self._since, until=self._until, after=self._last_row)
        rows = [row.attempt for row in await self._store.logs.sign_ins(self._tenant, query)]
        self._to_look_back = left - limit
        if rows:
            self._last_row = rows[-1].at, rows[-1].id
        if len(rows) < limit:
            self._to_look_back = self._last_row = None
        elif self._to_look_back == 0:
            self._since, self._to_look_back, self._last_row = rows[-1].at, None, None

    async def _meet(self, limit: int) -> None:
        """Everybody's name, and everybody as policy sees them."""
        if self._groups is None:
            self._groups = await self._members()
        batch = await self._store.users.page(self._tenant, limit=limit, after=self._last_person)
        for user in batch:
            groups = frozenset(self._groups.get(user.id, ()))
            self._usernames[user.id] = user.username
            self._people[user.id] = person_of(Subject.of(user, groups))
        if batch:
            self._last_person = batch[-1].id
        else:
            if self._asks_about_risk:
                self._signals.update(await everybodys_signals(self._store, self._tenant))
            self._knows_everybody = True

    async def _members(self) -> dict[UserId, set[GroupId]]:
        """Who is in which of the groups that either side names; no others are asked for."""
        groups: dict[UserId, set[GroupId]] = {}
        for named in self._groups_named:
            for member in await self._store.groups.members(self._tenant, GroupId(named)):
                groups.setdefault(member.id, set()).add(GroupId(named))
        return groups

    async def _read(self, limit: int) -> None:
        query = SignInQuery(limit, newest_first=False, since=self._since, until=self._until, after=self._last_row)
        rows = [row.attempt for row in await self._store.logs.sign_ins(self._tenant, query)]
        if not rows:
            self.is_done, self.part = True, 1.0
            return
        self._replay.feed(filter(None, map(self._reader.read, rows)))
        self._last_row = rows[-1].at, rows[-1].id
        self.part = (rows[-1].at - self._since) / (self._until - self._since)


def _groups_named(sets: Iterable[PolicySet]) -> frozenset[str]:
    named: set[str] = set()
    for one in sets:
        for policy in one.policies:
            users = policy.conditions.users
            named |= users.include_groups | users.exclude_groups | {spared.id for spared in users.until}
    return frozenset(named)
