"""Responses as browsers send them: shaped, and believed in nothing else.

    parse_registration   RegistrationResponseJSON   -> ReceivedRegistration
    parse_assertion      AuthenticationResponseJSON -> ReceivedAssertion

(WebAuthn L3 §5.1, `PublicKeyCredential.toJSON()`.) Binary members are base64url
without padding. Convenience copies (`publicKey`, `publicKeyAlgorithm`,
`authenticatorData` of a registration) are not read: nobody signed them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keystead_core.fast_init import fast_init
from keystead_core.webauthn.authenticator_data import (
    FLAG_AT,
    MAX_CREDENTIAL_ID_BYTES,
    AuthenticatorData,
    parse_authenticator_data,
)
from keystead_core.webauthn.client_data import ClientData, parse_client_data
from keystead_core.webauthn.errors import CredentialIdTooLong, MalformedResponse
from keystead_core.wire import CborValue, WireError, b64url_decode, decode_cbor, json_decode_object

MAX_USER_HANDLE_BYTES = 64
MAX_SIGNATURE_BYTES = 2048
MAX_TRANSPORTS = 16
MAX_TRANSPORT_CHARACTERS = 32

_Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AttestationObject:
    """What `attestationObject` holds (WebAuthn L3 §6.5.4).

    Attributes:
        statement: CBOR whose shape is the format's own business.
    """

    raw: bytes
    format: str
    statement: CborValue
    authenticator_data: AuthenticatorData


@dataclass(frozen=True, slots=True)
class ReceivedRegistration:
    """A registration's answer; its shape is right and nothing else is known."""

    credential_id: bytes
    client_data: ClientData
    attestation_object: AttestationObject
    transports: tuple[str, ...]
    client_extension_results: _Json
    authenticator_attachment: str | None


@fast_init
@dataclass(frozen=True, slots=True)
class ReceivedAssertion:
    """A sign-in's answer; its shape is right and nothing else is known.

    Attributes:
        user_handle: None when the authenticator did not say whose the passkey is.
    """

    credential_id: bytes
    client_data: ClientData
    authenticator_data: AuthenticatorData
    signature: bytes
    user_handle: bytes | None
    client_extension_results: _Json
    authenticator_attachment: str | None


def parse_registration(payload: bytes | _Json) -> ReceivedRegistration:
    """Read a RegistrationResponseJSON, as JSON text or already decoded.

    Raises:
        MalformedResponse: it does not have that form.
    """
    try:
        members, response, credential_id = _credential(payload)
        return ReceivedRegistration(
            credential_id,
            parse_client_data(_binary(response, "clientDataJSON")),
            _attestation_object(_binary(response, "attestationObject")),
            _transports(response),
            _extension_results(members),
            _attachment(members),
        )
    except WireError as error:
        raise MalformedResponse(str(error)) from None


def parse_assertion(payload: bytes | _Json) -> ReceivedAssertion:
    """Read an AuthenticationResponseJSON, as JSON text or already decoded.

    Raises:
        MalformedResponse: it does not have that form.
    """
    try:
        members, response, credential_id = _credential(payload)
        authenticator_data = parse_authenticator_data(_binary(response, "authenticatorData"))
        # §6.1: attested credential data belong to registrations alone.
        if authenticator_data.flags & FLAG_AT:
            raise MalformedResponse("attested credential data in an assertion")
        signature = _binary(response, "signature")
        if len(signature) > MAX_SIGNATURE_BYTES:
            raise MalformedResponse(f"a signature of {len(signature)} bytes")
        return ReceivedAssertion(
            credential_id,
            parse_client_data(_binary(response, "clientDataJSON")),
            authenticator_data,
            signature,
            _user_handle(response),
            _extension_results(members),
            _attachment(members),
        )
    except WireError as error:
        raise MalformedResponse(str(error)) from None


def _credential(payload: bytes | _Json) -> tuple[_Json, _Json, bytes]:
    members = json_decode_object(payload) if isinstance(payload, bytes) else payload
    # A dict comes first because the answer for it is ten times as fast, three times an assertion.
    if not isinstance(members, (dict, Mapping)):
        raise MalformedResponse("not an object")
    if members.get("type") != "public-key":
        raise MalformedResponse("type is not public-key")
    credential_id = _binary(members, "rawId")
    if members.get("id") != members["rawId"]:
        raise MalformedResponse("id and rawId differ")
    if not credential_id:
        raise MalformedResponse("id is empty")
    if len(credential_id) > MAX_CREDENTIAL_ID_BYTES:
        raise CredentialIdTooLong(len(credential_id))
    response = members.get("response")
    if not isinstance(response, (dict, Mapping)):
        raise MalformedResponse("no response")
    return members, response, credential_id


def _binary(members: _Json, name: str) -> bytes:
    value = members.get(name)
    if type(value) is not str:
        raise MalformedResponse(f"{name} is not base64url text")
    return b64url_decode(value)


def _user_handle(response: _Json) -> bytes | None:
    # Some clients spell "no user handle" as null, some as empty text: a user handle is never empty.
    if response.get("userHandle") in (None, ""):
        return None
    handle = _binary(response, "userHandle")
    if len(handle) > MAX_USER_HANDLE_BYTES:
        raise MalformedResponse(f"a user handle of {len(handle)} bytes")
    return handle


def _extension_results(members: _Json) -> _Json:
    results = members.get("clientExtensionResults")
    if results is None:
        return {}
    if not isinstance(results, (dict, Mapping)):
        raise MalformedResponse("clientExtensionResults is not an object")
    return results


def _attachment(members: _Json) -> str | None:
    attachment = members.get("authenticatorAttachment")
    if attachment is not None and type(attachment) is not str:
        raise MalformedResponse("authenticatorAttachment is not text")
    return attachment


def _transports(response: _Json) -> tuple[str, ...]:
    """Values nobody has heard of yet are kept: §5.8.4 says to store them and hand them back."""
    transports = response.get("transports")
    if transports is None:
        return ()
    if not isinstance(transports, list) or len(transports) > MAX_TRANSPORTS:
        raise MalformedResponse("transports is not a short list")
    for transport in transports:
        if type(transport) is not str or len(transport) > MAX_TRANSPORT_CHARACTERS:
            raise MalformedResponse("a transport that is not a short text")
    return tuple(transports)


def _attestation_object(raw: bytes) -> AttestationObject:
    members = decode_cbor(raw)
    if not isinstance(members, Mapping) or set(members) != {"fmt", "attStmt", "authData"}:
        raise MalformedResponse("an attestation object without exactly fmt, attStmt and authData")
    attestation_format, data = members["fmt"], members["authData"]
    if not isinstance(attestation_format, str) or not isinstance(data, bytes):
        raise MalformedResponse("an attestation object whose fmt or authData is of another type")
    return AttestationObject(raw, attestation_format, members["attStmt"], parse_authenticator_data(data))
