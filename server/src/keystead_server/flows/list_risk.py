"""Who is at risk, and by what: over the whole organisation, as far back as risk is remembered.

Whom to look at is searched in the newest rows of both logs, step by step and up to a bound: a list for people to look
through. What is then said of each of them, as every decision about them, is from all that there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.ids import AttemptId, EventId, TenantId, UserId
from keystead_server.domain.sign_in import Purpose
from keystead_server.domain.user import User
from keystead_server.flows.detect_risk import MAX_ROWS, DetectRisk, trace_of
from keystead_server.flows.risk_signals import user_of
from keystead_server.policy.risk.detections import detect
from keystead_server.policy.risk.levels import LOOK_BACK, Risk
from keystead_server.policy.risk.signals import Signal
from keystead_server.policy.risk.traces import Trace
from keystead_server.ports.clock import Clock
from keystead_server.ports.log_queries import AuditQuery, SignInQuery
from keystead_server.ports.store import Store

BATCH = 1000
# What was said is rare among the lines of the audit log, and a confirmation is not forgotten by itself: looked for
# farther back than what the sign-in log shows, of which every row costs.
MAX_LINES, MAX_SIGN_INS = 20 * BATCH, 5 * BATCH


@dataclass(frozen=True, slots=True)
class RiskyUser:
    """Attributes:
    insider: what counts as their insider risk; None where they are none.
    updated_at: of the newest thing that was found or said.
    """

    user: User
    risk: Risk
    insider: Signal | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ListRisk:
    store: Store
    clock: Clock
    detect_risk: DetectRisk

    async def __call__(self, tenant: TenantId) -> Sequence[RiskyUser]:
        """Everybody whom something was found or said about, by id; those dismissed too."""
        search = self.begin(tenant)
        while not search.is_done:
            await search.step()
        found = [await self.of(tenant, one) for one in search.people()]
        return [one for one in found if one is not None]

    def begin(self, tenant: TenantId) -> "RiskSearch":
        """Look for those people by and by, so that others are served between two steps."""
        return RiskSearch(self.store, self.detect_risk, tenant, self.clock.now() - LOOK_BACK)

    async def of(self, tenant: TenantId, one: UserId) -> RiskyUser | None:
        """One person; None where there is nobody, or nothing was ever found or said."""
        user = await self.store.users.get(tenant, one)
        if user is None:
            return None
        risk, insider = await self.detect_risk.person(tenant, one), await self.detect_risk.insider(tenant, one)
        moments = [each.at for each in risk.because]
        moments += [one for one in (risk.dismissed_at, risk.remediated_at) if one is not None]
        moments += [insider.at] if insider is not None else []
        return RiskyUser(user, risk, insider, max(moments)) if moments else None


class RiskSearch:
    """Whom something may have been found or said about."""

    def __init__(self, store: Store, detect_risk: DetectRisk, tenant: TenantId, since: datetime) -> None:
        self._store, self._detect_risk, self._tenant, self._since = store, detect_risk, tenant, since
        self._said: set[UserId] = set()
        self._traces: dict[UserId, list[Trace]] = {}
        self._line: EventId | None = None
        self._row: tuple[datetime, AttemptId] | None = None
        self._lines_left, self._rows_left = MAX_LINES, MAX_SIGN_INS

    @property
    def is_done(self) -> bool:
        return not (self._lines_left or self._rows_left)

    def people(self) -> Sequence[UserId]:
        """Those found so far, by id."""
        # Rows come newest first, and detections look at them in order of time.
        suspect = {one for one, traces in self._traces.items() if detect(traces[MAX_ROWS - 1 :: -1])}
        return sorted(self._said | suspect)

    async def step(self) -> None:
        if self._lines_left:
            await self._read_lines()
        elif self._rows_left:
            await self._read_sign_ins()

    async def _read_lines(self) -> None:
        rows = await self._store.logs.audit_events(self._tenant, AuditQuery(BATCH, after=self._line))
        self._said.update(one for row in rows if (one := user_of(row.event)) is not None)
        self._lines_left = 0 if len(rows) < BATCH else self._lines_left - BATCH
        if rows:
            self._line = rows[-1].event.id

    async def _read_sign_ins(self) -> None:
        query = SignInQuery(BATCH, since=self._since, after=self._row)
        rows = [row.attempt for row in await self._store.logs.sign_ins(self._tenant, query)]
        for row in rows:
            if row.user_id is not None and row.purpose is Purpose.SIGN_IN:
                self._traces.setdefault(row.user_id, []).append(trace_of(row, self._detect_risk.geo_ip))
        self._rows_left = 0 if len(rows) < BATCH else self._rows_left - BATCH
        if rows:
            self._row = rows[-1].at, rows[-1].id
