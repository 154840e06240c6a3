"""Why bytes that claim to be a TPM's are not believed."""


class TpmStructureInvalid(Exception):
    """Not the TPM 2.0 structure it is said to be, or one we have no use for."""

    code = "tpm_structure_invalid"


class UnlockNotOurs(Exception):
    """A reset is asked for an index that is not the person's, or not under the key that would sign."""

    code = "unlock_not_ours"

    def __init__(self) -> None:
        super().__init__("the index is not this person's, or not under this unlock key")
