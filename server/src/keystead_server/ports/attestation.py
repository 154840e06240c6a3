"""Vouching for devices: who made their TPM, and certificates of our own for their attestation keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from keystead_core.tpm.pin_index import UnlockRequest

from keystead_server.domain.actor import Actor
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import TpmFacts
from keystead_server.domain.ids import TenantId

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class EndorsementCertificateInvalid(Exception):
    """It is no certificate of a TPM's endorsement key, or not of the one that came with it."""

    code = "endorsement_certificate_invalid"


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """Attributes:
    chain: DER, the certificate itself first, the authority's last.
    serial: in hexadecimal.
    """

    chain: tuple[bytes, ...]
    serial: str
    expires_at: datetime


class TpmMakers(Protocol):
    def certified(self, certificate: bytes, key: PublicKey, *, now: datetime) -> TpmFacts | None:
        """Which TPM the endorsement *certificate* (DER) for *key* says it is; None when nobody we trust issued it.

        Raises:
            EndorsementCertificateInvalid
        """
        ...


class AttestationAuthorities(Protocol):
    """Each tenant has its own: what one tenant's authority vouches for is nothing to another."""

    async def issue(
        self, tenant: TenantId, key: PublicKey, facts: TpmFacts, aaguid: UUID, *, by: Actor, now: datetime
    ) -> IssuedCertificate:
        """Certify the attestation *key* (WebAuthn §8.3.1). The caller has seen that it is in that TPM.

        The tenant's first authority is made by this, in the name of *by*.
        """
        ...

    def make(self, tenant: TenantId, *, now: datetime) -> Authority:
        """A new authority, its key sealed; it is not written anywhere."""
        ...

    async def unlock_key(self, tenant: TenantId) -> ec.EllipticCurvePublicKey:
        """The P-256 key to which a device entrusts a person's count of wrong PINs; the present authority's."""
        ...

    async def check_unlock(self, tenant: TenantId, request: UnlockRequest, person: bytes) -> None:
        """Return when `sign_unlock` would sign.

        Raises:
            UnlockNotOurs: the index is not *person*'s under an unlock key of *tenant*, be it a retired one's.
            TpmStructureInvalid: it is none.
        """
        ...

    async def sign_unlock(self, tenant: TenantId, request: UnlockRequest, person: bytes) -> bytes:
        """An ECDSA signature (DER) that lets the TPM forget wrong PINs once; raises as `check_unlock`.

        The caller has seen that *person* allows it.
        """
        ...

    async def vouches(self, tenant: TenantId, path: Sequence[x509.Certificate], *, now: datetime) -> bool:
        """Whether *path* (leaf first) was issued by *tenant*'s authority, and is valid at *now*."""
        ...
