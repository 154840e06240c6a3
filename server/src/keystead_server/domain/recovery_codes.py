"""Recovery codes: ten on paper, each good once, for whoever has lost their authenticator app."""

from dataclasses import dataclass, replace
from datetime import datetime

from keystead_server.domain.ids import RecoveryCodesId, TenantId, UserId

HOW_MANY = 10
# 27 letters to the tenth are 47 bits: at ten guesses an hour there is nothing to find.
LENGTH = 10


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """Somebody's set; one for each person, replaced whole.

    Attributes:
        digests: of the codes that were not used yet, keyed; the codes are shown once and not kept.
    """

    id: RecoveryCodesId
    tenant_id: TenantId
    user_id: UserId
    digests: tuple[bytes, ...]
    made_at: datetime
    last_used_at: datetime | None = None

    @property
    def left(self) -> int:
        return len(self.digests)

    def without(self, digest: bytes, *, at: datetime) -> "RecoveryCodes":
        return replace(self, digests=tuple(d for d in self.digests if d != digest), last_used_at=at)


def readable_recovery_code(code: str) -> str:
    """In two groups of five: `BCDFG-HJKMN`."""
    return f"{code[:5]}-{code[5:]}"
