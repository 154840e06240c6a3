"""Requests that are well-formed and not allowed: each has its status, and nothing happens."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fido2 import cbor
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, Ctap2
from fido2.ctap2.pin import PinProtocolV2
from keystead_agent.authenticator.ctap import credentials
from keystead_agent.authenticator.ctap.statuses import status_of
from keystead_agent.authenticator.errors import NobodyAnswered
from keystead_agent.gesture.interface import Purpose
from keystead_agent.keystore.errors import GestureRefused, OtherMachine, PinBlocked, PinLocked
from keystead_core.ctap.commands import command_from_bytes
from keystead_core.ctap.hid_packets import BROADCAST, HidCommand, HidError, reports
from keystead_core.ctap.status import Status
from keystead_testkit.ctap_agent import PIN, RP_ID, CtapAgent

ERR = CtapError.ERR
HASH, USER, ES256 = bytes(32), {"id": b"ada", "name": "ada"}, [{"type": "public-key", "alg": -7}]
RP, SET, CHANGE, TOKEN, UV, TOKEN_WITH = {"id": RP_ID, "name": "x"}, 3, 4, 5, 6, 9
NEW = b"864209"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[CtapAgent]:
    with CtapAgent(tmp_path) as running:
        yield running


@pytest.fixture
def ctap(agent: CtapAgent) -> Ctap2:
    return Ctap2(agent.plug_in().open())


def refusal(work: Any, *arguments: Any, **named: Any) -> Any:
    with pytest.raises(CtapError) as refused:
        work(*arguments, **named)
    return refused.value.code


class Channel:
    """A key agreement, with which a test encrypts what it likes."""

    def __init__(self, ctap: Ctap2) -> None:
        self._ctap = ctap
        self.protocol = PinProtocolV2()
        self.key, self.secret = self.protocol.encapsulate(ctap.client_pin(2, 2)[1])

    def encrypted(self, plain: bytes) -> bytes:
        return bytes(self.protocol.encrypt(self.secret, plain))

    def code(self, *parts: bytes) -> bytes:
        return bytes(self.protocol.authenticate(self.secret, b"".join(parts)))

    def ask(self, command: int, **members: Any) -> Any:
        return self._ctap.client_pin(2, command, key_agreement=self.key, **members)


@pytest.fixture
def channel(ctap: Ctap2) -> Channel:
    return Channel(ctap)


def test_a_zero_length_proof_asks_for_a_touch_and_says_whether_there_is_a_pin(agent: CtapAgent, ctap: Ctap2) -> None:
    assert refusal(ctap.make_credential, HASH, RP, USER, ES256, pin_uv_param=b"") == ERR.PIN_INVALID
    assert refusal(ctap.get_assertion, RP_ID, HASH, pin_uv_param=b"") == ERR.PIN_INVALID
    agent.container.reset()
    assert refusal(ctap.make_credential, HASH, RP, USER, ES256, pin_uv_param=b"") == ERR.PIN_NOT_SET
    agent.person.agrees = False
    assert refusal(ctap.make_credential, HASH, RP, USER, ES256, pin_uv_param=b"") == ERR.OPERATION_DENIED

    assert [prompt.purpose for prompt in agent.person.prompts] == [Purpose.SELECT] * 4


def test_without_a_pin_nobody_can_be_verified(agent: CtapAgent, ctap: Ctap2) -> None:
    agent.container.reset()

    assert refusal(ctap.make_credential, HASH, RP, USER, ES256) == ERR.PIN_NOT_SET
    assert refusal(ClientPin(ctap).get_uv_token, ClientPin.PERMISSION.GET_ASSERTION, RP_ID) == ERR.PIN_NOT_SET
    assert refusal(ClientPin(ctap).get_pin_token, PIN, ClientPin.PERMISSION.GET_ASSERTION, RP_ID) == ERR.PIN_NOT_SET
    assert agent.person.prompts == []


def test_another_algorithm_is_not_made(agent: CtapAgent, ctap: Ctap2) -> None:
    eddsa = [{"type": "public-key", "alg": -8}]

    assert refusal(ctap.make_credential, HASH, RP, USER, eddsa) == ERR.UNSUPPORTED_ALGORITHM
    assert agent.person.prompts == []


def test_a_full_container_takes_no_more(agent: CtapAgent, ctap: Ctap2, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "MOST_PASSKEYS", 1)
    ctap.make_credential(HASH, RP, USER, ES256)

    assert refusal(ctap.make_credential, HASH, RP, USER, ES256) == ERR.KEY_STORE_FULL
    assert len(agent.container.passkeys) == 1


def test_nobody_answering_is_told_apart_from_no(agent: CtapAgent, ctap: Ctap2) -> None:
    agent.person.types = None

    assert refusal(ctap.make_credential, HASH, RP, USER, ES256) == ERR.OPERATION_DENIED
    assert agent.container.passkeys == ()


def test_no_secret_is_given_without_a_person(channel: Channel, ctap: Ctap2) -> None:
    ctap.make_credential(HASH, RP, USER, ES256, extensions={"hmac-secret": True}, options={"rk": True})
    salts = channel.encrypted(b"s" * 32)
    wanted = {"hmac-secret": {1: channel.key, 2: salts, 3: channel.code(salts), 4: 2}}

    assert refusal(ctap.get_assertion, RP_ID, HASH, None, wanted, {"up": False}) == ERR.UNSUPPORTED_OPTION
    assert "hmac-secret" in ctap.get_assertion(RP_ID, HASH, None, wanted).auth_data.extensions


@pytest.mark.parametrize(
    ("size", "spoiled", "expected"), [(16, False, ERR.INVALID_LENGTH), (32, True, ERR.PIN_AUTH_INVALID)]
)
def test_salts_are_of_their_length_and_authenticated(
    agent: CtapAgent, channel: Channel, ctap: Ctap2, size: int, spoiled: bool, expected: Any
) -> None:
    ctap.make_credential(HASH, RP, USER, ES256, extensions={"hmac-secret": True}, options={"rk": True})
    salts = channel.encrypted(b"s" * size)
    code = channel.code(salts, b"spoiled" if spoiled else b"")
    asked = len(agent.person.prompts)

    wanted = {"hmac-secret": {1: channel.key, 2: salts, 3: code, 4: 2}}

    assert refusal(ctap.get_assertion, RP_ID, HASH, None, wanted) == expected
    assert len(agent.person.prompts) == asked


def test_a_pin_that_is_set_is_not_set_again(agent: CtapAgent, channel: Channel) -> None:
    new = channel.encrypted(NEW.ljust(64, b"\0"))

    assert refusal(channel.ask, SET, new_pin_enc=new, pin_uv_param=channel.code(new)) == ERR.PIN_AUTH_INVALID
    agent.container.check_pin(PIN)
    assert agent.person.prompts == []


@pytest.mark.parametrize(
    ("pin", "code", "expected"), [(NEW, b"\0" * 32, ERR.PIN_AUTH_INVALID), (b"1234", None, ERR.PIN_POLICY_VIOLATION)]
)
def test_a_first_pin_is_authenticated_and_fit_before_anybody_is_asked(
    agent: CtapAgent, channel: Channel, pin: bytes, code: bytes | None, expected: Any
) -> None:
    agent.container.reset()
    new = channel.encrypted(pin.ljust(64, b"\0"))

    assert refusal(channel.ask, SET, new_pin_enc=new, pin_uv_param=code or channel.code(new)) == expected
    assert not agent.container.has_pin
    assert agent.person.prompts == []


def test_a_new_pin_is_authenticated_padded_and_text(agent: CtapAgent, channel: Channel) -> None:
    old = channel.encrypted(sha256(PIN.encode()).digest()[:16])

    def change(padded: bytes, *, code: bytes | None = None, old: bytes = old) -> Any:
        new = channel.encrypted(padded)
        return refusal(
            channel.ask, CHANGE, new_pin_enc=new, pin_hash_enc=old, pin_uv_param=code or channel.code(new, old)
        )

    assert change(NEW.ljust(64, b"\0"), code=b"\0" * 32) == ERR.PIN_AUTH_INVALID
    assert change(NEW.ljust(48, b"\0")) == ERR.INVALID_PARAMETER
    assert change(b"\xff" * 8 + bytes(56)) == ERR.PIN_POLICY_VIOLATION
    assert change(NEW.ljust(64, b"\0"), old=channel.encrypted(bytes(32))) == ERR.INVALID_PARAMETER
    assert change(NEW.ljust(64, b"\0"), old=channel.encrypted(bytes(16))) == ERR.PIN_INVALID
    agent.container.check_pin(PIN)


@pytest.mark.parametrize("missing", ["new_pin_enc", "pin_hash_enc", "pin_uv_param"])
def test_what_a_change_of_pin_needs_must_be_there(channel: Channel, missing: str) -> None:
    members = {"new_pin_enc": bytes(80), "pin_hash_enc": bytes(32), "pin_uv_param": bytes(32)}
    del members[missing]

    assert refusal(channel.ask, CHANGE, **members) == ERR.MISSING_PARAMETER


@pytest.mark.parametrize(
    ("command", "members", "expected"),
    [
        (TOKEN, {"permissions": 2, "permissions_rpid": RP_ID}, ERR.INVALID_PARAMETER),
        (TOKEN_WITH, {"permissions_rpid": RP_ID}, ERR.MISSING_PARAMETER),
        (TOKEN_WITH, {"permissions": 2}, ERR.MISSING_PARAMETER),
        (UV, {"permissions": 1}, ERR.MISSING_PARAMETER),
        (UV, {"permissions": 2, "permissions_rpid": "evil.example"}, ERR.NOT_ALLOWED),
    ],
)
def test_a_token_is_for_named_permissions_and_a_named_site(
    agent: CtapAgent, channel: Channel, command: int, members: dict[str, Any], expected: Any
) -> None:
    pin = channel.encrypted(sha256(PIN.encode()).digest()[:16])

    assert refusal(channel.ask, command, pin_hash_enc=pin, **members) == expected
    assert agent.person.prompts == []


def test_no_key_agreement_no_token(ctap: Ctap2) -> None:
    assert refusal(ctap.client_pin, 2, TOKEN, pin_hash_enc=bytes(32)) == ERR.MISSING_PARAMETER
    assert refusal(ctap.client_pin, 3, 2) == ERR.INVALID_PARAMETER


def test_after_a_wrong_pin_the_old_key_agreement_is_of_no_use(channel: Channel) -> None:
    right, wrong = (channel.encrypted(sha256(pin).digest()[:16]) for pin in (PIN.encode(), b"000001"))
    assert refusal(channel.ask, TOKEN, pin_hash_enc=wrong) == ERR.PIN_INVALID

    # Decrypted by the new one it is another hash, or none.
    assert refusal(channel.ask, TOKEN, pin_hash_enc=right) in (ERR.PIN_INVALID, ERR.INVALID_PARAMETER)


def test_the_right_pin_forgives_the_wrong_ones_before_it(ctap: Ctap2) -> None:
    pin = ClientPin(ctap)
    for _ in range(2):
        for _ in range(2):
            assert refusal(pin.get_pin_token, "000001", ClientPin.PERMISSION.GET_ASSERTION, RP_ID) == ERR.PIN_INVALID
        assert pin.get_pin_token(PIN, ClientPin.PERMISSION.GET_ASSERTION, RP_ID)


def test_management_without_a_token_or_for_what_is_not_there_is_refused(agent: CtapAgent, ctap: Ctap2) -> None:
    ctap.make_credential(HASH, RP, USER, ES256, options={"rk": True})
    pin = ClientPin(ctap)
    token = pin.get_pin_token(PIN, ClientPin.PERMISSION.CREDENTIAL_MGMT)
    here = agent.container.passkeys[0].credential_id

    def manage(command: int, parameters: Any = None) -> Any:
        message = bytes([command]) + (cbor.encode(parameters) if parameters else b"")
        return refusal(ctap.credential_mgmt, command, parameters, 2, pin.protocol.authenticate(token, message))

    def listed(credential_id: bytes) -> dict[str, Any]:
        return {"id": credential_id, "type": "public-key"}

    assert refusal(ctap.credential_mgmt, 1) == ERR.PUAT_REQUIRED
    assert manage(4) == ERR.MISSING_PARAMETER
    assert manage(4, {1: bytes(32)}) == ERR.NO_CREDENTIALS
    assert manage(6) == ERR.MISSING_PARAMETER
    assert manage(6, {2: listed(b"another")}) == ERR.NO_CREDENTIALS
    assert manage(7, {2: listed(here)}) == ERR.MISSING_PARAMETER
    assert manage(7, {2: listed(here), 3: {"id": b"bob", "name": "bob"}}) == ERR.INVALID_PARAMETER
    assert [passkey.name for passkey in agent.container.passkeys] == ["ada"]


def test_an_empty_container_has_nothing_to_list(ctap: Ctap2) -> None:
    pin = ClientPin(ctap)
    token = pin.get_pin_token(PIN, ClientPin.PERMISSION.CREDENTIAL_MGMT)

    assert refusal(ctap.credential_mgmt, 2, None, 2, pin.protocol.authenticate(token, b"\x02")) == ERR.NO_CREDENTIALS


def test_a_message_that_stops_in_the_middle_is_given_up(agent: CtapAgent) -> None:
    connection = agent.plug_in().connect()
    connection.write_packet(next(reports(BROADCAST, HidCommand.INIT, b"12345678")))
    channel = int.from_bytes(connection.read_packet()[15:19], "big")

    connection.write_packet(next(reports(channel, HidCommand.PING, bytes(100))))

    assert connection.read_packet()[4:8] == bytes([HidCommand.ERROR | 0x80, 0, 1, HidError.MSG_TIMEOUT])


@pytest.mark.parametrize(
    ("error", "in_client", "at_our_prompt"),
    [
        (GestureRefused(2), Status.PIN_INVALID, Status.UV_INVALID),
        (PinLocked(timedelta(1)), Status.PIN_BLOCKED, Status.UV_BLOCKED),
        (PinBlocked(), Status.PIN_BLOCKED, Status.UV_BLOCKED),
        (NobodyAnswered(), Status.USER_ACTION_TIMEOUT, Status.USER_ACTION_TIMEOUT),
        (OtherMachine(), Status.OTHER, Status.OTHER),
    ],
)
def test_a_refusal_of_the_keystore_is_told_as_the_client_knows_it(
    error: Exception, in_client: Status, at_our_prompt: Status
) -> None:
    typed, prompted = (command_from_bytes(b"\x06" + cbor.encode({1: 2, 2: number})) for number in (TOKEN, UV))

    assert status_of(error, typed) is in_client
    assert status_of(error, prompted) is at_our_prompt
    assert status_of(error, command_from_bytes(b"\x0b")) is at_our_prompt
