"""What travels sealed while a device enrols or renews, so that nothing of it is stored.

    EnrolmentCode   shown to a signed-in person; whoever brings it may enrol one device in their name
    Activation      what we asked a TPM to open, and for whom

The id of both is the id of the attempt that ends them. Recording the attempt spends them.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from keystead_core.tpm.pin_index import UnlockRequest
from msgspec.msgpack import Decoder
from msgspec.msgpack import encode as _encode

from keystead_server.domain.device import EndorsementTrust, TpmFacts
from keystead_server.domain.ids import AttemptId, DeviceId, UserId, id_bytes, id_text

CODE_LIFETIME: Final = timedelta(minutes=10)
ACTIVATION_LIFETIME: Final = timedelta(minutes=5)
_LAYOUT = struct.Struct(">q16s16s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    id: AttemptId
    user_id: UserId
    expires_at: datetime

    def to_bytes(self) -> bytes:
        return _LAYOUT.pack((self.expires_at - _EPOCH) // _MICROSECOND, id_bytes(self.id), id_bytes(self.user_id))

    @classmethod
    def from_bytes(cls, raw: bytes) -> "EnrolmentCode":
        """Read what `to_bytes` wrote; only ever called on what our own seal gave back."""
        expires, attempt, user = _LAYOUT.unpack(raw)
        return cls(
            AttemptId(id_text(attempt)),
            UserId(id_text(user)),
            _EPOCH + timedelta(microseconds=expires),
        )


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a device says of itself, checked as far as it can be without its TPM's answer.

    Attributes:
        endorsement_public, attestation_public: TPMT_PUBLIC.
    """

    name: str
    endorsement_public: bytes
    attestation_public: bytes
    trust: EndorsementTrust
    tpm: TpmFacts
    firmware: str


@dataclass(frozen=True, slots=True)
class Activation:
    """A secret that only one TPM can read, and only while it holds one attestation key.

    Attributes:
        secret: what the TPM is to give back.
        user_id: in whose name the device enrols, or by whom it was enrolled.
        device_id: the enrolled device that renews or asks to be unlocked; None when one enrols.
        unlock: what it asks to be signed; None when it renews.
    """

    id: AttemptId
    expires_at: datetime
    secret: bytes
    user_id: UserId
    device_id: DeviceId | None = None
    introduction: Introduction | None = None
    unlock: UnlockRequest | None = None

    def to_bytes(self) -> bytes:
        return _encode(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Activation":
        """Read what `to_bytes` wrote; only ever called on what our own seal gave back."""
        return _decoder().decode(raw)


@cache
def _decoder() -> Decoder[Activation]:
    return Decoder(Activation)
