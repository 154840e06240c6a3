"""What a client asks an authenticator (§6), as values.

    command_from_bytes   one command byte and its parameters -> one of the classes below

Each class has the members that we act on; what we do not support and a client
can do without is skipped, what it must not do without is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final, TypeAlias

from keystead_core.ctap.entities import (
    Authorisation,
    HmacSecretInput,
    PeerKey,
    User,
    read_algorithms,
    read_authorisation,
    read_credential_id,
    read_credential_ids,
    read_hmac_secret,
    read_peer_key,
    read_rp_id,
    read_user,
)
from keystead_core.ctap.parameters import Parameters, read_parameters
from keystead_core.ctap.status import CtapError, Status

MAX_MESSAGE_BYTES: Final = 7609
_HASH_BYTES: Final = range(32, 33)


class PinCommand(IntEnum):
    GET_PIN_RETRIES = 1
    GET_KEY_AGREEMENT = 2
    SET_PIN = 3
    CHANGE_PIN = 4
    GET_PIN_TOKEN = 5
    GET_UV_TOKEN_WITH_PERMISSIONS = 6
    GET_UV_RETRIES = 7
    GET_PIN_TOKEN_WITH_PERMISSIONS = 9


class ManagementCommand(IntEnum):
    GET_METADATA = 1
    ENUMERATE_RPS_BEGIN = 2
    ENUMERATE_RPS_NEXT = 3
    ENUMERATE_CREDENTIALS_BEGIN = 4
    ENUMERATE_CREDENTIALS_NEXT = 5
    DELETE_CREDENTIAL = 6
    UPDATE_USER = 7


class Permission(IntFlag):
    """What a token may be used for (§6.5.5.7)."""

    MAKE_CREDENTIAL = 0x01
    GET_ASSERTION = 0x02
    CREDENTIAL_MANAGEMENT = 0x04


@dataclass(frozen=True, slots=True)
class MakeCredential:
    """Attributes:
    cred_protect: the level that is wished, None if none is.
    discoverable: the option rk.
    """

    client_data_hash: bytes
    rp_id: str
    user: User
    algorithms: tuple[int, ...]
    exclude: tuple[bytes, ...]
    cred_protect: int | None
    hmac_secret: bool
    discoverable: bool
    authorisation: Authorisation | None


@dataclass(frozen=True, slots=True)
class GetAssertion:
    """Attributes:
    allow: the only credentials that will do; None when any will.
    user_present: false for a silent question whether there is one.
    """

    rp_id: str
    client_data_hash: bytes
    allow: tuple[bytes, ...] | None
    hmac_secret: HmacSecretInput | None
    user_present: bool
    authorisation: Authorisation | None


@dataclass(frozen=True, slots=True)
class GetNextAssertion:
    pass


@dataclass(frozen=True, slots=True)
class GetInfo:
    pass


@dataclass(frozen=True, slots=True)
class ClientPin:
    """Attributes:
    permissions: None when the client named none, as CTAP 2.0 does.
    """

    command: PinCommand
    protocol: int
    key_agreement: PeerKey | None
    authentication: bytes | None
    new_pin_encrypted: bytes | None
    pin_hash_encrypted: bytes | None
    permissions: int | None
    rp_id: str | None


@dataclass(frozen=True, slots=True)
class Reset:
    pass


@dataclass(frozen=True, slots=True)
class CredentialManagement:
    """Attributes:
    authenticated: what the authorisation is over.
    """

    command: ManagementCommand
    rp_id_hash: bytes | None
    credential_id: bytes | None
    user: User | None
    authenticated: bytes
    authorisation: Authorisation | None


@dataclass(frozen=True, slots=True)
class Selection:
    pass


Command: TypeAlias = (
    MakeCredential | GetAssertion | GetNextAssertion | GetInfo | ClientPin | Reset | CredentialManagement | Selection
)


def command_from_bytes(message: bytes) -> Command:
    """Parse one message of CTAPHID_CBOR.

    Raises:
        CtapError: with the status that §8.2 has for what is wrong.
    """
    if not 0 < len(message) <= MAX_MESSAGE_BYTES:
        raise CtapError(Status.INVALID_LENGTH, f"a command of {len(message)} bytes")
    number, parameters = message[0], message[1:]
    if number in _WITHOUT_PARAMETERS:
        return _WITHOUT_PARAMETERS[number]
    if number not in _WITH_PARAMETERS:
        raise CtapError(Status.INVALID_COMMAND, f"command 0x{number:02x}")
    if not parameters:
        raise CtapError(Status.MISSING_PARAMETER, "no parameters")
    return _WITH_PARAMETERS[number](read_parameters(parameters, f"command 0x{number:02x}"))


def _make_credential(given: Parameters) -> MakeCredential:
    options, extensions = given.optional_map(7), given.optional_map(6)
    # §6.1.2: "If the "up" option is present and set to false, end the operation by returning
    # CTAP2_ERR_INVALID_OPTION": nobody registers without somebody there.
    if not options.flag("up", default=True):
        raise CtapError(Status.INVALID_OPTION, "up is false")
    # §6.1.2: an authenticator without enterprise attestation ends "by returning CTAP1_ERR_INVALID_PARAMETER".
    if 10 in given:
        raise CtapError(Status.INVALID_PARAMETER, "enterprise attestation")
    cred_protect = extensions.optional_number("credProtect")
    if cred_protect not in (None, 1, 2, 3):
        raise CtapError(Status.INVALID_OPTION, f"credProtect {cred_protect}")
    return MakeCredential(
        client_data_hash=given.data(1, length=_HASH_BYTES),
        rp_id=read_rp_id(given.map(2), "id"),
        user=read_user(given.map(3)),
        algorithms=read_algorithms(given, 4),
        exclude=read_credential_ids(given, 5) or (),
        cred_protect=cred_protect,
        hmac_secret=extensions.flag("hmac-secret", default=False),
        discoverable=options.flag("rk", default=False),
        authorisation=read_authorisation(given, parameter=8, protocol=9),
    )


def _get_assertion(given: Parameters) -> GetAssertion:
    options = given.optional_map(5)
    # §6.2.2: "If the "rk" option is present then: Return CTAP2_ERR_UNSUPPORTED_OPTION."
    if "rk" in options:
        raise CtapError(Status.UNSUPPORTED_OPTION, "rk in an assertion")
    return GetAssertion(
        rp_id=read_rp_id(given, 1),
        client_data_hash=given.data(2, length=_HASH_BYTES),
        # §6.2.2: an empty list is as none.
        allow=read_credential_ids(given, 3) or None,
        hmac_secret=read_hmac_secret(given.optional_map(4)),
        user_present=options.flag("up", default=True),
        authorisation=read_authorisation(given, parameter=6, protocol=7),
    )


def _client_pin(given: Parameters) -> ClientPin:
    number = given.number(2)
    if number not in set(PinCommand):
        raise CtapError(Status.INVALID_SUBCOMMAND, f"clientPIN {number}")
    command = PinCommand(number)
    needs_protocol = command not in (PinCommand.GET_PIN_RETRIES, PinCommand.GET_UV_RETRIES)
    return ClientPin(
        command=command,
        protocol=given.number(1) if needs_protocol else 0,
        key_agreement=read_peer_key(given.map(3)) if 3 in given else None,
        authentication=given.optional_data(4),
        new_pin_encrypted=given.optional_data(5),
        pin_hash_encrypted=given.optional_data(6),
        permissions=given.optional_number(9),
        rp_id=read_rp_id(given, 10) if 10 in given else None,
    )


def _credential_management(given: Parameters) -> CredentialManagement:
    number = given.number(1)
    if number not in set(ManagementCommand):
        raise CtapError(Status.INVALID_SUBCOMMAND, f"credential management {number}")
    inner = given.optional_map(2)
    return CredentialManagement(
        command=ManagementCommand(number),
        rp_id_hash=inner.data(1, length=_HASH_BYTES) if 1 in inner else None,
        credential_id=read_credential_id(inner.map(2)) if 2 in inner else None,
        user=read_user(inner.map(3)) if 3 in inner else None,
        authenticated=bytes([number]) + given.encoded(2),
        authorisation=read_authorisation(given, parameter=4, protocol=3),
    )


_WITHOUT_PARAMETERS: Final[Mapping[int, Command]] = {
    0x04: GetInfo(),
    0x07: Reset(),
    0x08: GetNextAssertion(),
    0x0B: Selection(),
}
_WITH_PARAMETERS: Final[Mapping[int, Callable[[Parameters], Command]]] = {
    0x01: _make_credential,
    0x02: _get_assertion,
    0x06: _client_pin,
    0x0A: _credential_management,
    # Its number before CTAP 2.1 was final; libfido2 still used it in 2022, and nothing else differs.
    0x41: _credential_management,
}
