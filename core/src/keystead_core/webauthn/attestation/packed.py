"""Format `packed` (WebAuthn L3 §8.2): by a certified key, or by the credential's own."""

from keystead_core.cose import verify_with_certificate
from keystead_core.webauthn.attestation.certificates import check_packed
from keystead_core.webauthn.attestation.statement import (
    AttestationSubject,
    Fields,
    VerifiedAttestation,
    algorithm,
    certificates,
    fields,
    octets,
    refusals,
)
from keystead_core.webauthn.errors import AttestationInvalid
from keystead_core.wire import CborValue

FORMAT = "packed"


def verify(statement: CborValue, subject: AttestationSubject) -> VerifiedAttestation:
    # "Verify that attStmt is valid CBOR conforming to the syntax defined above".
    members = fields(FORMAT, statement)
    if "ecdaaKeyId" in members:
        raise AttestationInvalid(FORMAT, "ECDAA, which Level 2 took away")
    with refusals(FORMAT):
        return _certified(members, subject) if "x5c" in members else _by_itself(members, subject)


def _certified(members: Fields, subject: AttestationSubject) -> VerifiedAttestation:
    chain = certificates(FORMAT, members)
    # "Verify that sig is a valid signature over the concatenation of authenticatorData and
    # clientDataHash using the attestation public key in attestnCert with the algorithm specified in alg."
    verify_with_certificate(chain[0], algorithm(FORMAT, members), octets(FORMAT, members, "sig"), subject.signed_bytes)
    # "Verify that attestnCert meets the requirements in §8.2.1"; "If attestnCert contains an extension
    # with OID 1.3.6.1.4.1.45724.1.1.4 (id-fido-gen-ce-aaguid) verify that the value of this extension
    # matches the aaguid in authenticatorData."
    check_packed(FORMAT, chain[0], subject.attested.aaguid)
    return VerifiedAttestation(FORMAT, "basic", chain, aaguid_attested=True)


def _by_itself(members: Fields, subject: AttestationSubject) -> VerifiedAttestation:
    # "If x5c is not present, self attestation is in use. Validate that alg matches the algorithm of
    # the credentialPublicKey in authenticatorData."
    if algorithm(FORMAT, members) != subject.public_key.algorithm:
        raise AttestationInvalid(FORMAT, "alg is not the credential key's algorithm")
    # "Verify that sig is a valid signature over the concatenation of authenticatorData and
    # clientDataHash using the credential public key with alg."
    subject.public_key.verify(octets(FORMAT, members, "sig"), subject.signed_bytes)
    return VerifiedAttestation(FORMAT, "self")
