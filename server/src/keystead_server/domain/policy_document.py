"""A policy as it is kept: a dated, attributed version of a JSON document."""

from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.ids import AppId, TenantId, UserId

PASSKEYS = "passkeys"
METHODS = "methods"
ACCESS = "access"
PIN = "pin"


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """One version of one policy. Earlier versions are kept.

    Attributes:
        kind: which policy, such as `passkeys`.
        version: 1, 2, 3 … for each tenant and kind.
        body: JSON text; `policy.<kind>` reads and writes it.
        changed_by: None is the operator at the command line, or the first version.
    """

    tenant_id: TenantId
    kind: str
    version: int
    body: str
    changed_at: datetime
    changed_by: UserId | AppId | None
