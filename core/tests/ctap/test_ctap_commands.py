"""CTAP commands: what is well-formed becomes a value, everything else a status, nothing else ever."""

import contextlib
from typing import Any

import pytest
from fido2 import cbor
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.ctap.commands import (
    MAX_MESSAGE_BYTES,
    ClientPin,
    CredentialManagement,
    GetAssertion,
    GetInfo,
    MakeCredential,
    ManagementCommand,
    PinCommand,
    Reset,
    command_from_bytes,
)
from keystead_core.ctap.entities import Authorisation, User
from keystead_core.ctap.status import CtapError, Status
from keystead_core.wire import encode_cbor

HASH = bytes(range(32))
RP = {"id": "id.example.org", "name": "Example"}
ADA = {"id": b"ada", "name": "ada", "displayName": "Ada"}
ES256 = {"alg": -7, "type": "public-key"}
POINT = {1: 2, 3: -25, -1: 1, -2: bytes(32), -3: bytes(32)}
CREATION = {1: HASH, 2: RP, 3: ADA, 4: [ES256]}
ASSERTION = {1: "id.example.org", 2: HASH}


def message(number: int, parameters: Any = None) -> bytes:
    return bytes([number]) + (b"" if parameters is None else cbor.encode(parameters))


def status(data: bytes) -> Status:
    with pytest.raises(CtapError) as refused:
        command_from_bytes(data)
    return refused.value.status


def without(parameters: dict[Any, Any], key: Any) -> dict[Any, Any]:
    return {name: value for name, value in parameters.items() if name != key}


def test_reads_a_registration() -> None:
    wanted = command_from_bytes(
        message(
            1,
            {
                **CREATION,
                5: [{"id": b"one", "type": "public-key"}, {"id": b"two", "type": "of tomorrow"}],
                6: {"credProtect": 2, "hmac-secret": True, "unheardOf": [1]},
                7: {"rk": True},
                8: b"p" * 32,
                9: 2,
            },
        )
    )

    assert wanted == MakeCredential(
        HASH, "id.example.org", User(b"ada", "ada", "Ada"), (-7,), (b"one",), 2, True, True, Authorisation(b"p" * 32, 2)
    )


def test_reads_an_assertion() -> None:
    wanted = command_from_bytes(message(2, {**ASSERTION, 3: [], 5: {"up": False}}))

    assert wanted == GetAssertion("id.example.org", HASH, None, None, user_present=False, authorisation=None)


def test_reads_commands_without_parameters() -> None:
    assert command_from_bytes(b"\x04") == GetInfo()
    assert command_from_bytes(b"\x07") == Reset()


def test_what_a_client_authenticates_is_what_it_sent() -> None:
    parameters = {2: {"id": b"c" * 32, "type": "public-key"}}

    wanted = command_from_bytes(message(10, {1: 6, 2: parameters, 3: 2, 4: b"p"}))

    assert isinstance(wanted, CredentialManagement)
    assert wanted.command is ManagementCommand.DELETE_CREDENTIAL
    assert wanted.authenticated == b"\x06" + cbor.encode(parameters)
    assert command_from_bytes(message(0x41, {1: 6, 2: parameters, 3: 2, 4: b"p"})) == wanted


def test_a_zero_length_authorisation_asks_for_a_touch() -> None:
    wanted = command_from_bytes(message(1, {**CREATION, 8: b""}))

    assert isinstance(wanted, MakeCredential)
    assert wanted.authorisation is not None
    assert wanted.authorisation.is_touch


def test_asking_for_tries_needs_no_protocol() -> None:
    wanted = command_from_bytes(message(6, {2: 1}))

    assert isinstance(wanted, ClientPin)
    assert wanted.command is PinCommand.GET_PIN_RETRIES
    assert status(message(6, {2: 2})) is Status.MISSING_PARAMETER


@pytest.mark.parametrize("parameters", [CREATION, ASSERTION], ids=["create", "get"])
@pytest.mark.parametrize("spoil", ["missing", "type"])
def test_each_required_parameter_is_required_and_of_its_type(parameters: dict[Any, Any], spoil: str) -> None:
    number = 1 if parameters is CREATION else 2
    for key in parameters:
        changed = without(parameters, key) if spoil == "missing" else {**parameters, key: True}

        expected = Status.MISSING_PARAMETER if spoil == "missing" else Status.CBOR_UNEXPECTED_TYPE
        assert status(message(number, changed)) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Status.INVALID_LENGTH),
        (b"\x04" * (MAX_MESSAGE_BYTES + 1), Status.INVALID_LENGTH),
        (b"\x42\xa0", Status.INVALID_COMMAND),
        (b"\x03", Status.INVALID_COMMAND),
        (b"\x01", Status.MISSING_PARAMETER),
        (b"\x01\xff", Status.INVALID_CBOR),
        (b"\x02" + cbor.encode(ASSERTION)[:-1], Status.INVALID_CBOR),
        (b"\x02" + cbor.encode(ASSERTION) + b"\x00", Status.INVALID_CBOR),
        # The same map with its keys in another order.
        (b"\x02\xa2\x02\x58\x20" + HASH + b"\x01\x61a", Status.INVALID_CBOR),
        (b"\x02\x80", Status.CBOR_UNEXPECTED_TYPE),
        (message(1, {**CREATION, 1: HASH + b"!"}), Status.INVALID_LENGTH),
        (message(1, {**CREATION, 2: {"id": ""}}), Status.INVALID_LENGTH),
        (message(1, {**CREATION, 2: {"id": "x" * 254}}), Status.INVALID_LENGTH),
        (message(1, {**CREATION, 3: {"id": b""}}), Status.INVALID_LENGTH),
        (message(1, {**CREATION, 3: {"id": b"x" * 65}}), Status.INVALID_LENGTH),
        (message(1, {**CREATION, 4: [ES256] * 65}), Status.LIMIT_EXCEEDED),
        (message(1, {**CREATION, 5: [{"id": b"x", "type": "public-key"}] * 65}), Status.LIMIT_EXCEEDED),
        (message(1, {**CREATION, 5: [{"id": b"x" * 1024, "type": "public-key"}]}), Status.INVALID_LENGTH),
        (message(1, {**CREATION, 6: {"credProtect": 4}}), Status.INVALID_OPTION),
        (message(1, {**CREATION, 7: {"up": False}}), Status.INVALID_OPTION),
        (message(1, {**CREATION, 8: b"p" * 16}), Status.MISSING_PARAMETER),
        (message(1, {**CREATION, 10: 1}), Status.INVALID_PARAMETER),
        (message(2, {**ASSERTION, 5: {"rk": True}}), Status.UNSUPPORTED_OPTION),
        (
            message(2, {**ASSERTION, 4: {"hmac-secret": {1: {**POINT, -1: 2}, 2: b"", 3: b""}}}),
            Status.INVALID_PARAMETER,
        ),
        (message(2, {**ASSERTION, 4: {"hmac-secret": {1: POINT, 2: b""}}}), Status.MISSING_PARAMETER),
        (message(6, {1: 2, 2: 8}), Status.INVALID_SUBCOMMAND),
        (message(6, {1: 2, 2: 5, 3: {**POINT, -2: bytes(31)}}), Status.INVALID_LENGTH),
        (message(10, {1: 8}), Status.INVALID_SUBCOMMAND),
    ],
)
def test_what_is_wrong_has_its_status(data: bytes, expected: Status) -> None:
    assert status(data) is expected


ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers(-70, 300)
    | st.binary(max_size=70)
    | st.text(max_size=20)
    | st.sampled_from([[], {}, [{}], {1: POINT}, {"id": 1}, [{"id": b"x"}], [1], 1.5, {"hmac-secret": {1: {}}}])
)


@given(
    st.sampled_from([(1, CREATION), (2, ASSERTION), (6, {1: 2, 2: 5, 3: POINT}), (10, {1: 6, 2: {2: {}}})]),
    st.dictionaries(st.integers(1, 11), ANYTHING, max_size=3),
)
def test_no_parameters_do_anything_but_parse_or_be_refused(known: Any, changed: Any) -> None:
    number, parameters = known
    with contextlib.suppress(CtapError):
        command_from_bytes(bytes([number]) + encode_cbor({**parameters, **changed}))


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_parse_or_be_refused(data: bytes) -> None:
    for number in (b"", b"\x01", b"\x02", b"\x06", b"\x0a"):
        with contextlib.suppress(CtapError):
            command_from_bytes(number + data)
