"""Check emergency accounts monthly: one that fails is found out before it is needed."""

from dataclasses import dataclass

import structlog

from keystead_server.flows.emergency import CheckEmergency
from keystead_server.policy.access.emergency import trouble_words
from keystead_server.ports.store import Store

_log = structlog.get_logger("keystead.jobs")


@dataclass(frozen=True, slots=True)
class CheckEmergencyAccounts:
    store: Store
    check: CheckEmergency

    async def __call__(self) -> int:
        """How many organisations were checked: those that have policies or such accounts, and are due."""
        checked = 0
        for tenant in await self.store.tenants.all():
            if not (await self.check.report(tenant.id)).is_wanted or not await self.check.is_due(tenant.id):
                continue
            checked += 1
            for name, trouble in (await self.check(tenant.id)).troubles:
                _log.warning(
                    "emergency.unready", tenant=tenant.id, code=trouble.code, says=trouble_words(name, trouble)
                )
        return checked
