"""Authenticator apps: time-based one-time codes (RFC 6238), six digits, SHA-1, every 30 seconds.

Those are the values that every app understands; most ignore any others that they are given.
"""

import hmac
from base64 import b32encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from keystead_server.domain.ids import TenantId, TotpId, UserId

SECRET_BYTES = 20
DIGITS = 6
STEP = timedelta(seconds=30)
# RFC 6238 §5.2: "at most one time step is allowed as the network delay"; one ahead for fast clocks.
DRIFT_STEPS = 1
MAX_TOTP = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TotpAuthenticator:
    """An authenticator app that somebody has set up.

    Attributes:
        sealed_secret: the shared secret, sealed for this person.
        last_step: the time step of the last code that was accepted. RFC 6238 §5.2: "The verifier
            MUST NOT accept the second attempt of the OTP".
    """

    id: TotpId
    tenant_id: TenantId
    user_id: UserId
    name: str
    sealed_secret: bytes
    created_at: datetime
    registered_by: UserId
    last_step: int
    last_used_at: datetime | None = None

    def renamed(self, name: str) -> "TotpAuthenticator":
        return replace(self, name=name)

    def used(self, *, step: int, at: datetime) -> "TotpAuthenticator":
        return replace(self, last_step=step, last_used_at=at)


def code_at(secret: bytes, step: int) -> str:
    """The code of one time step (RFC 4226 §5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_at(now: datetime) -> int:
    return (now - _EPOCH) // STEP


def steps_of(secret: bytes, code: str, now: datetime) -> list[int]:
    """The time steps around *now* whose code this is, earliest first. Takes as long whatever the code is."""
    around = step_at(now)
    steps = range(around - DRIFT_STEPS, around + DRIFT_STEPS + 1)
    return [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), code.encode())]


def normalise_totp(typed: str) -> str:
    """What a person typed, without the space that apps put in the middle."""
    return "".join(c for c in typed if not c.isspace())


def looks_like_totp(typed: str) -> bool:
    return len(typed) == DIGITS and typed.isascii() and typed.isdigit()


def readable_secret(secret: bytes) -> str:
    """For typing into an app: base32 in groups of four."""
    text = b32encode(secret).decode().rstrip("=")
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def key_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What the QR code holds: `otpauth://totp/Contoso:ada?…`."""
    label = quote(f"{issuer.replace(':', ' ')}:{account}", safe="")
    query = {"secret": b32encode(secret).decode().rstrip("="), "issuer": issuer.replace(":", " ")}
    return f"otpauth://totp/{label}?{urlencode(query, quote_via=quote)}"
