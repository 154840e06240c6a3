"""Why a ceremony was refused: one class, one stable `code`, for each thing an operator would do about it.

    CeremonyError
      MalformedResponse          the bytes do not have the form of a response
        BackupStateImpossible
        CredentialIdTooLong
        PublicKeyInvalid
      CeremonyTypeWrong … SignatureInvalid   WebAuthn L3 §7.1 and §7.2, in their order
      AttestationFormatUnknown
      AttestationInvalid

The message is for the operator; the person is told only that the passkey did not work.
"""

from typing import ClassVar


class CeremonyError(Exception):
    """The ceremony does not prove what it should."""

    code: ClassVar[str] = "ceremony_refused"


class MalformedResponse(CeremonyError):
    """The response does not have the form that browsers give it."""

    code = "malformed_response"


class BackupStateImpossible(MalformedResponse):
    """Said to be backed up by an authenticator that says it cannot be."""

    code = "backup_state_impossible"

    def __init__(self) -> None:
        super().__init__("backed up (BS) but not eligible for backup (BE)")


class CredentialIdTooLong(MalformedResponse):
    """A credential id longer than any authenticator makes."""

    code = "credential_id_too_long"

    def __init__(self, length: int) -> None:
        super().__init__(f"a credential id of {length} bytes; 1,023 are allowed")
        self.length = length


class PublicKeyInvalid(MalformedResponse):
    """The credential public key contradicts itself, is not a key, or is too weak."""

    code = "public_key_invalid"


class CeremonyTypeWrong(CeremonyError):
    """A registration answered as a sign-in, a sign-in as a registration, or something else."""

    code = "ceremony_type_wrong"

    def __init__(self, got: str) -> None:
        super().__init__(f"the client data are for a ceremony of type {got!r}")
        self.got = got


class ChallengeMismatch(CeremonyError):
    """An answer to another challenge than ours."""

    code = "challenge_mismatch"

    def __init__(self) -> None:
        super().__init__("the challenge signed is not the one issued")


class OriginNotAllowed(CeremonyError):
    """The ceremony ran on a page this relying party does not own."""

    code = "origin_not_allowed"

    def __init__(self, origin: str) -> None:
        super().__init__(f"signed by a page at {origin!r}")
        self.origin = origin


class CrossOriginNotAllowed(CeremonyError):
    """The ceremony ran in a frame of somebody else's page."""

    code = "cross_origin_not_allowed"

    def __init__(self, origin: str) -> None:
        super().__init__(f"{origin!r} was framed by a page of another origin")
        self.origin = origin


class TopOriginNotAllowed(CeremonyError):
    """The page was framed by one that we do not expect to frame it."""

    code = "top_origin_not_allowed"

    def __init__(self, top_origin: str) -> None:
        super().__init__(f"framed by a page at {top_origin!r}")
        self.top_origin = top_origin


class RpIdMismatch(CeremonyError):
    """Signed for another relying party."""

    code = "rp_id_mismatch"

    def __init__(self, rp_id: str) -> None:
        super().__init__(f"not signed for the relying-party id {rp_id!r}")
        self.rp_id = rp_id


class UserPresenceMissing(CeremonyError):
    """The authenticator saw nobody."""

    code = "user_presence_missing"

    def __init__(self) -> None:
        super().__init__("user present (UP) is not set")


class UserVerificationMissing(CeremonyError):
    """The authenticator saw somebody and did not ask who."""

    code = "user_verification_missing"

    def __init__(self) -> None:
        super().__init__("user verified (UV) is not set")


class AlgorithmNotOffered(CeremonyError):
    """A credential with an algorithm that the options did not name."""

    code = "algorithm_not_offered"

    def __init__(self, algorithm: int) -> None:
        super().__init__(f"COSE algorithm {algorithm} was not offered")
        self.algorithm = algorithm


class CredentialIdMismatch(CeremonyError):
    """Another credential than the one asked for, attested or stored."""

    code = "credential_id_mismatch"


class BackupEligibilityChanged(CeremonyError):
    """Backup eligibility never changes; where it does, this is not the credential that was registered."""

    code = "backup_eligibility_changed"

    def __init__(self, *, was_eligible: bool) -> None:
        then, now = ("eligible", "not eligible") if was_eligible else ("not eligible", "eligible")
        super().__init__(f"registered as {then} for backup, now {now}")
        self.was_eligible = was_eligible


class SignatureInvalid(CeremonyError):
    """The stored key did not make this signature."""

    code = "signature_invalid"


class AttestationFormatUnknown(CeremonyError):
    """An attestation statement in a format that we cannot verify."""

    code = "attestation_format_unknown"

    def __init__(self, attestation_format: str) -> None:
        super().__init__(f"no verification procedure for attestation format {attestation_format!r}")
        self.attestation_format = attestation_format


class AttestationInvalid(CeremonyError):
    """The attestation statement does not prove what it claims.

    Attributes:
        attestation_format: whose verification procedure refused it.
    """

    code = "attestation_invalid"

    def __init__(self, attestation_format: str, why: str) -> None:
        super().__init__(f"{attestation_format}: {why}")
        self.attestation_format = attestation_format


class AttestationReplayed(AttestationInvalid):
    """The statement is about another registration than the one it came with."""

    code = "attestation_replayed"
