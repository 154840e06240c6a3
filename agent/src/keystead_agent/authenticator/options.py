"""What a page asks for, read strictly from its JSON (WebAuthn §5.4 and §5.5, JSON forms of §5.1.8 and §5.1.9).

Members that we do not use are skipped, as the specification has it; those that
we use must be what they are said to be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from keystead_core.wire.base64url import b64url_decode
from keystead_core.wire.errors import BadBase64Url

from keystead_agent.authenticator.errors import AlgorithmNotSupported, AttachmentNotOurs, OptionsInvalid

ES256: Final = -7
_MAX_CHALLENGE_BYTES: Final = 1024
_MAX_USER_HANDLE_BYTES: Final = 64
_MAX_NAME_CHARACTERS: Final = 256
_MAX_DESCRIPTORS: Final = 512


@dataclass(frozen=True, slots=True)
class CreationOptions:
    """Attributes:
    rp_id: None when the page leaves it to the default, its own host.
    exclude: credential ids that must not be here for a new one to be made.
    wants_attestation: conveyance is direct, indirect or enterprise.
    """

    challenge: bytes
    rp_id: str | None
    user_handle: bytes
    user_name: str
    user_display_name: str
    exclude: frozenset[bytes]
    wants_attestation: bool
    wants_cred_props: bool


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """Attributes:
    allow: the only credential ids that will do; None when any will.
    """

    challenge: bytes
    rp_id: str | None
    allow: frozenset[bytes] | None


def parse_creation(options: Mapping[str, object]) -> CreationOptions:
    """Raises OptionsInvalid, AlgorithmNotSupported, AttachmentNotOurs."""
    rp, user = _object(options, "rp"), _object(options, "user")
    _require_es256(options)
    selection = _object(options, "authenticatorSelection", default={})
    if selection.get("authenticatorAttachment") == "cross-platform":
        raise AttachmentNotOurs
    return CreationOptions(
        challenge=_challenge(options),
        rp_id=_optional_text(rp, "id"),
        user_handle=_user_handle(user),
        user_name=_text(user, "name"),
        user_display_name=_text(user, "displayName"),
        exclude=_credential_ids(options, "excludeCredentials"),
        wants_attestation=options.get("attestation") in ("direct", "indirect", "enterprise"),
        wants_cred_props=_object(options, "extensions", default={}).get("credProps") is True,
    )


def parse_request(options: Mapping[str, object]) -> RequestOptions:
    """Raises OptionsInvalid."""
    return RequestOptions(
        challenge=_challenge(options),
        rp_id=_optional_text(options, "rpId"),
        # §5.5: an empty list is no list: the person chooses among all discoverable ones.
        allow=_credential_ids(options, "allowCredentials") if options.get("allowCredentials") else None,
    )


def timeout_of(options: Mapping[str, object]) -> float | None:
    """The page's timeout in seconds, a hint that may be missing or nonsense."""
    value = options.get("timeout")
    return value / 1000 if isinstance(value, int | float) and not isinstance(value, bool) else None


def _require_es256(options: Mapping[str, object]) -> None:
    offered = _list(options, "pubKeyCredParams")
    # §5.1.3: with an empty list, "append the following … to credTypesAndPubKeyAlgs: public-key and -7".
    if offered and not any(isinstance(one, Mapping) and _names_es256(one) for one in offered):
        raise AlgorithmNotSupported


def _names_es256(one: Mapping[str, object]) -> bool:
    algorithm: Literal[-7] = ES256
    return one.get("type") == "public-key" and one.get("alg") == algorithm and not isinstance(one.get("alg"), bool)


def _challenge(options: Mapping[str, object]) -> bytes:
    challenge = _bytes(options, "challenge")
    if not 0 < len(challenge) <= _MAX_CHALLENGE_BYTES:
        raise OptionsInvalid(f"challenge must have 1 to {_MAX_CHALLENGE_BYTES} bytes")
    return challenge


def _user_handle(user: Mapping[str, object]) -> bytes:
    handle = _bytes(user, "id")
    # §5.4.3: "The user handle MUST NOT be empty", "maximum size of 64 bytes".
    if not 0 < len(handle) <= _MAX_USER_HANDLE_BYTES:
        raise OptionsInvalid(f"user.id must have 1 to {_MAX_USER_HANDLE_BYTES} bytes")
    return handle


def _credential_ids(options: Mapping[str, object], member: str) -> frozenset[bytes]:
    descriptors = _list(options, member, default=[])
    if len(descriptors) > _MAX_DESCRIPTORS:
        raise OptionsInvalid(f"{member} has more than {_MAX_DESCRIPTORS} entries")
    # §5.10.3: descriptors of an unknown type are to be ignored.
    known = (one for one in descriptors if isinstance(one, Mapping) and one.get("type") == "public-key")
    return frozenset(_bytes(one, "id") for one in known)


def _bytes(options: Mapping[str, object], member: str) -> bytes:
    value = options.get(member)
    if not isinstance(value, str):
        raise OptionsInvalid(f"{member} must be base64url")
    try:
        return b64url_decode(value)
    except BadBase64Url as error:
        raise OptionsInvalid(f"{member} must be base64url: {error}") from error


def _text(options: Mapping[str, object], member: str) -> str:
    value = options.get(member)
    if not isinstance(value, str):
        raise OptionsInvalid(f"{member} must be a text")
    return value[:_MAX_NAME_CHARACTERS]


def _optional_text(options: Mapping[str, object], member: str) -> str | None:
    return None if options.get(member) is None else _text(options, member)


def _object(
    options: Mapping[str, object], member: str, *, default: Mapping[str, object] | None = None
) -> Mapping[str, object]:
    value = options.get(member)
    if value is None and default is not None:
        return default
    if not isinstance(value, Mapping):
        raise OptionsInvalid(f"{member} must be an object")
    return value


def _list(options: Mapping[str, object], member: str, *, default: list[object] | None = None) -> list[object]:
    value = options.get(member)
    if value is None and default is not None:
        return default
    if not isinstance(value, list):
        raise OptionsInvalid(f"{member} must be a list")
    return value
