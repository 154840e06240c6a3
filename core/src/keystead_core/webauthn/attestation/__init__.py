"""Attestation statements: one module for each format, and the one table that names them all.

A verified statement is signed by the key that its certificate names, and is about
this credential and this ceremony. Whether anybody trusts that certificate is the
server's to judge, with its roots and its clock.
"""

from typing import Final

from keystead_core.webauthn.attestation import (
    android_key,
    apple,
    compound,
    fido_u2f,
    none,
    packed,
    tpm,
)
from keystead_core.webauthn.attestation.statement import (
    AttestationKind,
    AttestationSubject,
    VerifiedAttestation,
    Verifier,
)
from keystead_core.webauthn.errors import AttestationFormatUnknown
from keystead_core.wire import CborValue

__all__ = ["FORMATS", "AttestationKind", "AttestationSubject", "VerifiedAttestation", "verify_attestation"]


def verify_attestation(
    attestation_format: str, statement: CborValue, subject: AttestationSubject
) -> VerifiedAttestation:
    """Run the format's verification procedure.

    Raises:
        AttestationFormatUnknown: we have none for it (`android-safetynet` among them: retired).
        AttestationInvalid: the procedure failed.
    """
    verifier = FORMATS.get(attestation_format)
    if verifier is None:
        raise AttestationFormatUnknown(attestation_format)
    return verifier(statement, subject)


def _compound(statement: CborValue, subject: AttestationSubject) -> VerifiedAttestation:
    return compound.verify(statement, subject, verify_attestation)


FORMATS: Final[dict[str, Verifier]] = {
    none.FORMAT: none.verify,
    packed.FORMAT: packed.verify,
    tpm.FORMAT: tpm.verify,
    android_key.FORMAT: android_key.verify,
    apple.FORMAT: apple.verify,
    fido_u2f.FORMAT: fido_u2f.verify,
    compound.FORMAT: _compound,
}
