"""Format `none` (WebAuthn L3 §8.7): nothing is attested, and nothing else is said."""

from keystead_core.webauthn.attestation.statement import AttestationSubject, VerifiedAttestation
from keystead_core.webauthn.errors import AttestationInvalid
from keystead_core.wire import CborValue

FORMAT = "none"


def verify(statement: CborValue, subject: AttestationSubject) -> VerifiedAttestation:
    # "attStmt: emptyMap". What is in a statement that attests nothing, nobody checks.
    if statement != {}:
        raise AttestationInvalid(FORMAT, "the statement is not an empty map")
    # "Return implementation-specific values representing attestation type None and an empty
    # attestation trust path."
    return VerifiedAttestation(FORMAT, "none")
