"""What we ask of the browser: options for create() and get() (WebAuthn L3 §5.4, §5.5).

Built as the JSON forms (`PublicKeyCredentialCreationOptionsJSON`,
`PublicKeyCredentialRequestOptionsJSON`), which the browser's own
`parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from keystead_core.cose import DEFAULT_OFFERED_ALGORITHMS
from keystead_core.wire import b64url_encode

UserVerification: TypeAlias = Literal["required", "preferred", "discouraged"]
ResidentKey: TypeAlias = Literal["required", "preferred", "discouraged"]
AttestationPreference: TypeAlias = Literal["none", "indirect", "direct", "enterprise"]
Attachment: TypeAlias = Literal["platform", "cross-platform"]


@dataclass(frozen=True, slots=True)
class CredentialDescriptor:
    """A passkey that the browser should use, or avoid."""

    credential_id: bytes
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserEntity:
    """Whose the passkey will be.

    Attributes:
        handle: 1 to 64 bytes that say nothing about the person (§14.6.1).
    """

    handle: bytes
    name: str
    display_name: str


def creation_options(
    *,
    challenge: bytes,
    rp_id: str,
    rp_name: str,
    user: UserEntity,
    timeout: timedelta,
    algorithms: Sequence[int] = DEFAULT_OFFERED_ALGORITHMS,
    exclude: Iterable[CredentialDescriptor] = (),
    user_verification: UserVerification = "required",
    resident_key: ResidentKey = "required",
    attachment: Attachment | None = None,
    attestation: AttestationPreference = "none",
    hints: Sequence[str] = (),
    extensions: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    selection: dict[str, Any] = {
        "residentKey": resident_key,
        # Level 1 browsers know only this one: "true if, and only if, residentKey is set to required".
        "requireResidentKey": resident_key == "required",
        "userVerification": user_verification,
    }
    if attachment is not None:
        selection["authenticatorAttachment"] = attachment
    return {
        "rp": {"id": rp_id, "name": rp_name},
        "user": {
            "id": b64url_encode(user.handle),
            "name": user.name,
            "displayName": user.display_name,
        },
        "challenge": b64url_encode(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in algorithms],
        "timeout": _milliseconds(timeout),
        "excludeCredentials": [_descriptor(credential) for credential in exclude],
        "authenticatorSelection": selection,
        "hints": list(hints),
        "attestation": attestation,
        "extensions": dict(extensions or {}),
    }


def request_options(
    *,
    challenge: bytes,
    rp_id: str,
    timeout: timedelta,
    allow: Iterable[CredentialDescriptor] = (),
    user_verification: UserVerification = "required",
    hints: Sequence[str] = (),
    extensions: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "challenge": b64url_encode(challenge),
        "timeout": _milliseconds(timeout),
        "rpId": rp_id,
        "allowCredentials": [_descriptor(credential) for credential in allow],
        "userVerification": user_verification,
        "hints": list(hints),
        "extensions": dict(extensions or {}),
    }


def _descriptor(credential: CredentialDescriptor) -> dict[str, Any]:
    described: dict[str, Any] = {"type": "public-key", "id": b64url_encode(credential.credential_id)}
    if credential.transports:
        described["transports"] = list(credential.transports)
    return described


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
