"""Write down that trials of Conditional Access are over; they have had no effect since their end."""

from dataclasses import dataclass

import structlog

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.manage_access import ManageAccess
from keystead_server.ports.store import Store

_log = structlog.get_logger("keystead.jobs")


@dataclass(frozen=True, slots=True)
class EndTrials:
    store: Store
    manage: ManageAccess

    async def __call__(self) -> int:
        """How many ended. One that cannot be written down stays ended, and is tried again."""
        ended = 0
        for tenant in await self.store.tenants.all():
            try:
                ended += await self.manage.end_trial(tenant.id, by=OPERATOR) is not None
            except Invalid as invalid:
                _log.warning("trial.kept", tenant=tenant.id, code=invalid.code)
        return ended
