"""Say something of somebody's risk: what another system found, that it is true, or that it is nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from keystead_server.domain.actor import Actor
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User
from keystead_server.flows.auditing import audit_line
from keystead_server.flows.risk_signals import EVENTS, MAX_SUPPLIED, signal_of, signals_of, target_of
from keystead_server.policy.permissions import check_reach
from keystead_server.policy.risk.signals import RiskAbout, Signal, SignalKind, check_insider, check_supplied
from keystead_server.ports.changes import Add
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store

CONFIRMED_SAYS = "somebody who administers confirmed that the account is in other hands"


@dataclass(frozen=True, slots=True)
class ManageRisk:
    store: Store
    clock: Clock
    entropy: Entropy

    async def supply(
        self,
        user: User,
        *,
        level: str,
        event_type: str,
        says: str,
        about: str = RiskAbout.PERSON,
        at: datetime | None = None,
        until: datetime | None = None,
        by: Actor,
    ) -> Signal:
        """Take what another system found.

        Args:
            about: the person, or their sign-ins.
            until: when it counts no more; without it, as long as its level is remembered.

        Raises:
            Invalid: it cannot be kept, or *by* may not say it.
        """
        now = self.clock.now()
        _may_say(by, user)
        check_supplied(level, about, event_type, says, at or now, until, now)
        since_dismissal = takewhile(
            lambda one: one.kind is not SignalKind.DISMISSED, await signals_of(self.store, user.tenant_id, user.id)
        )
        if sum(1 for one in since_dismissal if one.kind is not SignalKind.INSIDER) >= MAX_SUPPLIED:
            raise Invalid("risk_too_many", "there is more than anybody looks at already: dismiss it first")
        line = self._line(
            SignalKind.SUPPLIED, user, by, now, level=level, type=event_type, reason=says,
            about=str(about), found_at=(at or now).isoformat(), **_expiry(until),
        )  # fmt: skip
        await self.store.write(Add(line))
        return signal_of(line)

    async def set_insider_risk(
        self, user: User, *, level: str, says: str, until: datetime | None = None, by: Actor
    ) -> None:
        """Say how much of an insider risk somebody is from now on; what was said before counts no more.

        Args:
            level: `none` takes it back.

        Raises:
            Invalid: it cannot be kept, or *by* may not say it.
        """
        now = self.clock.now()
        _may_say(by, user)
        check_insider(level, says, until, now)
        await self.store.write(
            Add(self._line(SignalKind.INSIDER, user, by, now, level=level, reason=says, **_expiry(until)))
        )

    async def confirm(self, users: Sequence[User], *, by: Actor) -> None:
        """Say that these accounts are in other hands: they are high risks until somebody dismisses it.

        Raises:
            Invalid: *by* may not say it of one of them; then it is said of none.
        """
        await self._say(SignalKind.CONFIRMED, users, by, reason=CONFIRMED_SAYS, level="high")

    async def dismiss(self, users: Sequence[User], *, by: Actor) -> None:
        """Say that it was nothing: what was found until now counts no more.

        Raises:
            Invalid: *by* may not say it of one of them; then it is said of none.
        """
        await self._say(SignalKind.DISMISSED, users, by)

    async def _say(self, kind: SignalKind, users: Sequence[User], by: Actor, **detail: str) -> None:
        for user in users:
            _may_say(by, user)
        now = self.clock.now()
        await self.store.write(*(Add(self._line(kind, user, by, now, **detail)) for user in users))

    def _line(self, kind: SignalKind, user: User, by: Actor, now: datetime, **detail: str) -> AuditEvent:
        # Beside the target: readers of the log know people by their ids.
        return audit_line(
            self.entropy, EVENTS[kind],
            tenant=user.tenant_id, at=now, by=by, target=target_of(user.id, kind), user=user.id, **detail,
        )  # fmt: skip


def _expiry(until: datetime | None) -> dict[str, str]:
    return {} if until is None else {"until": until.isoformat()}


def _may_say(by: Actor, user: User) -> None:
    """Raises Invalid: it is one's own risk, or that of somebody who administers, said by an app alone."""
    check_reach(by, user)
    # Whoever stole an administrator's session would begin by dismissing what was found about it.
    if by.user is not None and by.user.id == user.id:
        raise Invalid("own_risk", "somebody else must look at the risk of your own account", target="userIds")
