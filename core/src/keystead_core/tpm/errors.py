"""Why bytes that claim to be a TPM's are not believed."""


class TpmStructureInvalid(Exception):
    """Not the TPM 2.0 structure it is said to be, or one we have no use for."""

    code = "tpm_structure_invalid"
