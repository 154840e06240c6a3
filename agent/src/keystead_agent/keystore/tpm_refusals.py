"""What a TPM's refusal means for a person, where nothing nearer to the command has said it."""

from datetime import timedelta

from keystead_core.tpm.codes import CommandCode, ResponseCode
from keystead_core.tpm.faults import TpmError

from keystead_agent.keystore.bus import Bus
from keystead_agent.keystore.errors import (
    GestureRefused,
    KeystoreError,
    KeystoreUnusable,
    OtherMachine,
    PinLocked,
)
from keystead_agent.keystore.tpm_facts import read_tries


def refusal(bus: Bus, error: TpmError) -> KeystoreError:
    match error.base:
        case ResponseCode.TPM_RC_AUTH_FAIL:
            tries = read_tries(bus)
            return GestureRefused(tries.left) if tries.left else PinLocked(tries.back_after)
        case ResponseCode.TPM_RC_LOCKOUT:
            return PinLocked(max(read_tries(bus).back_after, timedelta(seconds=1)))
        case ResponseCode.TPM_RC_INTEGRITY:
            return OtherMachine()
        case ResponseCode.TPM_RC_BAD_AUTH if error.command == CommandCode.CREATE_PRIMARY:
            return KeystoreUnusable(
                "The TPM's owner password is set, so no root key can be made for you: "
                "have the administrator keep an ECC storage root key at 0x81000001."
            )
        case _:
            return KeystoreUnusable(f"The TPM refused: {error}.")
