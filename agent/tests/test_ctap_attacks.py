"""Clients that lie, hurry, vanish or try again and again (attack class 25, and what faces any program of a person)."""

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event as ThreadEvent
from threading import Thread
from typing import Any

import pytest
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, Ctap2
from fido2.hid import CtapHidDevice
from fido2.hid.base import CtapHidConnection, HidDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keystead_core.ctap.hid_packets import BROADCAST, HidCommand, reports
from keystead_core.wire.base64url import b64url_encode
from keystead_testkit.ctap_agent import PIN, RP_ID, CtapAgent
from keystead_testkit.hid_reports import MemoryReports

OTHER_RP = "other.example"
ERR, MAKE, GET = CtapError.ERR, ClientPin.PERMISSION.MAKE_CREDENTIAL, ClientPin.PERMISSION.GET_ASSERTION
HASH, USER, ES256 = bytes(32), {"id": b"ada", "name": "ada"}, [{"type": "public-key", "alg": -7}]
RK = {"rk": True}


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[CtapAgent]:
    with CtapAgent(tmp_path, rp_ids=(RP_ID, OTHER_RP)) as running:
        yield running


@pytest.fixture
def key(agent: CtapAgent) -> MemoryReports:
    return agent.plug_in()


class Client:
    """A client that puts requests together itself."""

    def __init__(self, device: CtapHidDevice) -> None:
        self.ctap = Ctap2(device)
        self.pin = ClientPin(self.ctap)

    def token(self, permissions: int = GET, rp_id: str = RP_ID, *, prompted: bool = False) -> bytes:
        if prompted:
            return bytes(self.pin.get_uv_token(permissions, rp_id))
        return bytes(self.pin.get_pin_token(PIN, permissions, rp_id))

    def proof(self, token: bytes, message: bytes = HASH) -> tuple[bytes, int]:
        return self.pin.protocol.authenticate(token, message), self.pin.protocol.VERSION

    def make(self, token: bytes | None = None, rp_id: str = RP_ID) -> Any:
        proof = self.proof(token) if token else (None, None)
        return self.ctap.make_credential(HASH, {"id": rp_id, "name": "x"}, USER, ES256, None, None, RK, *proof)

    def get(self, token: bytes | None = None, rp_id: str = RP_ID, **options: Any) -> Any:
        proof = self.proof(token) if token else (None, None)
        return self.ctap.get_assertion(rp_id, HASH, None, None, options or None, *proof)


@pytest.fixture
def client(key: MemoryReports) -> Client:
    client = Client(key.open())
    client.make()
    return client


def refusal(work: Any, *arguments: Any, **named: Any) -> Any:
    with pytest.raises(CtapError) as refused:
        work(*arguments, **named)
    return refused.value.code


def test_one_gesture_is_one_signature(client: Client) -> None:
    token = client.token()
    client.get(token)

    assert refusal(client.get, token) == ERR.PIN_AUTH_INVALID


def test_a_silent_question_spends_nothing(client: Client) -> None:
    token = client.token()
    client.get(token, up=False)

    assert client.get(token).auth_data.is_user_verified()


def test_a_token_is_for_its_site_and_its_purpose(agent: CtapAgent, client: Client) -> None:
    client.make(rp_id=OTHER_RP)
    token = client.token()

    assert refusal(client.get, token, OTHER_RP) == ERR.PIN_AUTH_INVALID
    assert refusal(client.make, token) == ERR.PIN_AUTH_INVALID
    assert refusal(client.get, b"\1" * 32) == ERR.PIN_AUTH_INVALID
    assert agent.container.passkeys_for(OTHER_RP)[0].sign_count == 0


def test_a_token_of_ctap_2_0_is_bound_by_its_first_use(client: Client) -> None:
    client.make(rp_id=OTHER_RP)
    token = client.pin.get_pin_token(PIN)
    client.get(token, up=False)

    assert refusal(client.get, token, OTHER_RP) == ERR.PIN_AUTH_INVALID


def test_a_proof_is_over_one_request(client: Client) -> None:
    token = client.token()
    for_another = client.proof(token, b"\1" * 32)

    assert refusal(client.ctap.get_assertion, RP_ID, HASH, None, None, None, *for_another) == ERR.PIN_AUTH_INVALID


def test_a_prompt_for_a_new_passkey_is_no_consent_to_sign_in(agent: CtapAgent, client: Client) -> None:
    token = client.token(MAKE | GET, prompted=True)
    agent.person.agrees = False

    assert refusal(client.get, token) == ERR.OPERATION_DENIED
    assert agent.person.questions == [f"Sign in to {RP_ID} as ada?"]


def test_an_account_name_cannot_continue_as_a_sentence_of_ours(agent: CtapAgent, client: Client) -> None:
    trick = {"id": b"eve", "name": "eve?\n\nThis is safe.\u202e"}

    proof = client.proof(client.token(MAKE))
    client.ctap.make_credential(HASH, {"id": RP_ID, "name": "x"}, trick, ES256, None, None, RK, *proof)

    assert agent.person.questions == [f"Create a passkey for eve?This is safe. at {RP_ID} on this computer?"]


def test_an_unused_token_dies_soon_and_a_used_one_later(agent: CtapAgent, client: Client) -> None:
    token = client.token()
    agent.later += 31
    assert refusal(client.get, token) == ERR.PIN_AUTH_INVALID

    token = client.token()
    client.get(token, up=False)
    agent.later += 590
    client.get(token, up=False)
    agent.later += 11
    assert refusal(client.get, token) == ERR.PIN_AUTH_INVALID


def test_a_yes_at_our_prompt_is_forgotten_after_a_while(agent: CtapAgent, client: Client) -> None:
    token = client.token(prompted=True)
    client.get(token, up=False)
    agent.later += 31

    client.get(token)

    assert agent.person.questions == [f"Sign in to {RP_ID} as ada?"]


def test_tokens_do_not_pass_from_one_connection_to_another(agent: CtapAgent, client: Client) -> None:
    elsewhere = Client(agent.plug_in().open())

    assert refusal(elsewhere.get, client.token()) == ERR.PIN_AUTH_INVALID


def test_a_token_of_a_pin_that_was_changed_signs_nothing_and_costs_no_try(agent: CtapAgent, client: Client) -> None:
    token = client.token()
    agent.container.change_pin(old=PIN, new="864209")
    tries = agent.keystore.tries().left

    assert refusal(client.get, token) == ERR.PIN_AUTH_INVALID
    assert agent.keystore.tries().left == tries


@pytest.mark.parametrize("permissions", [0, 0x08, 0x10, 0x20, 0x01 | 0x20])
def test_permissions_that_we_do_not_give_are_refused_and_nobody_is_asked(
    agent: CtapAgent, client: Client, permissions: int
) -> None:
    asked = len(agent.person.prompts)

    code = refusal(client.token, permissions, prompted=True)

    assert code == (ERR.UNAUTHORIZED_PERMISSION if permissions else ERR.INVALID_PARAMETER)
    assert len(agent.person.prompts) == asked


def test_a_list_is_for_the_channel_that_began_it_and_ends_with_any_other_command(
    agent: CtapAgent, client: Client, key: MemoryReports
) -> None:
    client.make(rp_id=OTHER_RP)
    token = client.token(ClientPin.PERMISSION.CREDENTIAL_MGMT, None)  # type: ignore[arg-type]
    proof = client.proof(token, b"\x02")
    begin = {"sub_cmd": 2, "pin_uv_protocol": proof[1], "pin_uv_param": proof[0]}
    other = Ctap2(key.open())

    client.ctap.credential_mgmt(**begin)
    assert refusal(other.credential_mgmt, 3) == ERR.NOT_ALLOWED
    client.ctap.credential_mgmt(**begin)
    client.ctap.get_info()
    assert refusal(client.ctap.credential_mgmt, 3) == ERR.NOT_ALLOWED
    client.ctap.credential_mgmt(**begin)
    client.ctap.credential_mgmt(3)
    assert refusal(client.ctap.credential_mgmt, 3) == ERR.NOT_ALLOWED


def test_there_is_no_next_assertion(client: Client) -> None:
    assert refusal(client.ctap.get_next_assertion) == ERR.NOT_ALLOWED


def test_a_program_that_asks_in_a_loop_is_not_heard_any_more(agent: CtapAgent, client: Client) -> None:
    agent.person.agrees = False
    for _ in range(5):
        assert refusal(client.ctap.selection) == ERR.OPERATION_DENIED
    asked = len(agent.person.prompts)

    assert refusal(client.ctap.selection) == ERR.OPERATION_DENIED
    assert refusal(client.get) == ERR.OPERATION_DENIED

    assert len(agent.person.prompts) == asked
    assert '"code": "too_many_prompts"' in agent.log


def test_while_one_is_asked_another_device_is_busy_and_the_first_not_disturbed(
    agent: CtapAgent, client: Client
) -> None:
    other = Ctap2(agent.plug_in().open())
    agent.person.is_away = True
    asking = Thread(target=client.get)
    asked = len(agent.person.prompts)
    asking.start()
    agent.person.wait_until_asked(asked + 1)

    assert refusal(other.selection) == ERR.CHANNEL_BUSY
    assert other.get_info().options["rk"], "what asks nobody is answered"

    agent.person.is_away = False
    asking.join(timeout=10)
    assert agent.container.passkeys[0].sign_count == 1


def test_when_its_last_client_has_gone_the_window_closes(agent: CtapAgent, client: Client, key: MemoryReports) -> None:
    agent.person.is_away = True
    connection = key.connect()
    connection.write_packet(next(reports(BROADCAST, HidCommand.INIT, b"12345678")))
    channel = int.from_bytes(connection.read_packet()[15:19], "big")
    asked = len(agent.person.prompts)
    connection.write_packet(next(reports(channel, HidCommand.CBOR, b"\x0b")))
    agent.person.wait_until_asked(asked + 1)

    key.close_all()

    wait_for(lambda: agent.person.closed_windows == 1)
    agent.person.is_away = False
    Ctap2(key.open()).selection()


def test_who_begins_anew_in_a_hurry_is_answered(agent: CtapAgent, key: MemoryReports) -> None:
    agent.person.is_away = True
    connection = key.connect()
    connection.write_packet(next(reports(BROADCAST, HidCommand.INIT, b"12345678")))
    channel = int.from_bytes(connection.read_packet()[15:19], "big")
    connection.write_packet(next(reports(channel, HidCommand.CBOR, b"\x0b")))
    agent.person.wait_until_asked()

    # No pause: the daemon has not closed the window yet.
    connection.write_packet(next(reports(channel, HidCommand.INIT, b"12345678")))
    connection.write_packet(next(reports(channel, HidCommand.CBOR, b"\x04")))

    answer = connection.read_packet()
    while answer[4] != HidCommand.CBOR | 0x80:
        answer = connection.read_packet()
    assert answer[7] == 0
    assert agent.person.closed_windows == 1


def test_a_create_that_is_given_up_leaves_no_passkey(agent: CtapAgent, client: Client, key: MemoryReports) -> None:
    agent.person.is_away = True
    asked = len(agent.person.prompts)
    making = Thread(target=lambda: refusal(client.make, None, OTHER_RP))
    making.start()
    agent.person.wait_until_asked(asked + 1)

    client.ctap.device._send_cancel()
    making.join(timeout=10)

    assert agent.container.passkeys_for(OTHER_RP) == ()


def test_a_passkey_whose_client_went_while_it_was_made_is_taken_back(
    agent: CtapAgent, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, cancelled, create = ThreadEvent(), ThreadEvent(), agent.container.create

    def slowly(*arguments: Any, **more: Any) -> Any:
        result = create(*arguments, **more)
        made.set()
        cancelled.wait(10)
        return result

    monkeypatch.setattr(agent.container, "create", slowly)
    making = Thread(target=lambda: refusal(client.make, None, OTHER_RP))
    making.start()
    assert made.wait(10)
    assert agent.container.passkeys_for(OTHER_RP)

    client.ctap.device._send_cancel()
    time.sleep(0.2)
    cancelled.set()
    making.join(timeout=10)

    assert agent.container.passkeys_for(OTHER_RP) == ()


def test_a_daemon_that_is_restarted_is_found_again_and_tokens_are_gone(agent: CtapAgent, client: Client) -> None:
    token = client.token()
    agent.restart()

    # What was open may be noticed by the first command only.
    with contextlib.suppress(CtapError):
        client.ctap.get_info()
    assert client.ctap.get_info().options["rk"]
    assert refusal(client.get, token) == ERR.PIN_AUTH_INVALID
    assert client.get().auth_data.is_user_verified()


def test_the_log_has_every_refusal_with_its_code_and_no_secret(agent: CtapAgent, client: Client) -> None:
    token = client.token()
    refusal(client.get, b"\1" * 32)
    refusal(client.ctap.send_cbor, 0x42, {1: 2})
    client.get(token)

    lines = [json.loads(line) for line in agent.log.splitlines()]
    refused = [(line["code"], line["command"], line["status"]) for line in lines if line["event"] == "ctap.refused"]
    assert refused == [
        ("ctap_refused", "GetAssertion", "PIN_AUTH_INVALID"),
        ("ctap_refused", "-", "INVALID_COMMAND"),
    ]
    assert [line["event"] for line in lines if line["event"].startswith("passkey.")] == [
        "passkey.created",
        "passkey.used",
    ]
    for secret in (PIN, token.hex(), b64url_encode(token)):
        assert secret not in agent.log


class UdpConnection(CtapHidConnection):  # type: ignore[misc]
    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))

    def write_packet(self, data: bytes) -> None:
        self.socket.send(data)

    def read_packet(self) -> bytes:
        return self.socket.recv(65536)

    def close(self) -> None:
        self.socket.close()


def test_over_udp_too(agent: CtapAgent) -> None:
    connection = UdpConnection(agent.listen())
    device = CtapHidDevice(HidDescriptor("udp", 0, 0, 64, 64, "udp", None), connection)
    client = Client(device)

    connection.socket.send(b"no report")
    made = client.make()
    got = client.get(client.token())

    got.verify(HASH, made.auth_data.credential_data.public_key)
    assert device.ping(b"x" * 7609) == b"x" * 7609
    device.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(command=st.sampled_from([1, 2, 6, 10, 0x0C, 0x41]), body=st.binary(max_size=120))
def test_no_bytes_bring_the_daemon_down(agent: CtapAgent, key: MemoryReports, command: int, body: bytes) -> None:
    device = key.open()

    answer = device.call(HidCommand.CBOR, bytes([command]) + body)

    assert len(answer) == 1
    assert answer[0] != 0
    assert agent.person.prompts == []
    assert agent.complaints == []


def test_the_door_for_outside_suites_opens() -> None:
    door = [sys.executable, "-m", "keystead_testkit.ctap_door", "--port", "0", "--rp", RP_ID]
    with subprocess.Popen(door, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        port = re.search(r":(\d+), PIN (\d+)", running.stdout.readline())
        assert port is not None
        client = Client(CtapHidDevice(HidDescriptor("udp", 0, 0, 64, 64, "udp", None), UdpConnection(int(port[1]))))

        made = client.make()
        running.terminate()

    assert made.auth_data.is_user_verified()


def wait_for(happened: Any) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
