"""The daemon as it runs: its own process, a real socket, a software TPM, a pinentry that answers from a file."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import webauthn
from keystead_agent.client.client import AgentClient, AgentRefused, AgentUnreachable
from keystead_core.link import messages as link
from keystead_core.link.framing import MAX_MESSAGE_BYTES, Framer, frame
from keystead_core.link.messages import Create, Failed, Get, Request, reply_from_json
from keystead_core.wire.base64url import b64url_encode
from keystead_testkit import software_tpm
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.software_tpm import BusTap, SoftwareTpm

pytestmark = pytest.mark.tpm

PIN, WRONG, NEW = "137946", "000001", "864209"
CHALLENGE = bytes(range(32))
TYPES_THE_PIN = {"pin": PIN, "forever": True}


@pytest.fixture(scope="module")
def pages() -> Iterator[PasskeyPages]:
    with PasskeyPages() as serving:
        yield serving


@pytest.fixture
def agent(tmp_path: Path, bus: BusTap) -> Iterator[RunningAgent]:
    with RunningAgent(tmp_path, bus.address) as running:
        yield running


@pytest.fixture
def ready(agent: RunningAgent, pages: PasskeyPages) -> RunningAgent:
    """Enrolled at the pages, with a PIN, and a person who types it."""
    agent.client.ask(link.Enrol("1", url=pages.provider))
    agent.pinentry.answer({"pin": PIN})
    agent.client.ask(link.SetPin("1"))
    agent.pinentry.answer(TYPES_THE_PIN)
    return agent


def creation(origin: str, request_id: str = "1", **changes: Any) -> Create:
    options = {
        "rp": {"name": "Test"},
        "user": {"id": "YWxpY2U", "name": "alice", "displayName": "Alice"},
        "challenge": b64url_encode(CHALLENGE),
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        **changes,
    }
    return Create(request_id, origin=origin, options=options)


def assertion(origin: str, request_id: str = "1", **changes: Any) -> Get:
    return Get(request_id, origin=origin, options={"challenge": b64url_encode(CHALLENGE), **changes})


def ask(agent: RunningAgent, request: Request) -> dict[str, Any]:
    return dict(agent.client.ask(request))


def is_answered(agent: RunningAgent, request: Request) -> bool:
    """Whether *request* is done; False as long as another question is open."""
    try:
        return bool(ask(agent, request))
    except AgentRefused as refused:
        if refused.code != "busy":
            raise
        return False


def refusal(agent: RunningAgent, request: Request) -> AgentRefused:
    with pytest.raises(AgentRefused) as refused:
        agent.client.ask(request)
    return refused.value


class Wire:
    """A connection on which a test says what it likes."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(15)
        self._socket.connect(str(path))
        self._framer = Framer()
        self._heard: list[dict[str, object]] = []

    def say(self, *requests: Request | bytes) -> None:
        for request in requests:
            self._socket.sendall(request if isinstance(request, bytes) else frame(request.to_json()))

    def hear(self) -> link.Reply | None:
        """The next reply, or None when the other end has hung up."""
        while not self._heard:
            data = self._socket.recv(65536)
            if not data:
                return None
            self._heard = self._framer.feed(data)
        return reply_from_json(self._heard.pop(0))

    def hang_up(self) -> None:
        self._socket.close()


@pytest.fixture
def wire(agent: RunningAgent) -> Iterator[Wire]:
    connection = Wire(agent.socket)
    yield connection
    connection.hang_up()


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """An agent for tests that never come to a key."""
    with RunningAgent(tmp_path_factory.mktemp("idle"), tpm=None) as running:
        yield running


@pytest.fixture
def line(idle: RunningAgent) -> Iterator[Wire]:
    connection = Wire(idle.socket)
    yield connection
    connection.hang_up()


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}/status").exists() and "Z (zombie)" not in Path(f"/proc/{pid}/status").read_text()


def wait_until(happened: Any, *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_registers_and_signs_in_and_a_site_believes_it(ready: RunningAgent, pages: PasskeyPages) -> None:
    created = ask(ready, creation(pages.origin))["credential"]
    registered = webauthn.verify_registration_response(
        credential=created,
        expected_challenge=CHALLENGE,
        expected_rp_id="localhost",
        expected_origin=pages.origin,
        require_user_verification=True,
    )

    signed_in = webauthn.verify_authentication_response(
        credential=ask(ready, assertion(pages.origin))["credential"],
        expected_challenge=CHALLENGE,
        expected_rp_id="localhost",
        expected_origin=pages.origin,
        credential_public_key=registered.credential_public_key,
        credential_current_sign_count=0,
        require_user_verification=True,
    )

    assert signed_in.new_sign_count == 1
    prompt = ready.pinentry.asked[-1]
    assert "sign in to localhost" in prompt["desc"]
    assert "Account: alice" in prompt["desc"]
    assert f"({os.getpid()})" in prompt["desc"]


def test_a_stranger_is_refused_before_any_command_to_the_chip(ready: RunningAgent, bus: BusTap) -> None:
    bus.frames.clear()
    prompts = len(ready.pinentry.asked)

    for request in (
        creation("https://evil.test"),
        assertion("https://evil.test"),
        assertion("https://evil.test", rpId="localhost"),
        link.Accounts("1", rp_id="localhost", origin="https://evil.test"),
    ):
        assert refusal(ready, request).name == "SecurityError"

    assert bus.frames == []
    assert len(ready.pinentry.asked) == prompts
    refused = [line for line in ready.log if line["event"] == "request.refused"]
    assert [line["code"] for line in refused][:2] == ["rp_not_enrolled"] * 2
    assert refused[0]["origin"] == "https://evil.test"


def test_the_pin_is_in_no_frame_on_the_bus(ready: RunningAgent, pages: PasskeyPages, bus: BusTap) -> None:
    ask(ready, creation(pages.origin))
    ask(ready, assertion(pages.origin))

    assert len(bus.frames) > 60
    assert not bus.carries(PIN.encode())


def test_a_wrong_pin_is_asked_for_again_and_counted(ready: RunningAgent, pages: PasskeyPages) -> None:
    ask(ready, creation(pages.origin))
    ready.pinentry.answer({"pin": WRONG}, {"pin": PIN})

    ask(ready, assertion(pages.origin))

    assert ready.pinentry.asked[-1]["error"] == "That PIN is not right. 9 tries are left."
    assert ask(ready, link.Status("1"))["keystore"]["tries_left"] == 10


def test_several_wrong_pins_ask_for_a_phrase_and_then_for_patience(ready: RunningAgent, pages: PasskeyPages) -> None:
    ask(ready, creation(pages.origin))
    ready.pinentry.answer({"pin": WRONG, "forever": True})
    assert refusal(ready, assertion(pages.origin)).code == "pin_wrong"

    ready.pinentry.answer({"pin": WRONG}, {"pin": "a1b2c3"}, {"pin": WRONG, "forever": True})
    refused = refusal(ready, assertion(pages.origin))

    errors = [asked["error"] for asked in ready.pinentry.asked[-2:]]
    assert errors == [
        "Several wrong PINs. To go on, type A1B2C3 in place of the PIN.",
        "Thank you. Now type your PIN.",
    ]
    assert refused.code == "pin_wrong"
    ready.pinentry.answer(TYPES_THE_PIN)
    paused = refusal(ready, assertion(pages.origin))
    assert (paused.code, paused.name) == ("pin_paused", "NotAllowedError")
    assert "seconds" in str(paused)
    status = ask(ready, link.Status("1"))
    assert (status["keystore"]["tries_left"], status["pin_guard"]) == (6, "person")


def test_nothing_is_unlocked_that_no_provider_may_unlock(ready: RunningAgent) -> None:
    assert refusal(ready, link.Unlock("1")).code == "unlock_refused"
    assert refusal(ready, link.UnlockWait("2")).code == "unlock_refused"


def test_the_pin_is_changed_and_passkeys_stay(ready: RunningAgent, pages: PasskeyPages) -> None:
    created = ask(ready, creation(pages.origin))["credential"]["id"]
    ready.pinentry.answer({"pin": PIN}, {"pin": NEW})
    ask(ready, link.ChangePin("1"))

    ready.pinentry.answer({"pin": NEW})

    assert ask(ready, assertion(pages.origin))["credential"]["id"] == created


def test_no_is_no(ready: RunningAgent, pages: PasskeyPages) -> None:
    ready.pinentry.answer({"cancel": True})

    refused = refusal(ready, creation(pages.origin))

    assert (refused.code, refused.name) == ("not_approved", "NotAllowedError")
    assert ask(ready, link.ListPasskeys("1"))["passkeys"] == []


def test_after_several_refusals_nothing_is_asked(ready: RunningAgent, pages: PasskeyPages) -> None:
    ready.pinentry.answer({"cancel": True, "forever": True})
    for _ in range(5):
        assert refusal(ready, creation(pages.origin)).code == "not_approved"
    prompts = len(ready.pinentry.asked)

    assert refusal(ready, creation(pages.origin)).code == "too_many_prompts"

    assert len(ready.pinentry.asked) == prompts


def test_a_second_ceremony_is_busy_and_does_not_disturb_the_first(
    ready: RunningAgent, pages: PasskeyPages, wire: Wire
) -> None:
    ready.pinentry.answer({"wait": True})
    asked = len(ready.pinentry.asked)
    wire.say(creation(pages.origin, "first"))
    window = ready.pinentry.wait_until_asked(asked + 1)

    assert refusal(ready, creation(pages.origin)).code == "busy"
    assert ask(ready, link.Accounts("1", rp_id="localhost", origin=pages.origin)) == {"accounts": []}

    assert is_running(window["pid"])


def test_cancelling_closes_the_window_and_rejects_with_abort_error(
    ready: RunningAgent, pages: PasskeyPages, wire: Wire
) -> None:
    ready.pinentry.answer({"wait": True})
    asked = len(ready.pinentry.asked)
    wire.say(creation(pages.origin, "create"))
    window = ready.pinentry.wait_until_asked(asked + 1)

    wire.say(link.Cancel("stop", target="create"))

    replies = {reply.id: reply for reply in (wire.hear(), wire.hear()) if reply is not None}
    assert replies["stop"] == link.Done("stop", {})
    cancelled = replies["create"]
    assert isinstance(cancelled, Failed)
    assert (cancelled.code, cancelled.name) == ("cancelled", "AbortError")
    wait_until(lambda: not is_running(window["pid"]))


def test_cancelling_what_is_not_there_is_no_error(line: Wire) -> None:
    line.say(link.Cancel("stop", target="nothing"))

    assert line.hear() == link.Done("stop", {})


def test_hanging_up_closes_the_window_and_frees_the_place(ready: RunningAgent, pages: PasskeyPages, wire: Wire) -> None:
    ready.pinentry.answer({"wait": True})
    asked = len(ready.pinentry.asked)
    wire.say(creation(pages.origin))
    window = ready.pinentry.wait_until_asked(asked + 1)

    wire.hang_up()

    wait_until(lambda: not is_running(window["pid"]))
    ready.pinentry.answer(TYPES_THE_PIN)
    # The place is free once the daemon has heard that the window's process ended.
    wait_until(lambda: is_answered(ready, creation(pages.origin)))


def test_stopping_closes_the_window_and_ends_cleanly(ready: RunningAgent, pages: PasskeyPages, wire: Wire) -> None:
    ready.pinentry.answer({"wait": True})
    asked = len(ready.pinentry.asked)
    wire.say(creation(pages.origin))
    window = ready.pinentry.wait_until_asked(asked + 1)

    assert ready.stop() == 0

    assert not is_running(window["pid"])
    assert not ready.socket.exists()
    assert ready.log[-1]["event"] == "daemon.stopped"


def test_passkeys_survive_killing_the_daemon_and_the_chip(
    ready: RunningAgent, pages: PasskeyPages, tpm: SoftwareTpm
) -> None:
    created = ask(ready, creation(pages.origin))["credential"]["id"]
    ask(ready, assertion(pages.origin))

    ready.kill()
    tpm.restart()
    ready.start()

    assert ask(ready, assertion(pages.origin))["credential"]["id"] == created
    assert ask(ready, link.ListPasskeys("1"))["passkeys"][0]["sign_count"] == 2


def test_a_chip_that_comes_late_is_found(tmp_path: Path, pages: PasskeyPages) -> None:
    if not software_tpm.is_available():
        pytest.skip(software_tpm.MISSING)
    chip = SoftwareTpm()
    try:
        with RunningAgent(tmp_path, chip.address) as agent:
            assert ask(agent, link.Status("1"))["keystore"]["error"] == "keystore_unavailable"
            assert refusal(agent, link.Enrol("1", url=pages.provider)).code == "keystore_unavailable"

            chip.start()

            assert ask(agent, link.Enrol("1", url=pages.provider))["provider"]["rp_id"] == "localhost"
    finally:
        chip.close()


def test_a_copied_container_is_of_no_use_on_another_machine(
    ready: RunningAgent, pages: PasskeyPages, tmp_path: Path
) -> None:
    ask(ready, creation(pages.origin))
    ready.stop()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(ready.state, elsewhere / "state")

    with SoftwareTpm() as other, RunningAgent(elsewhere, other.address) as thief:
        refused = refusal(thief, assertion(pages.origin))
        status = ask(thief, link.Status("1"))

    assert refused.code == status["error"] == "other_machine"
    assert "another computer's security chip" in str(refused)


def test_a_container_that_something_else_wrote_is_not_used(ready: RunningAgent, pages: PasskeyPages) -> None:
    ask(ready, creation(pages.origin))
    ready.stop()
    file = ready.state / "container.cbor"
    file.write_bytes(file.read_bytes().replace(b"alice", b"mallo"))

    ready.start()

    assert refusal(ready, assertion(pages.origin)).code == "container_tampered"


def test_socket_directory_and_files_are_for_their_owner_alone(ready: RunningAgent) -> None:
    modes = {path: path.stat().st_mode & 0o777 for path in [*ready.state.iterdir(), ready.socket]}

    assert set(modes.values()) == {0o600}
    assert {ready.state.stat().st_mode & 0o777, ready.socket.parent.stat().st_mode & 0o777} == {0o700}


def test_nothing_secret_is_logged(ready: RunningAgent, pages: PasskeyPages) -> None:
    ready.pinentry.answer({"pin": WRONG}, {"pin": PIN})
    ask(ready, creation(pages.origin))
    ready.stop()

    said = (ready.home / "daemon.stderr").read_text() + (ready.state / "agent.log").read_text()
    assert PIN not in said
    assert WRONG not in said
    assert [line["event"] for line in ready.log] == [
        "daemon.started",
        "provider.enrolled",
        "pin.set",
        "passkey.created",
        "daemon.stopped",
    ]


def test_one_daemon_per_container(ready: RunningAgent) -> None:
    second = ready.cli("daemon")

    assert second.returncode == 1
    assert "already_running" in second.stderr
    assert ask(ready, link.Hello("1"))


def test_another_users_process_is_refused(tpm: SoftwareTpm, pages: PasskeyPages) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    home = Path(tempfile.mkdtemp())
    try:
        with RunningAgent(home, tpm.address) as agent:
            # The directory alone would keep it out: it is opened, to see that the daemon does too.
            home.chmod(0o711)
            agent.socket.parent.chmod(0o711)
            agent.socket.chmod(0o666)
            program = (
                "import os, socket; os.setuid(12345); s = socket.socket(socket.AF_UNIX); "
                f"s.connect({str(agent.socket)!r}); "
                's.sendall(b"\\0\\0\\0\\x1c" + b\'{"id":"1","verb":"status"}  \'); print(s.recv(200))'
            )
            heard = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
            assert '"code":"peer_refused"' in heard.stdout, heard.stderr
            assert '"ok"' not in heard.stdout
            wait_until(lambda: any(line["event"] == "connection.refused" for line in agent.log))
            assert agent.log[-1]["code"] == "peer_refused"
            assert agent.log[-1]["uid"] == 12345
    finally:
        shutil.rmtree(home)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ((MAX_MESSAGE_BYTES + 1).to_bytes(4, "big"), "message_too_long"),
        (b"\xff\xff\xff\xff", "message_too_long"),
        (b"\0\0\0\x02[]", "message_malformed"),
        (b"\0\0\0\x04\xff\xff\xff\xff", "message_malformed"),
        (b'\0\0\0\x0d{"a":1,"a":2}', "message_malformed"),
    ],
)
def test_what_is_no_message_is_answered_once_and_hung_up_on(
    idle: RunningAgent, line: Wire, data: bytes, code: str
) -> None:
    line.say(data)

    refused = line.hear()

    assert isinstance(refused, Failed)
    assert refused.code == code
    assert line.hear() is None
    assert ask(idle, link.Hello("1"))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"id": "7", "verb": "export_keys"}, "verb_unknown"),
        ({"id": "7", "verb": "status", "pin": "1"}, "member_unknown"),
        ({"id": "7", "verb": "enrol"}, "member_missing"),
        ({"id": "7", "verb": "enrol", "url": 7}, "member_invalid"),
    ],
)
def test_a_request_outside_the_table_is_refused_and_the_link_stays_open(
    line: Wire, message: dict[str, Any], code: str
) -> None:
    line.say(frame(message))
    refused = line.hear()
    line.say(link.Hello("8"))
    after = line.hear()

    assert isinstance(refused, Failed)
    assert (refused.id, refused.code) == ("7", code)
    assert after is not None
    assert after.id == "8"


def test_more_than_sixteen_open_requests_are_refused(idle: RunningAgent, line: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://localhost:{silent.getsockname()[1]}/tenant"
        line.say(*(link.Enrol(f"e{number}", url=url) for number in range(17)))
        refused = line.hear()
        line.hang_up()

    assert isinstance(refused, Failed)
    assert (refused.id, refused.code) == ("e16", "request_refused")
    assert ask(idle, link.Hello("1"))


def test_an_id_in_use_is_refused(ready: RunningAgent, pages: PasskeyPages, wire: Wire) -> None:
    ready.pinentry.answer({"wait": True})
    asked = len(ready.pinentry.asked)
    wire.say(creation(pages.origin, "same"))
    ready.pinentry.wait_until_asked(asked + 1)

    wire.say(link.Hello("same"))

    refused = wire.hear()
    assert isinstance(refused, Failed)
    assert refused.code == "request_refused"


def test_several_requests_on_one_connection_are_answered_by_their_ids(line: Wire) -> None:
    line.say(*(link.Hello(f"h{number}") for number in range(5)))

    assert {reply.id for reply in (line.hear() for _ in range(5)) if reply} == {f"h{number}" for number in range(5)}


def test_a_message_in_many_pieces_is_one_message(line: Wire) -> None:
    for byte in frame(link.Hello("slow").to_json()):
        line.say(bytes([byte]))

    reply = line.hear()
    assert reply is not None
    assert reply.id == "slow"


def test_what_is_removed_is_gone(ready: RunningAgent, pages: PasskeyPages) -> None:
    created = ask(ready, creation(pages.origin))["credential"]["id"]

    ask(ready, link.Remove("1", credential=created))

    assert refusal(ready, assertion(pages.origin)).code == "no_passkey"
    for unknown in (created, "AAAA", "no base64url"):
        assert refusal(ready, link.Remove("1", credential=unknown)).code == "passkey_unknown"


def test_an_unenrolled_provider_is_a_stranger_again(ready: RunningAgent, pages: PasskeyPages) -> None:
    ask(ready, creation(pages.origin))

    assert ask(ready, link.Unenrol("1", provider="localhost")) == {"removed": 1}

    assert refusal(ready, creation(pages.origin)).code == "rp_not_enrolled"
    assert refusal(ready, link.Unenrol("1", provider="localhost")).code == "provider_unknown"


def test_without_a_chip_the_keystore_says_that_it_is_software(tmp_path: Path, pages: PasskeyPages) -> None:
    with RunningAgent(tmp_path, tpm=None) as agent:
        agent.client.ask(link.Enrol("1", url=pages.provider))
        agent.pinentry.answer({"pin": PIN})
        agent.client.ask(link.SetPin("1"))
        agent.pinentry.answer(TYPES_THE_PIN)
        created = ask(agent, creation(pages.origin, attestation="direct"))["credential"]
        keystore = ask(agent, link.Status("1"))["keystore"]

        assert keystore["label"] == "SOFTWARE KEYSTORE: keys are in a file, not in a chip"
        assert keystore["aaguid"] == "a02e549b-2f40-496f-99eb-90999de59314"
        assert all(keystore["label"] in window["desc"] for window in agent.pinentry.asked), "each window says so"
        assert ask(agent, assertion(pages.origin))["credential"]["id"] == created["id"]


def test_no_pinentry_is_said_in_a_sentence(tmp_path: Path, tpm: SoftwareTpm) -> None:
    with RunningAgent(tmp_path, tpm.address, pinentry="/nowhere/pinentry") as agent:
        refused = refusal(agent, link.SetPin("1"))

    assert refused.code == "gesture_unavailable"
    assert "install pinentry" in str(refused)


def test_no_daemon_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AgentUnreachable, match="No agent answers"):
        AgentClient(tmp_path / "agent.sock").ask(link.Hello("1"))


def test_the_command_line_tells_the_whole_story(agent: RunningAgent, pages: PasskeyPages) -> None:
    enrolled = agent.cli("enrol", pages.provider)
    assert (enrolled.returncode, "Test (localhost) may keep passkeys" in enrolled.stdout) == (0, True)

    assert "not set: run keystead-agent pin set" in agent.cli("status").stdout
    agent.pinentry.answer({"pin": PIN})
    assert agent.cli("pin", "set").stdout == "The PIN is set.\n"
    agent.pinentry.answer(TYPES_THE_PIN)
    created = ask(agent, creation(pages.origin))["credential"]["id"]
    agent.pinentry.answer({"pin": PIN}, {"pin": NEW})
    assert agent.cli("pin", "change").stdout == "The PIN is changed.\n"

    status = agent.cli("status").stdout
    assert "TPM 2.0 (IBM SW TPM)" in status
    assert "PIN         set" in status
    assert "Beware      The TPM's lockout password is empty" in status
    assert json.loads(agent.cli("status", "--json").stdout)["passkeys"] == 1
    assert created in agent.cli("list").stdout
    assert json.loads(agent.cli("list", "--json").stdout)["passkeys"][0]["name"] == "alice"

    asked = agent.cli("remove", created)
    assert asked.returncode == 1  # nobody was there to say yes
    assert agent.cli("remove", created, "--yes").stdout == "Deleted.\n"
    gone = agent.cli("remove", created, "--yes", "--json")
    assert (gone.returncode, json.loads(gone.stdout)["error"]["code"]) == (1, "passkey_unknown")
    assert "is forgotten" in agent.cli("unenrol", "localhost", "--yes").stdout


def test_the_command_line_has_honest_exit_codes(tmp_path: Path) -> None:
    absent = RunningAgent(tmp_path, tpm=None)

    gone = absent.cli("status", "--json")
    assert (gone.returncode, json.loads(gone.stdout)["error"]["code"]) == (3, "agent_unreachable")
    assert "keystead-agent daemon" in absent.cli("list").stderr
    assert absent.cli("dance").returncode == 2
    wrong = RunningAgent(tmp_path, tpm=None, pin_minimum="3").cli("status")
    assert (wrong.returncode, "from 4 to 127" in wrong.stderr) == (4, True)
    help_ = absent.cli("--help")
    assert help_.returncode == 0
    assert "Exit codes" in help_.stdout


def test_installing_for_browsers_claims_the_enrolled_pages(agent: RunningAgent, pages: PasskeyPages) -> None:
    nothing = agent.cli("browser", "install")
    assert (nothing.returncode, "nothing_enrolled" in nothing.stderr) == (1, True)
    agent.client.ask(link.Enrol("1", url=pages.provider))

    installed = agent.cli("browser", "install", "--json")

    assert json.loads(installed.stdout)["origins"] == [pages.origin]
    manifests = list(agent.home.rglob("keystead*.json"))
    assert manifests
