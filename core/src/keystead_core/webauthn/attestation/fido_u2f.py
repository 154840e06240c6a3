"""Format `fido-u2f` (WebAuthn L3 §8.6): a security key from before there were passkeys.

What such a key signs has no place for flags, counter or AAGUID, so the AAGUID of
such a registration is nobody's word: the registration is reported without one.
"""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keystead_core.cose import ES256, verify_with_certificate
from keystead_core.webauthn.attestation.statement import (
    AttestationSubject,
    VerifiedAttestation,
    certificates,
    fields,
    octets,
    refusals,
)
from keystead_core.webauthn.errors import AttestationInvalid
from keystead_core.wire import CborValue

FORMAT = "fido-u2f"


def verify(statement: CborValue, subject: AttestationSubject) -> VerifiedAttestation:
    members = fields(FORMAT, statement)
    with refusals(FORMAT):
        # "Check that x5c has exactly one element and let attCert be that element."
        chain = certificates(FORMAT, members)
        if len(chain) != 1:
            raise AttestationInvalid(FORMAT, "x5c has more than one element")
        # "If certificate public key is not an Elliptic Curve (EC) public key over the P-256 curve,
        # terminate this algorithm"; "Verify the sig using verificationData and the certificate public
        # key per section 4.1.4 of [SEC1] with SHA-256": both are what ES256 means here.
        verify_with_certificate(chain[0], ES256, octets(FORMAT, members, "sig"), _verification_data(subject))
    return VerifiedAttestation(FORMAT, "basic", chain)


def _verification_data(subject: AttestationSubject) -> bytes:
    """'(0x00 || rpIdHash || clientDataHash || credentialId || publicKeyU2F)'"""
    key = subject.public_key.key
    # "Convert the COSE_KEY formatted credentialPublicKey to Raw ANSI X9.62 public key format"; an
    # ES256 key is on P-256 with coordinates of 32 bytes, or it would not have been parsed.
    if not isinstance(key, ec.EllipticCurvePublicKey) or subject.public_key.algorithm != ES256:
        raise AttestationInvalid(FORMAT, "the credential's algorithm is not ES256")
    return b"".join(
        (
            b"\x00",
            subject.authenticator_data.rp_id_hash,
            subject.client_data_hash,
            subject.attested.credential_id,
            key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        )
    )
