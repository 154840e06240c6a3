"""What can go wrong between us and a TPM."""

from keystead_core.tpm.codes import CommandCode, base_of, name_of


class TpmFault(Exception):
    """Anything between us and the TPM."""

    code = "tpm_fault"


class TpmError(TpmFault):
    """The TPM refused a command.

    Attributes:
        rc: the response code exactly as it came.
        base: without the number of the handle, parameter or session.
        name: as in the specification, for example "TPM_RC_AUTH_FAIL".
    """

    code = "tpm_error"

    def __init__(self, rc: int, command: CommandCode) -> None:
        self.rc = rc
        self.command = command
        self.base = base_of(rc)
        self.name = name_of(rc)
        super().__init__(f"{command.name.title().replace('_', '')}: {self.name} (0x{rc:03x})")


class ResponseMalformed(TpmFault):
    """The answer is not one the specification allows."""

    code = "tpm_response_malformed"


class ResponseNotAuthentic(TpmFault):
    """The answer's HMAC is wrong: it does not come from the TPM we share the session with."""

    code = "tpm_response_not_authentic"
