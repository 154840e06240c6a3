"""The native host: what passes between browser and daemon, and what happens when either goes."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_agent.browser_host.bridge import Bridge
from keystead_core.link.errors import LinkError, MessageTooLong
from keystead_core.link.framing import MAX_MESSAGE_BYTES, NATIVE, SOCKET, Framer, frame
from keystead_core.link.messages import Failed, reply_from_json
from keystead_testkit.socket_agent import SocketAgent

ORIGIN = "https://id.example.org"
PROVIDERS = {"id": "a", "verb": "providers"}
GET = {"id": "g", "verb": "get", "origin": ORIGIN, "options": {"challenge": "AAAA"}}


def native(*messages: dict[str, Any]) -> bytes:
    return b"".join(frame(message, NATIVE) for message in messages)


def test_a_request_passes_as_it_was_said() -> None:
    onward, back = Bridge().browser_said(native(GET))

    assert Framer(SOCKET).feed(onward) == [GET]
    assert back == b""


def test_a_reply_passes_as_it_was_said() -> None:
    reply = {"id": "g", "error": {"code": "pin_wrong", "message": "Wrong.", "name": "NotAllowedError"}}

    onward = Bridge().daemon_said(frame(reply))

    assert Framer(NATIVE).feed(onward) == [reply]


@pytest.mark.parametrize(
    "message",
    [
        {"verb": "status"},
        {"verb": "list"},
        {"verb": "enrol", "url": ORIGIN},
        {"verb": "unenrol", "provider": "example.org"},
        {"verb": "set_pin"},
        {"verb": "change_pin"},
        {"verb": "remove", "credential": "AAAA"},
    ],
    ids=lambda message: message["verb"],
)
def test_what_only_a_person_may_ask_does_not_pass(message: dict[str, Any]) -> None:
    onward, back = Bridge().browser_said(native({"id": "x", **message}))

    assert onward == b""
    (refused,) = Framer(NATIVE).feed(back)
    assert refused["id"] == "x"
    assert refused["error"]["code"] == "verb_not_for_browsers"  # type: ignore[index]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"id": "x", "verb": "sign"}, "verb_unknown"),
        ({**GET, "id": "x", "uv": False}, "member_unknown"),
        ({"id": "x", "verb": "get", "origin": ORIGIN}, "member_missing"),
        ({**GET, "id": "x", "origin": 5}, "member_invalid"),
        ({"id": "x", "verb": "v" * 3000}, "verb_unknown"),
    ],
)
def test_a_malformed_request_is_refused_and_the_next_one_passes(message: dict[str, Any], code: str) -> None:
    onward, back = Bridge().browser_said(native(message, PROVIDERS))

    (refused,) = Framer(NATIVE).feed(back)
    assert refused["error"]["code"] == code  # type: ignore[index]
    assert isinstance(reply_from_json(refused), Failed)
    assert Framer(SOCKET).feed(onward) == [PROVIDERS]


def test_a_malformed_reply_does_not_reach_the_browser() -> None:
    with pytest.raises(LinkError):
        Bridge().daemon_said(frame({"id": "g", "ok": {}, "origin": ORIGIN}))


def test_a_length_over_the_limit_is_refused_before_its_bytes_arrive() -> None:
    with pytest.raises(MessageTooLong):
        Bridge().browser_said((MAX_MESSAGE_BYTES + 1).to_bytes(4, "little"))


def test_what_is_open_when_the_daemon_goes_is_answered_once() -> None:
    bridge = Bridge()
    bridge.browser_said(native(PROVIDERS, GET))
    bridge.daemon_said(frame({"id": "a", "ok": {"providers": []}}))

    (gone,) = Framer(NATIVE).feed(bridge.daemon_is_gone())

    assert gone["id"] == "g"
    assert gone["error"]["code"] == "agent_unreachable"  # type: ignore[index]
    assert bridge.daemon_is_gone() == b""


def test_half_a_reply_of_a_daemon_that_went_does_not_spoil_the_next_ones() -> None:
    bridge, reply = Bridge(), {"id": "a", "ok": {}}
    bridge.daemon_said(frame(reply)[:7])
    bridge.daemon_is_gone()

    assert Framer(NATIVE).feed(bridge.daemon_said(frame(reply))) == [reply]


@given(st.binary(max_size=200))
def test_no_bytes_from_a_browser_do_more_than_close_the_stream(data: bytes) -> None:
    with suppress(LinkError):
        Bridge().browser_said(data)


# -- the process ------------------------------------------------------------------


class Browser:
    """The two pipes that a browser holds."""

    def __init__(self, daemon: Path) -> None:
        command = [sys.executable, "-m", "keystead_agent.browser_host", "--socket", str(daemon), f"{ORIGIN}/"]
        self.host = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._framer = Framer(NATIVE)

    def say(self, *messages: dict[str, Any]) -> None:
        assert self.host.stdin is not None
        self.host.stdin.write(native(*messages))
        self.host.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.host.stdout is not None
        while True:
            data = os.read(self.host.stdout.fileno(), 65536)
            assert data, "the host has ended"
            if messages := self._framer.feed(data):
                (message,) = messages
                return message

    def hang_up(self) -> int:
        assert self.host.stdin is not None
        self.host.stdin.close()
        return self.host.wait(timeout=10)


@pytest.fixture
def daemon(tmp_path: Path) -> Path:
    return tmp_path / "agent.sock"


@pytest.fixture
def browser(daemon: Path) -> Iterator[Browser]:
    browser = Browser(daemon)
    with browser.host:
        yield browser
        browser.host.kill()


def test_the_daemon_is_found_when_it_starts_and_found_again_when_it_restarts(daemon: Path, browser: Browser) -> None:
    heard = []
    for running in (False, True, False, True):
        if running:
            with SocketAgent(daemon, rp_id="example.org", origins=[ORIGIN]):
                browser.say(PROVIDERS)
                heard.append("ok" in browser.hear())
        else:
            browser.say(PROVIDERS)
            heard.append(browser.hear()["error"]["code"])

    assert heard == ["agent_unreachable", True, "agent_unreachable", True]


def test_the_browser_hanging_up_ends_the_host_and_its_ceremony(daemon: Path, browser: Browser) -> None:
    with SocketAgent(daemon, rp_id="example.org", origins=[ORIGIN]) as agent:
        agent.hold()
        browser.say(GET)
        agent.wait_for(SocketAgent.ceremonies)

        status = browser.hang_up()

        agent.wait_for(lambda agent: agent.given_up == ["g"])
    assert status == 0


def test_a_daemon_that_dies_in_a_ceremony_is_reported(daemon: Path, browser: Browser) -> None:
    with SocketAgent(daemon, rp_id="example.org", origins=[ORIGIN]) as agent:
        agent.hold()
        browser.say(GET)
        agent.wait_for(SocketAgent.ceremonies)

    assert browser.hear()["error"]["code"] == "agent_unreachable"


def test_a_daemon_that_babbles_is_hung_up_on(daemon: Path, browser: Browser) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(daemon))
        listener.listen()
        browser.say(PROVIDERS)
        connection, _ = listener.accept()
        with connection:
            connection.sendall(frame({"id": "a", "nonsense": True}))

            assert browser.hear()["error"]["code"] == "agent_unreachable"
            assert Framer(SOCKET).feed(connection.makefile("rb").read()) == [PROVIDERS]


def test_a_browser_that_babbles_is_hung_up_on(browser: Browser) -> None:
    assert browser.host.stdin is not None
    assert browser.host.stderr is not None
    browser.host.stdin.write(b"\xff" * 8)
    browser.host.stdin.flush()

    assert browser.host.wait(timeout=10) == 1
    assert b"message_too_long" in browser.host.stderr.read()


def test_the_host_can_import_no_key() -> None:
    loaded = "import sys, keystead_agent.browser_host.__main__; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()

    rooms = {module.split(".")[1] for module in modules if module.startswith("keystead_agent.")}
    assert rooms <= {"browser_host", "client"}
    assert "cryptography" not in modules
