"""Every error that a request can end in, as the reply that says so."""

from typing import Final

from keystead_core.link.errors import LinkError
from keystead_core.link.messages import ErrorName, Failed

from keystead_agent.authenticator.errors import AuthenticatorError
from keystead_agent.container.errors import ContainerError, HelloKeyExists
from keystead_agent.enrolment.errors import EnrolmentError
from keystead_agent.gesture.interface import GestureUnavailable
from keystead_agent.keystore.errors import KeystoreError
from keystead_agent.keystore.private_file import FileNotPrivate, FileNotWritten

EXPECTED: Final = (
    AuthenticatorError,
    ContainerError,
    EnrolmentError,
    FileNotPrivate,
    FileNotWritten,
    GestureUnavailable,
    KeystoreError,
    LinkError,
)

Expected = (
    AuthenticatorError
    | ContainerError
    | EnrolmentError
    | FileNotPrivate
    | FileNotWritten
    | GestureUnavailable
    | KeystoreError
    | LinkError
)

_MOST_CHARACTERS: Final = 1000


def refusal(request_id: str, error: Expected) -> Failed:
    name: ErrorName = error.name if isinstance(error, AuthenticatorError | HelloKeyExists) else "NotAllowedError"
    return Failed(request_id, error.code, (str(error) or error.code)[:_MOST_CHARACTERS], name)


def cancelled(request_id: str) -> Failed:
    return Failed(request_id, "cancelled", "It was cancelled.", "AbortError")


def internal(request_id: str) -> Failed:
    """A bug: what it was stands in the log; the other end learns only that it was one."""
    return Failed(request_id, "internal_error", "Something went wrong in the agent; its log says what.", "UnknownError")
