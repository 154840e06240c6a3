"""What speaks for a new passkey: its model's maker, or a device that is enrolled here.

For other models it is the roots that the operator keeps. The only anchor for our own models is the authority of the tenant itself: no root that the operator
keeps for other makers, and no metadata, can vouch for them.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TypeAlias

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from keystead_core.tpm.codes import Attribute
from keystead_core.webauthn import VerifiedRegistration
from keystead_core.webauthn.aaguids import KEYSTEAD_SOFTWARE, KEYSTEAD_TPM

from keystead_server.domain.device import Device, FirstUse, refusal_of
from keystead_server.domain.ids import TenantId
from keystead_server.domain.passkey import Passkey, Proof
from keystead_server.policy.passkeys.decide import NotAdmitted
from keystead_server.ports.attestation import AttestationAuthorities
from keystead_server.ports.store import Store
from keystead_server.ports.trust import TrustAnchors

OUR_MODELS = frozenset({KEYSTEAD_TPM, KEYSTEAD_SOFTWARE})
_STAYS = Attribute.FIXED_TPM | Attribute.FIXED_PARENT | Attribute.SENSITIVE_DATA_ORIGIN


@dataclass(frozen=True, slots=True)
class Vouched:
    """Attributes:
    device: whose security chip certified the key; None when it is no more than a claim.
    """

    proof: Proof
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class NotVouched:
    """The statement is not what it would be if it were true.

    Attributes:
        code: stable.
    """

    code: str
    detail: str = ""


Vouching: TypeAlias = Vouched | NotVouched


@dataclass(frozen=True, slots=True)
class Vouch:
    store: Store
    authorities: AttestationAuthorities
    first_use: FirstUse
    anchors: TrustAnchors

    async def __call__(self, tenant: TenantId, registration: VerifiedRegistration, *, now: datetime) -> Vouching:
        """Judge a verified registration."""
        if registration.aaguid not in OUR_MODELS:
            return Vouched(self._by_maker(registration, now))
        if registration.backup_eligible:
            return NotVouched("key_can_leave", "our containers make no passkey that can be copied")
        attestation = registration.attestation
        if not attestation.trust_path:
            # A container that is not enrolled with proof says no more; so does anybody who borrows its AAGUID.
            return Vouched(Proof.CLAIMED)
        area = attestation.tpm_key
        if area is None or registration.aaguid != KEYSTEAD_TPM:
            return NotVouched("attestation_not_ours", f"a {attestation.format} statement")
        if not await self.authorities.vouches(tenant, attestation.trust_path, now=now):
            return NotVouched("attestation_not_ours", "not under this tenant's authority, or its certificate is over")
        # A TPM certifies any key that is loaded, also one that was made outside and brought in.
        if _STAYS not in area.attributes or Attribute.ENCRYPTED_DUPLICATION in area.attributes:
            return NotVouched("key_can_leave", f"attributes {area.attributes:#x}")
        return await self._by_device(tenant, _digest_of_leaf(registration))

    def _by_maker(self, registration: VerifiedRegistration, now: datetime) -> Proof:
        path = registration.attestation.trust_path
        trusted = bool(path) and self.anchors.trusts(registration.aaguid, path, now=now)
        if registration.backup_eligible:
            return Proof.NONE
        return Proof.ATTESTED if trusted else Proof.CLAIMED

    async def _by_device(self, tenant: TenantId, attestation_digest: bytes) -> Vouching:
        device = await self.store.devices.by_attestation_key(tenant, attestation_digest)
        refusal = refusal_of(None if device is None else device.state)
        if device is None or refusal is not None:
            return NotVouched(refusal or "device_removed")
        return Vouched(device.proof(self.first_use), device)


def unproven(against: NotAdmitted, passkey: Passkey) -> NotAdmitted:
    """What the policy has against a passkey that says it is in a TPM container of ours, and shows nothing for it."""
    impostor = passkey.aaguid == KEYSTEAD_TPM and passkey.device_id is None
    if impostor and against.code in ("attestation_required", "proof_too_weak"):
        return replace(against, code="container_unproven")
    return against


def _digest_of_leaf(registration: VerifiedRegistration) -> bytes:
    key = registration.attestation.trust_path[0].public_key()
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
