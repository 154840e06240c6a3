"""How risky a sign-in and its person are, as far as anybody watches."""

from dataclasses import dataclass
from typing import Protocol

from keystead_server.domain.ids import TenantId, UserId
from keystead_server.domain.visitor import Visitor
from keystead_server.policy.access.vocabulary import InsiderRisk, RiskLevel


@dataclass(frozen=True, slots=True)
class Risks:
    """Attributes:
    can_be_remediated: a new password would deal with the person's risk.
    """

    sign_in: RiskLevel = RiskLevel.NONE
    user: RiskLevel = RiskLevel.NONE
    insider: InsiderRisk = InsiderRisk.NONE
    can_be_remediated: bool = False


class RiskSignals(Protocol):
    async def of(self, tenant: TenantId, user: UserId, visitor: Visitor) -> Risks:
        """Asked only where policies ask about risk."""
        ...
