"""A made-up maker of authenticators: a root, certificates under it, and statements signed with them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from keystead_testkit.attesters import PACKED_SUBJECT, Statement, aaguid_extension, packed
from keystead_testkit.soft_passkey import SoftPasskey

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
EARLY, LATE = datetime(2024, 1, 1, tzinfo=UTC), datetime(2064, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate with its key, which issues others."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @classmethod
    def root(cls, name: str = "A maker's root", *, not_after: datetime = LATE) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return cls(_issue(subject, key, subject, key, ca=True, not_after=not_after), key)

    def authority(
        self,
        name: str = "A maker's factory",
        *,
        ca: bool = True,
        not_after: datetime = LATE,
        path_length: int | None = None,
    ) -> "Authority":
        """An authority under this one; with *ca* False one that may not be one."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return Authority(
            _issue(
                subject, key, self.certificate.subject, self.key, ca=ca, not_after=not_after, path_length=path_length
            ),
            key,
        )

    def authenticator(self, passkey: SoftPasskey, *, not_after: datetime = LATE) -> "Authority":
        """An attestation certificate for the model of *passkey*, as §8.2.1 wants it."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in PACKED_SUBJECT.items()])
        extension = aaguid_extension(passkey.aaguid).value
        issuer = self.certificate.subject
        return Authority(
            _issue(subject, key, issuer, self.key, ca=False, not_after=not_after, extension=extension), key
        )

    def host(
        self,
        name: str,
        *,
        ca: bool = False,
        not_after: datetime = LATE,
        extension: x509.ExtensionType | None = None,
        key: Key | None = None,
    ) -> "Authority":
        """A certificate for the host *name*, or with *extension* in place of that name."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = extension or x509.SubjectAlternativeName([x509.DNSName(name)])
        issuer = self.certificate.subject
        return Authority(_issue(subject, key, issuer, self.key, ca=ca, not_after=not_after, extension=names), key)

    @classmethod
    def bare(cls, name: str = "An old root") -> "Authority":
        """A root whose key usage lets it issue others, and which has no Basic Constraints."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = key_usage(key_cert_sign=True)
        return cls(_issue(subject, key, subject, key, ca=None, not_after=LATE, extension=usage), key)

    @classmethod
    def by_itself(cls, passkey: SoftPasskey, *, not_after: datetime = LATE) -> "Authority":
        """An attestation certificate for the model of *passkey* that nobody else issued."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in PACKED_SUBJECT.items()])
        extension = aaguid_extension(passkey.aaguid).value
        return cls(_issue(subject, key, subject, key, ca=False, not_after=not_after, extension=extension), key)


def key_usage(*, key_cert_sign: bool = False, digital_signature: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def attested_by(passkey: SoftPasskey, maker: Authority, *others: Authority) -> Callable[[bytes, bytes], Statement]:
    """A packed statement for *passkey* by a model that *maker* made; *others* follow in its chain."""
    leaf = maker.authenticator(passkey)
    chain = [each.certificate.public_bytes(Encoding.DER) for each in (leaf, *others)]
    return packed(passkey, key=leaf.key, x5c=chain)  # type: ignore[arg-type]


def _issue(
    subject: x509.Name,
    key: Key,
    issuer: x509.Name,
    issuer_key: Key,
    *,
    ca: bool | None,
    not_after: datetime,
    extension: x509.ExtensionType | None = None,
    path_length: int | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(EARLY)
        .not_valid_after(not_after)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
