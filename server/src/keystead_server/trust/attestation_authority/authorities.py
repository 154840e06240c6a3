"""Each tenant's authority: made when it is first needed, replaced when the operator says so."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from keystead_core.tpm.errors import UnlockNotOurs
from keystead_core.tpm.pin_index import UnlockRequest

from keystead_server.domain.actor import Actor
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import TpmFacts
from keystead_server.domain.ids import AuthorityId, TenantId
from keystead_server.flows.auditing import audited
from keystead_server.ports.attestation import IssuedCertificate, PublicKey
from keystead_server.ports.changes import Add, Written
from keystead_server.ports.clock import Entropy
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import Store
from keystead_server.trust.attestation_authority.certificates import (
    attestation_certificate,
    authority_certificate,
    expiry,
)
from keystead_server.trust.attestation_authority.unlock import sign, statement_for, unlock_key_of
from keystead_server.trust.chains import verified_chain

_SEAL = "attestation-authority"
# RFC 5280 §4.1.2.2: positive, and "not … longer than 20 octets"; 16 random ones, of which the first is below 128.
_SERIAL_BYTES = 16


@dataclass(frozen=True, slots=True)
class StoredAuthorities:
    """The AttestationAuthorities port over the store."""

    store: Store
    sealer: Sealer
    entropy: Entropy

    async def issue(
        self, tenant: TenantId, key: PublicKey, facts: TpmFacts, aaguid: UUID, *, by: Actor, now: datetime
    ) -> IssuedCertificate:
        authority = await self._issuing(tenant, by, now)
        issuer = x509.load_der_x509_certificate(authority.certificate)
        serial = self._serial()
        leaf = attestation_certificate(issuer, self._key_of(authority), key, facts, aaguid, serial, now)
        return IssuedCertificate((leaf, authority.certificate), f"{serial:032x}", expiry(issuer, now))

    async def unlock_key(self, tenant: TenantId) -> ec.EllipticCurvePublicKey:
        for authority in await self.store.authorities.all(tenant):
            if authority.retired_at is None:
                return unlock_key_of(self._key_of(authority)).public_key()
        raise AssertionError("asked for a device, which has a certificate of this tenant's authority")

    async def check_unlock(self, tenant: TenantId, request: UnlockRequest, person: bytes) -> None:
        await self._unlocking(tenant, request, person)

    async def sign_unlock(self, tenant: TenantId, request: UnlockRequest, person: bytes) -> bytes:
        key, statement = await self._unlocking(tenant, request, person)
        return sign(key, statement)

    async def _unlocking(
        self, tenant: TenantId, request: UnlockRequest, person: bytes
    ) -> tuple[ec.EllipticCurvePrivateKey, bytes]:
        """The key that the index was entrusted to, and what it is to sign.

        A retired authority's still speaks for what was entrusted to it: the device has a newer one from its next
        renewal on, and until then nobody else could help its person.
        """
        for authority in await self.store.authorities.all(tenant):
            key = unlock_key_of(self._key_of(authority))
            with suppress(UnlockNotOurs):
                return key, statement_for(key, request, person)
        raise UnlockNotOurs

    async def vouches(self, tenant: TenantId, path: Sequence[x509.Certificate], *, now: datetime) -> bool:
        kept = await self.store.authorities.all(tenant)
        roots = [x509.load_der_x509_certificate(authority.certificate) for authority in kept]
        chain = verified_chain(roots, path, now=now)
        # An authority's own certificate says nothing of a TPM.
        return chain is not None and len(chain) == 2

    def make(self, tenant: TenantId, *, now: datetime) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        id_ = AuthorityId(self.entropy.new_id(now))
        certificate = authority_certificate(id_, key, self._serial(), now)
        return Authority(id_, tenant, self.sealer.seal(_SEAL, der, bound_to=id_.encode()), certificate, now)

    async def _issuing(self, tenant: TenantId, by: Actor, now: datetime) -> Authority:
        for authority in await self.store.authorities.all(tenant):
            if authority.retired_at is None:
                return authority
        made = self.make(tenant, now=now)
        line = audited(self.entropy, "authority.made", tenant=tenant, at=now, by=by, target=made.id)
        written = await self.store.write(Add(made), line)
        assert isinstance(written, Written)  # noqa: S101  an id taken twice is a broken random source
        return made

    def _key_of(self, authority: Authority) -> ec.EllipticCurvePrivateKey:
        der = self.sealer.open(_SEAL, authority.sealed, bound_to=authority.id.encode())
        key = load_der_private_key(der, password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101  we made it
        return key

    def _serial(self) -> int:
        return int.from_bytes(self.entropy.token(_SERIAL_BYTES), "big") >> 1 or 1
