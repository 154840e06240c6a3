"""A device: one security chip, and the one key of it that may vouch for passkeys here.

    ENABLED                  its passkeys sign in, and it may vouch for more
    DISABLED                 neither, until it is enabled again
    ATTESTATION_WITHDRAWN    this attestation key is not believed any more; the chip may enrol anew
    ENDORSEMENT_WITHDRAWN    the chip itself is not: it enrols no more in this tenant

What is withdrawn stays so, and stays on record, because the record is what keeps it out.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from keystead_server.domain.device_unlock import PendingUnlock
from keystead_server.domain.ids import DeviceId, TenantId, UserId
from keystead_server.domain.passkey import Proof

MAX_DEVICE_NAME_CHARACTERS: Final = 64


class DeviceState(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"
    ATTESTATION_WITHDRAWN = "attestationKeyWithdrawn"
    ENDORSEMENT_WITHDRAWN = "endorsementKeyWithdrawn"

    @property
    def is_withdrawn(self) -> bool:
        return self in (DeviceState.ATTESTATION_WITHDRAWN, DeviceState.ENDORSEMENT_WITHDRAWN)


# Why a device's word, or a passkey it vouched for, is refused.
STATE_CODES: Final[dict[DeviceState | None, str]] = {
    None: "device_removed",
    DeviceState.DISABLED: "device_disabled",
    DeviceState.ATTESTATION_WITHDRAWN: "attestation_key_withdrawn",
    DeviceState.ENDORSEMENT_WITHDRAWN: "endorsement_key_withdrawn",
}


class EndorsementTrust(StrEnum):
    """Why we believe that the endorsement key is a TPM's.

    CERTIFIED: its maker certified it, under a root the operator keeps.
    FIRST_USE: nobody did; it is the key that came first, and no other counts for this device.
    """

    CERTIFIED = "certified"
    FIRST_USE = "firstUse"


class FirstUse(StrEnum):
    """What the operator makes of a TPM that nobody they trust has certified."""

    REFUSE = "refuse"
    CLAIMED = "claimed"
    PROVEN = "proven"


@dataclass(frozen=True, slots=True)
class TpmFacts:
    """Which TPM it is, in the notation of the TCG's certificates: `id:` and hexadecimal digits, or text.

    From the endorsement certificate when that is trusted, else only what the device says.
    """

    manufacturer: str
    model: str
    version: str


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled device.

    Attributes:
        endorsement_digest: SHA-256 of the endorsement key's SubjectPublicKeyInfo: which chip it is.
        endorsement_public, attestation_public: TPMT_PUBLIC, as they were enrolled.
        attestation_digest: SHA-256 of the attestation key's SubjectPublicKeyInfo; unique in the tenant.
        attestation_name: the TPM's Name of that key.
        firmware: what the TPM said of itself when it was enrolled; nobody vouches for it.
        certificate_serial: of the certificate last issued for the attestation key, in hexadecimal.
        unlock: what it asks its person to allow; None when it asks nothing.
    """

    id: DeviceId
    tenant_id: TenantId
    name: str
    endorsement_digest: bytes
    endorsement_public: bytes
    trust: EndorsementTrust
    tpm: TpmFacts
    firmware: str
    attestation_digest: bytes
    attestation_name: bytes
    attestation_public: bytes
    certificate_serial: str
    certificate_expires_at: datetime
    state: DeviceState
    enrolled_by: UserId
    enrolled_at: datetime
    unlock: PendingUnlock | None = None

    def certified(self, serial: str, expires_at: datetime) -> "Device":
        return replace(self, certificate_serial=serial, certificate_expires_at=expires_at)

    def in_state(self, state: DeviceState) -> "Device":
        return replace(self, state=state)

    def asking(self, unlock: PendingUnlock | None) -> "Device":
        return replace(self, unlock=unlock)

    def proof(self, first_use: FirstUse) -> Proof:
        """What its word for a key is worth."""
        if self.trust is EndorsementTrust.CERTIFIED or first_use is FirstUse.PROVEN:
            return Proof.PROVEN
        return Proof.CLAIMED


def refusal_of(state: DeviceState | None) -> str | None:
    """Why what rests on a device in *state* is refused, or None; no state means that it was removed."""
    return STATE_CODES.get(state)


# TCG EK Credential Profile, 3.2.9: "The manufacturer ... identifier ... in ASCII hexadecimal, prefixed by 'id:'".
_IDENTIFIER = re.compile(r"id:[0-9A-Fa-f]{1,16}")
_MODEL = re.compile(r"[\x20-\x7e]{1,64}")
_FIRMWARE = re.compile(r"[0-9A-Za-z.:_-]{0,64}")


def fits_a_certificate(facts: TpmFacts) -> bool:
    """Whether *facts* can stand in a certificate and on a page."""
    return (
        _IDENTIFIER.fullmatch(facts.manufacturer) is not None
        and _MODEL.fullmatch(facts.model) is not None
        and _IDENTIFIER.fullmatch(facts.version) is not None
    )


def is_firmware(text: str) -> bool:
    return _FIRMWARE.fullmatch(text) is not None


def maker_of(facts: TpmFacts) -> str:
    """The manufacturer's letters, such as `INTC`; the identifier itself when it spells nothing."""
    digits = facts.manufacturer.removeprefix("id:")
    try:
        letters = bytes.fromhex(digits.zfill(8)).rstrip(b"\0 ").decode("ascii")
    except ValueError:
        return facts.manufacturer
    return letters if letters.isprintable() and letters else facts.manufacturer
