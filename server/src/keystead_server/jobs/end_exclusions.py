"""Write down that an exclusion from a policy is over; the policy has applied again since its end, by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.ids import TenantId
from keystead_server.flows.auditing import audited
from keystead_server.flows.policies import AccessPolicies
from keystead_server.policy.access.model import ExpiringExclusion, Policy
from keystead_server.ports.changes import Add
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store

EVENT = "access_policy.exclusion_ended"
# A server that was off for longer has missed it: what ended is plain to see in the policy.
LOOK_BACK = timedelta(days=30)
_LINES = 1000


@dataclass(frozen=True, slots=True)
class EndExclusions:
    store: Store
    clock: Clock
    entropy: Entropy
    access: AccessPolicies

    async def __call__(self) -> int:
        """How many ended since this was asked last; each is written down once, under its policy."""
        now, ended = self.clock.now(), 0
        for tenant in await self.store.tenants.all():
            for policy, one in _over((await self.access.now(tenant.id, now)).rules.set.policies, now):
                if not await self._is_written(tenant.id, policy, one):
                    await self.store.write(self._line(tenant.id, policy, one, now))
                    ended += 1
        return ended

    async def _is_written(self, tenant: TenantId, policy: Policy, one: ExpiringExclusion) -> bool:
        lines = await self.store.logs.audit_of(tenant, policy.id, limit=_LINES)
        same = {"excluded": one.id, "until": one.until.isoformat()}
        return any(line.name == EVENT and same.items() <= line.detail.items() for line in lines)

    def _line(self, tenant: TenantId, policy: Policy, one: ExpiringExclusion, now: datetime) -> Add:
        return audited(
            self.entropy, EVENT, tenant=tenant, at=now, by=OPERATOR, target=policy.id,
            policy=policy.name, kind=one.kind.value, excluded=one.id, until=one.until.isoformat(), reason=one.because,
        )  # fmt: skip


def _over(policies: tuple[Policy, ...], now: datetime) -> Iterator[tuple[Policy, ExpiringExclusion]]:
    for policy in policies:
        for one in policy.conditions.users.until:
            if now - LOOK_BACK < one.until <= now:
                yield policy, one
