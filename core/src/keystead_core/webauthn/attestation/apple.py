"""Format `apple` (WebAuthn L3 §8.8): Apple certifies the credential's key, and no device."""

from hashlib import sha256

from cryptography import x509

from keystead_core.cose import same_public_key
from keystead_core.webauthn.attestation.certificates import extension_value
from keystead_core.webauthn.attestation.statement import (
    AttestationSubject,
    VerifiedAttestation,
    certificates,
    fields,
    refusals,
)
from keystead_core.webauthn.errors import AttestationInvalid
from keystead_core.wire import BadDer, CborValue, decode_der
from keystead_core.wire.der import OCTET_STRING, SEQUENCE

FORMAT = "apple"

NONCE = x509.ObjectIdentifier("1.2.840.113635.100.8.2")
_NONCE_FIELD = 1


def verify(statement: CborValue, subject: AttestationSubject) -> VerifiedAttestation:
    members = fields(FORMAT, statement)
    with refusals(FORMAT):
        chain = certificates(FORMAT, members)
        # "Concatenate authenticatorData and clientDataHash to form nonceToHash. Perform SHA-256 hash of
        # nonceToHash to produce nonce. Verify that nonce equals the value of the extension with OID
        # 1.2.840.113635.100.8.2 in credCert."
        if _certified_nonce(chain[0]) != sha256(subject.signed_bytes).digest():
            raise AttestationInvalid(FORMAT, "the certificate was made for another registration")
        # "Verify that the credential public key equals the Subject Public Key of credCert."
        if not same_public_key(subject.public_key, chain[0]):
            raise AttestationInvalid(FORMAT, "the certificate is about another key")
    return VerifiedAttestation(FORMAT, "anonca", chain, aaguid_attested=True)


def _certified_nonce(certificate: x509.Certificate) -> bytes:
    encoded = extension_value(certificate, NONCE)
    if encoded is None:
        raise AttestationInvalid(FORMAT, "the certificate has no nonce")
    field = decode_der(encoded).expect(SEQUENCE).only_child()
    if not field.is_context(_NONCE_FIELD):
        raise BadDer("the nonce extension has another form than Apple's")
    return field.only_child().expect(OCTET_STRING).content
