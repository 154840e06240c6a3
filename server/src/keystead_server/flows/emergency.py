"""Emergency accounts, which no policy is for: nobody uses one unnoticed, and none fails unnoticed."""

from collections.abc import Iterable
from dataclasses import dataclass

from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.ids import TenantId, UserId
from keystead_server.domain.letter import Occasion
from keystead_server.domain.sign_in import Purpose, Result
from keystead_server.domain.user import User
from keystead_server.flows.access_gate import Ruling
from keystead_server.flows.attempts import Trail
from keystead_server.flows.auditing import audited
from keystead_server.flows.held_methods import HeldMethods
from keystead_server.flows.letters import Letters
from keystead_server.flows.policies import AccessPolicies
from keystead_server.policy.access.emergency import CHECKED_EVERY, EmergencyAccount, EmergencyReport, trouble_words
from keystead_server.ports.changes import Change
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store

# What checks are audited against: all emergency accounts of the organisation together.
ALL_ACCOUNTS = "break-glass"
_ROWS = 50


@dataclass(frozen=True, slots=True)
class EmergencyAlarm:
    store: Store
    entropy: Entropy
    letters: Letters

    async def __call__(self, ruling: Ruling, user: User, trail: Trail) -> tuple[Change, ...]:
        """What goes into the write of a sign-in of an emergency account: its audit line and letters; else nothing."""
        if not ruling.emergency:
            return ()
        at, address = trail.at, trail.visitor.address
        line = audited(
            self.entropy, "break_glass.used",
            tenant=user.tenant_id, at=at, by=Actor(user), target=user.id, address=address,
        )  # fmt: skip
        letters: list[Change] = [line]
        for administrator in await self.store.users.administrators(user.tenant_id):
            letters += self.letters.to(
                administrator, Occasion.EMERGENCY_USED, at=at, account=user.username, address=address
            )
        return tuple(letters)


@dataclass(frozen=True, slots=True)
class CheckEmergency:
    store: Store
    clock: Clock
    entropy: Entropy
    access: AccessPolicies
    held: HeldMethods
    letters: Letters

    async def report(self, tenant: TenantId) -> EmergencyReport:
        """How they stand now; writes nothing."""
        now = self.clock.now()
        rules = (await self.access.now(tenant, now)).rules
        named = sorted(rules.set.break_glass)
        accounts = [await self._account(tenant, UserId(one)) for one in named]
        return EmergencyReport(accounts, bool(named or rules.set.policies), now)

    async def is_due(self, tenant: TenantId) -> bool:
        last = await self.store.logs.audit_of(tenant, ALL_ACCOUNTS, limit=1)
        return not last or self.clock.now() - last[0].at >= CHECKED_EVERY

    async def __call__(self, tenant: TenantId, *, by: Actor = OPERATOR) -> EmergencyReport:
        """Check them, and write it down; who administers is told by mail of what is wrong."""
        report = await self.report(tenant)
        troubles = [trouble_words(name, trouble) for name, trouble in report.troubles]
        codes = sorted({trouble.code for _, trouble in report.troubles})
        line = audited(
            self.entropy, "break_glass.checked",
            tenant=tenant, at=report.at, by=by, target=ALL_ACCOUNTS,
            accounts=str(len(report.accounts)), troubles=", ".join(codes),
        )  # fmt: skip
        await self.store.write(line, *(await self._letters(tenant, report, troubles)))
        return report

    async def _letters(self, tenant: TenantId, report: EmergencyReport, troubles: Iterable[str]) -> list[Change]:
        told = "\n".join(troubles)
        if not told:
            return []
        found: list[Change] = []
        for administrator in await self.store.users.administrators(tenant):
            found += self.letters.to(administrator, Occasion.EMERGENCY_UNREADY, at=report.at, troubles=told)
        return found

    async def _account(self, tenant: TenantId, one: UserId) -> EmergencyAccount:
        user = await self.store.users.get(tenant, one)
        if user is None:
            return EmergencyAccount(one, None)
        rows = await self.store.logs.attempts(tenant, limit=_ROWS, user=one, result=Result.GRANTED)
        last = next((row.at for row in rows if row.purpose is Purpose.SIGN_IN), None)
        can_sign_in = (await self.held.of(user)).way_in
        return EmergencyAccount(one, user.username, user.enabled, user.is_administrator, can_sign_in, last)
