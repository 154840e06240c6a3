"""Each refusal as the CTAP status that a client understands; its code stays with the log."""

from collections.abc import Mapping
from typing import Final

from keystead_core.ctap.commands import ClientPin, Command, PinCommand
from keystead_core.ctap.status import CtapError, Status

from keystead_agent.authenticator import errors
from keystead_agent.container.errors import (
    HelloKeyExists,
    PasskeyUnknown,
    PinAlreadySet,
    PinDue,
    PinNotSet,
    PinUnfit,
)
from keystead_agent.keystore.errors import GestureRefused, PinBlocked, PinLocked

_STATUSES: Final[Mapping[type[Exception], Status]] = {
    # Neither ends the client's search: another authenticator may be meant.
    errors.RpNotEnrolled: Status.NOT_ALLOWED,
    errors.NoPasskey: Status.NO_CREDENTIALS,
    errors.CredentialExcluded: Status.CREDENTIAL_EXCLUDED,
    errors.AlgorithmNotSupported: Status.UNSUPPORTED_ALGORITHM,
    errors.NotApproved: Status.OPERATION_DENIED,
    errors.NobodyAnswered: Status.USER_ACTION_TIMEOUT,
    HelloKeyExists: Status.CREDENTIAL_EXCLUDED,
    PasskeyUnknown: Status.NO_CREDENTIALS,
    PinAlreadySet: Status.PIN_AUTH_INVALID,
    PinNotSet: Status.PIN_NOT_SET,
    PinUnfit: Status.PIN_POLICY_VIOLATION,
    PinDue: Status.PIN_POLICY_VIOLATION,
}


def status_of(error: Exception, command: Command | None) -> Status:
    """The status for *error*, which *command* (None: it could not be read) ended in."""
    if isinstance(error, CtapError):
        return error.status
    # The same wrong PIN is another thing to a client when it was typed at our own prompt.
    in_client = isinstance(command, ClientPin) and command.command is not PinCommand.GET_UV_TOKEN_WITH_PERMISSIONS
    if isinstance(error, GestureRefused):
        return Status.PIN_INVALID if in_client else Status.UV_INVALID
    if isinstance(error, PinLocked | PinBlocked):
        return Status.PIN_BLOCKED if in_client else Status.UV_BLOCKED
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), Status.OTHER)
