"""The daemon from outside: requests as a browser or the command line makes them, and a connection that says anything."""

import socket
import time
from pathlib import Path
from typing import Any

import pytest
from keystead_agent.client.client import AgentRefused
from keystead_core.link import messages as link
from keystead_core.link.framing import Framer, frame
from keystead_core.link.messages import Create, Get, Request, reply_from_json
from keystead_core.wire.base64url import b64url_encode

from keystead_testkit.running_agent import RunningAgent

PIN, WRONG, NEW = "137946", "000001", "864209"
CHALLENGE = bytes(range(32))
TYPES_THE_PIN = {"pin": PIN, "forever": True}


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


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}/status").exists() and "Z (zombie)" not in Path(f"/proc/{pid}/status").read_text()


def wait_until(happened: Any, *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
