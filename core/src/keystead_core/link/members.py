"""What a member of a message may be: each a check that returns the value or says what it must be."""

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Final, Literal, TypeAlias, get_args

from keystead_core.link.errors import MemberInvalid, MemberMissing, MemberUnknown

# The DOMExceptions that WebAuthn lets `create()` and `get()` reject with.
ErrorName: TypeAlias = Literal[
    "NotAllowedError",
    "InvalidStateError",
    "AbortError",
    "SecurityError",
    "NotSupportedError",
    "ConstraintError",
    "UnknownError",
]
ERROR_NAMES: Final[frozenset[str]] = frozenset(get_args(ErrorName))

Mediation: TypeAlias = Literal["optional", "required", "conditional"]

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_MAX_TEXT_CHARACTERS = 2048
_MAX_NAME_CHARACTERS = 64
# 7,609 bytes, as long as CTAPHID can carry.
_MAX_CTAP_CHARACTERS = 10_146


def text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT_CHARACTERS:
        raise ValueError(f"must be a text of 1 to {_MAX_TEXT_CHARACTERS} characters")
    return value


def name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= len(value) <= _MAX_NAME_CHARACTERS:
        raise ValueError(f"must be a text of 1 to {_MAX_NAME_CHARACTERS} characters")
    return value


def identifier(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("must be 1 to 64 letters, digits or any of _ . : -")
    return value


def ctap(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_CTAP_CHARACTERS:
        raise ValueError(f"must be base64url of 1 to {_MAX_CTAP_CHARACTERS} characters")
    return value


def json_object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    return value


def count(least: int, most: int) -> Callable[[object], object]:
    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be a number from {least} to {most}")
        return value

    return check


def mediation(value: object) -> str:
    if value not in get_args(Mediation):
        raise ValueError(f"must be one of {', '.join(get_args(Mediation))}")
    return str(value)


def required(check: Callable[[object], object]) -> Any:
    return field(metadata={"check": check})


def secret(check: Callable[[object], object]) -> Any:
    return field(repr=False, metadata={"check": check})


def optional(check: Callable[[object], object]) -> Any:
    return field(default=None, metadata={"check": check})


def error_name(value: object) -> str:
    if not isinstance(value, str) or value not in ERROR_NAMES:
        raise ValueError(f"must be one of {', '.join(sorted(ERROR_NAMES))}")
    return value


def checked(
    message: Any,
    checks: Mapping[str, Callable[[object], object]],
    *,
    where: str,
    may_lack: set[str] | frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The members of *message*, each checked.

    Raises:
        MemberUnknown, MemberMissing, MemberInvalid: with the name of what was wrong.
    """
    for member in message:
        if member not in checks:
            raise MemberUnknown(f"{where} has no member {member!r}")
    for member in checks:
        if member not in message and member not in may_lack:
            raise MemberMissing(f"{where} needs {member!r}")
    found = {}
    for member, value in message.items():
        try:
            found[member] = checks[member](value)
        except ValueError as error:
            raise MemberInvalid(f"{where}: {member!r} {error}") from error
    return found
