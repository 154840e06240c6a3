"""Half of a sign-in: the password was right, and a second factor is still to come.

It opens nothing. It travels through the page sealed for one browser, so nothing of it is stored; its
id is that of the attempt that completes it, so it is completed once (docs/decisions/0003).
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from keystead_server.domain.ids import AttemptId, PasswordId, TenantId, UserId

PARTIAL_LIFETIME = timedelta(minutes=5)
PARTIAL_SEAL = "partial-sign-in"


@dataclass(frozen=True, slots=True)
class PartialSignIn:
    """Attributes:
    password_id: the password that was right; when it was changed or removed since, this is worth nothing.
    """

    id: AttemptId
    tenant_id: TenantId
    user_id: UserId
    password_id: PasswordId
    at: datetime

    def is_over(self, now: datetime) -> bool:
        return now - self.at >= PARTIAL_LIFETIME

    def to_bytes(self) -> bytes:
        return json.dumps([self.id, self.tenant_id, self.user_id, self.password_id, self.at.timestamp()]).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "PartialSignIn":
        """Read what `to_bytes` wrote; only ever called on what our own seal gave back."""
        attempt, tenant, user, password, at = json.loads(raw)
        return cls(
            AttemptId(attempt), TenantId(tenant), UserId(user), PasswordId(password), datetime.fromtimestamp(at, UTC)
        )
