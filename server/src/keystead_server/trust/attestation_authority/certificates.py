"""The certificates that an attestation authority issues.

WebAuthn L3 §8.3.1 says what the one for an attestation key holds; see `attestation_certificate`.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from keystead_server.domain.device import TpmFacts
from keystead_server.domain.ids import AuthorityId
from keystead_server.ports.attestation import PublicKey
from keystead_server.trust.attestation_authority.endorsement import TPM_MANUFACTURER, TPM_MODEL, TPM_VERSION

AUTHORITY_LIFETIME: Final = timedelta(days=3650)
# Needed only when a passkey is registered, and renewed by the container itself.
ATTESTATION_LIFETIME: Final = timedelta(days=30)
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_TCG_KP_AIK_CERTIFICATE: Final = x509.ObjectIdentifier("2.23.133.8.3")
_ID_FIDO_GEN_CE_AAGUID: Final = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
_OCTET_STRING_OF_16: Final = b"\x04\x10"


def authority_certificate(authority: AuthorityId, key: ec.EllipticCurvePrivateKey, serial: int, now: datetime) -> bytes:
    """The authority's own, DER: it may issue end certificates and nothing else."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Keystead"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Attestation authority {authority}"),
        ]
    )
    builder = (
        _unsigned(key.public_key(), serial, now, now + AUTHORITY_LIFETIME)
        .subject_name(name)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(issuing=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _signed(builder, key)


def attestation_certificate(
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    key: PublicKey,
    facts: TpmFacts,
    aaguid: UUID,
    serial: int,
    now: datetime,
) -> bytes:
    """For the attestation *key* of a TPM, DER."""
    builder = (
        _unsigned(key, serial, now, expiry(issuer, now))
        # §8.3.1: "Version MUST be set to 3." is the only one there is. "Subject field MUST be set to empty."
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        # RFC 5280 §4.1.2.6: with an empty subject "the subjectAltName extension MUST be critical".
        .add_extension(_tpm_names(facts), critical=True)
        # "The Extended Key Usage extension MUST contain the OID 2.23.133.8.3".
        .add_extension(x509.ExtendedKeyUsage([_TCG_KP_AIK_CERTIFICATE]), critical=False)
        # "The Basic Constraints extension MUST have the CA component set to false."
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(issuing=False), critical=True)
        # §8.2.1: "the AAGUID MUST be wrapped in two OCTET STRINGS"; "MUST NOT be marked as critical".
        .add_extension(
            x509.UnrecognizedExtension(_ID_FIDO_GEN_CE_AAGUID, _OCTET_STRING_OF_16 + aaguid.bytes), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return _signed(builder, issuer_key)


def expiry(issuer: x509.Certificate, now: datetime) -> datetime:
    """When a certificate issued at *now* ends; never after its issuer's, and in whole seconds as certificates say it."""
    return min(now + ATTESTATION_LIFETIME, issuer.not_valid_after_utc).replace(microsecond=0)


def _unsigned(key: PublicKey, serial: int, now: datetime, not_after: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(not_after)
    )


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> bytes:
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _tpm_names(facts: TpmFacts) -> x509.SubjectAlternativeName:
    # TCG EK Credential Profile, 3.2.9: the three attributes are one relative distinguished name each.
    attributes = ((TPM_MANUFACTURER, facts.manufacturer), (TPM_MODEL, facts.model), (TPM_VERSION, facts.version))
    names = [x509.RelativeDistinguishedName([x509.NameAttribute(oid, value)]) for oid, value in attributes]
    return x509.SubjectAlternativeName([x509.DirectoryName(x509.Name(names))])


def _key_usage(*, issuing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not issuing,
        key_cert_sign=issuing,
        crl_sign=issuing,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
