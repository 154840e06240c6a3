"""Count from the sign-in log what each policy did, or being report-only would have done. Changes nothing.

The log has the ruling of that time, so this is what was, whatever the policies say now.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from keystead_server.domain.ids import AttemptId, TenantId
from keystead_server.domain.sign_in import Attempt
from keystead_server.flows.logged_sign_ins import was_judged
from keystead_server.flows.policies import AccessPolicies
from keystead_server.policy.access.impact import Impact, Kept, outcome_of
from keystead_server.ports.clock import Clock
from keystead_server.ports.log_queries import SignInQuery
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class AccessImpact:
    store: Store
    clock: Clock
    access: AccessPolicies

    async def begin(self, tenant: TenantId, *, hours: int, policy: str | None = None) -> "Counting":
        """Over the last *hours*; with *policy*, whose sign-ins it applied to as well."""
        until = self.clock.now()
        rules = (await self.access.now(tenant, until)).rules.set
        blocks = {one.id: one.blocks for one in rules.policies}
        return Counting(self.store, tenant, until - timedelta(hours=hours), until, blocks, policy)


class Counting:
    """Done step by step, so that whoever runs it can do something else between.

    Attributes:
        part: how much is done, from 0 to 1.
    """

    def __init__(
        self,
        store: Store,
        tenant: TenantId,
        since: datetime,
        until: datetime,
        blocks: Mapping[str, bool],
        policy: str | None,
    ) -> None:
        self._store, self._tenant, self._since, self._until = store, tenant, since, until
        self._blocks, self._policy = blocks, policy
        self._by_policy: dict[str, Kept] = {}
        self._sign_ins = 0
        self._last_row: tuple[datetime, AttemptId] | None = None
        self.is_done = False
        self.part = 0.0

    async def step(self, limit: int) -> None:
        query = SignInQuery(limit, newest_first=False, since=self._since, until=self._until, after=self._last_row)
        rows = [row.attempt for row in await self._store.logs.sign_ins(self._tenant, query)]
        if not rows:
            self.is_done, self.part = True, 1.0
            return
        for row in rows:
            self._count(row)
        self._last_row = rows[-1].at, rows[-1].id
        self.part = (rows[-1].at - self._since) / (self._until - self._since)

    def outcome(self) -> Impact:
        return Impact(self._since, self._until, self._sign_ins, self._by_policy)

    def _count(self, row: Attempt) -> None:
        self._sign_ins += row.access is not None or was_judged(row)
        if row.access is None:
            return
        for applied in row.access.policies:
            kept = self._by_policy.setdefault(applied.id, Kept(applied.name))
            kept.name = applied.name
            outcome = outcome_of(applied, row.access, blocks=self._blocks.get(applied.id))
            kept.counts[outcome] += 1
            if applied.id == self._policy and row.user_id is not None:
                kept.people.setdefault(outcome, Counter())[row.user_id] += 1
