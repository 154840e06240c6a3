"""Who is at risk, and by what: over the whole organisation, as far back as risk is remembered.

Read from the newest rows of both logs, up to a bound: a list for people to look through, while decisions about one
person always read what there is about them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.ids import TenantId, UserId
from keystead_server.domain.sign_in import Purpose
from keystead_server.domain.user import User
from keystead_server.flows.auditing import NEWEST, newest_lines
from keystead_server.flows.detect_risk import MAX_ROWS, DetectRisk, trace_of
from keystead_server.flows.risk_signals import user_of
from keystead_server.policy.risk.detections import detect
from keystead_server.policy.risk.levels import LOOK_BACK, Risk
from keystead_server.policy.risk.traces import Trace
from keystead_server.ports.clock import Clock
from keystead_server.ports.log_queries import SignInQuery
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class RiskyUser:
    """Attributes:
    updated_at: of the newest thing that was found or said.
    """

    user: User
    risk: Risk
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ListRisk:
    store: Store
    clock: Clock
    detect_risk: DetectRisk

    async def __call__(self, tenant: TenantId) -> Sequence[RiskyUser]:
        """Everybody whom something was found or said about, by id; those dismissed too."""
        since = self.clock.now() - LOOK_BACK
        people = {*await self._in_signals(tenant), *await self._in_sign_ins(tenant, since)}
        found = [await self.of(tenant, one) for one in sorted(people)]
        return [one for one in found if one is not None]

    async def of(self, tenant: TenantId, one: UserId) -> RiskyUser | None:
        """One person; None where there is nobody, or nothing was ever found or said."""
        user = await self.store.users.get(tenant, one)
        if user is None:
            return None
        risk = await self.detect_risk.person(tenant, one)
        moments = [each.at for each in risk.because]
        moments += [one for one in (risk.dismissed_at, risk.remediated_at) if one is not None]
        return RiskyUser(user, risk, max(moments)) if moments else None

    async def _in_signals(self, tenant: TenantId) -> Iterable[UserId]:
        """Whom anything was ever said about: a confirmation is not forgotten by itself."""
        return {one async for line in newest_lines(self.store, tenant) if (one := user_of(line)) is not None}

    async def _in_sign_ins(self, tenant: TenantId, since: datetime) -> Iterable[UserId]:
        rows = await self.store.logs.sign_ins(tenant, SignInQuery(NEWEST, since=since))
        traces: dict[UserId, list[Trace]] = {}
        for row in reversed(rows):
            attempt = row.attempt
            if attempt.user_id is not None and attempt.purpose is Purpose.SIGN_IN:
                traces.setdefault(attempt.user_id, []).append(trace_of(attempt, self.detect_risk.geo_ip))
        return [one for one, each in traces.items() if detect(each[-MAX_ROWS:])]
