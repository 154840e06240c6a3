"""Format `compound` (WebAuthn L3 §8.9): several statements about one credential."""

from collections.abc import Callable, Mapping

from keystead_core.webauthn.attestation.statement import AttestationSubject, VerifiedAttestation
from keystead_core.webauthn.errors import AttestationInvalid
from keystead_core.wire import CborValue

FORMAT = "compound"

MIN_STATEMENTS, MAX_STATEMENTS = 2, 8


def verify(
    statement: CborValue,
    subject: AttestationSubject,
    verify_one: Callable[[str, CborValue, AttestationSubject], VerifiedAttestation],
) -> VerifiedAttestation:
    # The syntax is "attStmt: [2* nonCompoundAttStmt]"
    if not isinstance(statement, list) or not MIN_STATEMENTS <= len(statement) <= MAX_STATEMENTS:
        raise AttestationInvalid(FORMAT, "the statement is not a list of two or more")
    # "For each subStmt of attStmt, evaluate the verification procedure corresponding to the attestation
    # statement format identifier subStmt.fmt"; "If validation fails for one or more subStmt, decide the
    # appropriate result based on RP policy.": ours is that every one must hold.
    components = tuple(verify_one(*_parts(item), subject) for item in statement)
    speaking = next((part for part in components if part.trust_path), components[0])
    return VerifiedAttestation(
        FORMAT,
        speaking.kind,
        speaking.trust_path,
        frozenset().union(*(part.legacy for part in components)),
        aaguid_attested=any(part.aaguid_attested for part in components),
        tpm_key=next((part.tpm_key for part in components if part.tpm_key), None),
        components=components,
    )


def _parts(item: CborValue) -> tuple[str, CborValue]:
    if not isinstance(item, Mapping) or set(item) != {"fmt", "attStmt"}:
        raise AttestationInvalid(FORMAT, "a part without exactly fmt and attStmt")
    attestation_format = item["fmt"]
    # And 'nonCompoundAttStmt = { $$attStmtType } .within { fmt: text .ne "compound", * any => any }'
    if not isinstance(attestation_format, str) or attestation_format == FORMAT:
        raise AttestationInvalid(FORMAT, "a part that is itself compound, or has no format")
    return attestation_format, item["attStmt"]
