"""A Windows Hello key: what signs its owner in to one managed computer, and goes with that computer.

It stands beside passkeys and is none. As in Entra, a person has one or the other in the container of a
computer: where a Hello key is, no passkey is registered (flows/registration_checks.py).
"""

from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.ids import DeviceId, HelloKeyId, TenantId, UserId


@dataclass(frozen=True, slots=True)
class HelloKey:
    """Attributes:
    device_id: the computer that keeps it; one of each person's for each computer.
    public_key: COSE, as a passkey's; what is too weak cannot be parsed and was never kept.
    name: the computer's, as people call it.
    """

    id: HelloKeyId
    tenant_id: TenantId
    user_id: UserId
    device_id: DeviceId
    public_key: bytes
    name: str
    created_at: datetime
    last_used_at: datetime | None = None
