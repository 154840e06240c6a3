"""Asking a TPM to show that it holds both an endorsement key and an attestation key (TPM2_MakeCredential)."""

from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from keystead_core.tpm.endorsement import read_attestation_key, read_endorsement_key
from keystead_core.tpm.make_credential import CredentialChallenge, make_credential
from keystead_core.wire import WireError, b64url_decode, b64url_encode

from keystead_server.domain.enrolment import Activation
from keystead_server.domain.ids import TenantId
from keystead_server.ports.attestation import PublicKey
from keystead_server.ports.clock import Entropy
from keystead_server.ports.sealer import SealBroken, Sealer

SECRET_BYTES = 32
_SEAL = "device-activation"


@dataclass(frozen=True, slots=True)
class Challenged:
    """What a device is to have its TPM open.

    Attributes:
        state: comes back with the answer; only we can read it.
    """

    state: str
    credential: CredentialChallenge


def challenge(
    sealer: Sealer, entropy: Entropy, tenant: TenantId, activation: Activation, endorsement: bytes, attestation: bytes
) -> Challenged:
    """*endorsement* and *attestation* are public areas that have been read before."""
    credential = make_credential(
        read_endorsement_key(endorsement).key, read_attestation_key(attestation).name, activation.secret, entropy.token
    )
    sealed = sealer.seal(_SEAL, activation.to_bytes(), bound_to=tenant.encode())
    return Challenged(b64url_encode(sealed), credential)


def opened(sealer: Sealer, tenant: TenantId, state: str) -> Activation | None:
    """What was sealed for a device of *tenant*; None for anything else."""
    try:
        return Activation.from_bytes(sealer.open(_SEAL, b64url_decode(state), bound_to=tenant.encode()))
    except (WireError, SealBroken):
        return None


def digest_of(key: PublicKey) -> bytes:
    """By which a key is found: SHA-256 of its SubjectPublicKeyInfo."""
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
