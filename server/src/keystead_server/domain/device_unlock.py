"""Wrong PINs forgotten: what a device asks for, and what its person allows, between the two.

    code      shown by the device; its person types it into their account page
    pending   the question as it waits on the device's record, one for each device
    person    whose index it is, in the words that the TPM compares (the policyRef)

The question is over when the TPM gives its session up, and is asked anew then.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Final

from keystead_core.tpm.pin_index import UNLOCK_SECONDS, UnlockRequest
from msgspec.msgpack import Decoder
from msgspec.msgpack import encode as _encode

from keystead_server.domain.access_pass import ALPHABET
from keystead_server.domain.ids import AttemptId, DeviceId, TenantId, UserId

CODE_LENGTH: Final = 8
# The TPM counts from the start of its session, which is before we hear of it; what is signed later opens nothing.
UNLOCK_LIFETIME: Final = timedelta(seconds=UNLOCK_SECONDS) - timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class PendingUnlock:
    """Attributes:
    id: of the attempt that ends it.
    digest: keyed digest of the code.
    signature: DER, over what the device asked for; None until its person allowed it.
    """

    id: AttemptId
    digest: bytes
    request: UnlockRequest
    expires_at: datetime
    signature: bytes | None = None

    def allowed(self, signature: bytes) -> "PendingUnlock":
        return replace(self, signature=signature)

    def to_bytes(self) -> bytes:
        return _encode(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "PendingUnlock":
        """Read what `to_bytes` wrote."""
        return _decoder().decode(raw)


@cache
def _decoder() -> Decoder[PendingUnlock]:
    return Decoder(PendingUnlock)


def person_of(tenant: TenantId, device: DeviceId, user: UserId) -> bytes:
    """The policyRef: of this person on this device, so that an index of another of their devices is another's."""
    return sha256(f"keystead unlock\0{tenant}\0{device}\0{user}".encode()).digest()


def normal_code(typed: str) -> str:
    """*typed* as the code was made: people leave the hyphen out, and write small letters."""
    return "".join(letter for letter in typed.upper() if letter in ALPHABET)


def spoken_code(code: str) -> str:
    """In two halves, as it is shown."""
    half = CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"
