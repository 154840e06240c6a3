"""How risky a sign-in and its person are, by the sign-in log and by what was said of the person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address

from keystead_server.domain.ids import TenantId, UserId
from keystead_server.domain.passkey import Proof
from keystead_server.domain.place import NOWHERE, Place
from keystead_server.domain.sign_in import Attempt, Purpose, Result
from keystead_server.domain.user_agent import system_of
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.risk_signals import signals_of
from keystead_server.policy.access.vocabulary import InsiderRisk
from keystead_server.policy.risk.detections import Detection, of_last
from keystead_server.policy.risk.levels import LOOK_BACK, Risk, can_be_remediated, highest, sign_in_risk, user_risk
from keystead_server.policy.risk.signals import Signal, insider_risk
from keystead_server.policy.risk.traces import Trace
from keystead_server.ports.clock import Clock
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.risk_signals import Risks
from keystead_server.ports.store import Store

MAX_ROWS = 100


@dataclass(frozen=True, slots=True)
class DetectRisk:
    """The port RiskSignals on the two logs: three queries, of a bounded number of rows each."""

    store: Store
    clock: Clock
    geo_ip: GeoIp

    async def of(self, tenant: TenantId, user: UserId, visitor: Visitor) -> Risks:
        now = self.clock.now()
        traces = await self.traces(tenant, user, now)
        known = _known(traces, await signals_of(self.store, tenant, user), now)
        return replace(known, sign_in=highest((self._sign_in(traces, visitor, now).level, known.sign_in)))

    async def known(self, tenant: TenantId, user: UserId) -> Risks:
        """What is known of *user* now, without a sign-in to look at."""
        now = self.clock.now()
        return _known(await self.traces(tenant, user, now), await signals_of(self.store, tenant, user), now)

    async def person(self, tenant: TenantId, user: UserId) -> Risk:
        """How risky they are now, and why."""
        now = self.clock.now()
        return user_risk(await self.traces(tenant, user, now), now, await signals_of(self.store, tenant, user))

    async def insider(self, tenant: TenantId, user: UserId) -> Signal | None:
        """What counts as their insider risk now; None where they are none."""
        return insider_risk(await signals_of(self.store, tenant, user), self.clock.now())

    async def traces(self, tenant: TenantId, user: UserId, now: datetime) -> Sequence[Trace]:
        """What the log has of *user* that detections look at, in order of time."""
        rows = await self.store.logs.attempts(tenant, limit=MAX_ROWS, user=user)
        recent = [row for row in rows if row.purpose is Purpose.SIGN_IN and now - row.at < LOOK_BACK]
        return [trace_of(row, self.geo_ip) for row in reversed(recent)]

    def _sign_in(self, traces: Sequence[Trace], visitor: Visitor, now: datetime) -> Risk:
        """The risk of whoever is here now, and that of the sign-in they came in by.

        While a passkey is being judged its row is not there yet, so what is found by the key used counts
        from the next request on.
        """
        place = _place(visitor.address, self.geo_ip)
        here = Trace("", now, True, "granted", visitor.address, system=system_of(visitor.user_agent), place=place)
        found = (*sign_in_risk(traces, here).because, *_of_own_sign_in(traces, here))
        return Risk(highest(one.sign_in_level for one in found), found)


def _known(traces: Sequence[Trace], signals: Sequence[Signal], now: datetime) -> Risks:
    person, insider = user_risk(traces, now, signals), insider_risk(signals, now)
    return Risks(
        sign_in=person.sign_in_level,
        user=person.level,
        insider=InsiderRisk.NONE if insider is None else insider.insider,
        can_be_remediated=can_be_remediated(person),
    )


def _of_own_sign_in(traces: Sequence[Trace], here: Trace) -> tuple[Detection, ...]:
    granted = [number for number, trace in enumerate(traces) if trace.granted]
    if not granted:
        return ()
    last = traces[granted[-1]]
    if (last.address, last.system) != (here.address, here.system):
        return ()
    return tuple(of_last(traces[: granted[-1] + 1], last))


def trace_of(row: Attempt, geo_ip: GeoIp) -> Trace:
    return Trace(
        id=row.id,
        at=row.at,
        granted=row.result is Result.GRANTED,
        reason=row.reason,
        address=row.client_address,
        credential=None if row.credential_id is None else row.credential_id.hex(),
        is_bound=row.proof not in (None, Proof.NONE.value),
        system=system_of(row.user_agent),
        place=_place(row.client_address, geo_ip),
    )


def _place(address: str, geo_ip: GeoIp) -> Place:
    try:
        return geo_ip.place_of(ip_address(address))
    except ValueError:
        # A socket's path, or a proxy that says nothing.
        return NOWHERE
