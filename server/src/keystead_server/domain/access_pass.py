"""A Temporary Access Pass: a code for a limited time, to get the first passkey."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from keystead_server.domain.ids import AppId, PassId, TenantId, UserId
from keystead_server.domain.invalid import Invalid

MIN_LIFETIME = timedelta(minutes=10)
MAX_LIFETIME = timedelta(days=30)
DEFAULT_LIFETIME = timedelta(hours=1)
MIN_LENGTH, MAX_LENGTH, DEFAULT_LENGTH = 8, 48, 12

# No 0/O, 1/I/L, no vowels: typed from paper or a telephone call without mistakes and without words.
ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"


class PassState(StrEnum):
    """Graph's methodUsabilityReason, as far as a pass alone can tell."""

    USABLE = "enabledByPolicy"
    NOT_YET_VALID = "notYetValid"
    EXPIRED = "expired"
    ALREADY_USED = "oneTimeUsed"


@dataclass(frozen=True, slots=True)
class TemporaryAccessPass:
    """A user's pass; one per user, a new one replaces it.

    Attributes:
        digest: keyed digest of the code; the code itself is shown once and not kept.
        used_at: when a one-time pass was spent.
        delivered_to: the mail address that its link was sent to; then nobody has ever seen a code.
    """

    id: PassId
    tenant_id: TenantId
    user_id: UserId
    digest: bytes
    starts_at: datetime
    expires_at: datetime
    usable_once: bool
    created_at: datetime
    created_by: UserId | AppId | None
    used_at: datetime | None = None
    delivered_to: str | None = None

    def state(self, now: datetime) -> PassState:
        if self.usable_once and self.used_at is not None:
            return PassState.ALREADY_USED
        if now < self.starts_at:
            return PassState.NOT_YET_VALID
        if now >= self.expires_at:
            return PassState.EXPIRED
        return PassState.USABLE

    def spent(self, *, at: datetime) -> "TemporaryAccessPass":
        return replace(self, used_at=at)


def check_lifetime(lifetime: timedelta) -> timedelta:
    """Return *lifetime* when Entra's limits allow it.

    Raises:
        Invalid: it is under 10 minutes or over 30 days.
    """
    if not MIN_LIFETIME <= lifetime <= MAX_LIFETIME:
        raise Invalid("lifetime_out_of_range", "a pass lives 10 minutes to 30 days (43,200 minutes)", target="lifetime")
    return lifetime


def normalise_code(typed: str) -> str:
    """What a person typed, without the spaces and hyphens that make it readable, in upper case."""
    return "".join(c for c in typed if not c.isspace() and c != "-").upper()


def readable_code(code: str) -> str:
    """The code in groups of four: `BCDF-GHJK-MNPQ`."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))
