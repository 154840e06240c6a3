"""A disk with no room, a program that is killed, a clock that jumps: nothing half-made, nothing lost."""

import resource
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from keystead_agent.client.client import AgentRefused
from keystead_agent.keystore.private_file import FileNotWritten, write_private
from keystead_core.link import messages as link
from keystead_core.link.messages import Create, Get
from keystead_core.wire.base64url import b64url_encode
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent

PIN, NEW = "137946", "864209"


@pytest.fixture(scope="module")
def pages() -> Iterator[PasskeyPages]:
    with PasskeyPages() as serving:
        yield serving


@pytest.fixture
def agent(tmp_path: Path, pages: PasskeyPages) -> Iterator[RunningAgent]:
    with RunningAgent(tmp_path, tpm=None) as running:
        running.client.ask(link.Enrol("1", url=pages.provider))
        running.pinentry.answer({"pin": PIN})
        running.client.ask(link.SetPin("1"))
        running.pinentry.answer({"pin": PIN, "forever": True})
        running.client.ask(creation(pages, "ada"))
        yield running


def creation(pages: PasskeyPages, name: str) -> Create:
    user = {"id": b64url_encode(name.encode()), "name": name, "displayName": name}
    options: dict[str, Any] = {"rp": {"name": "Test"}, "user": user, "challenge": "AAAA"}
    options["pubKeyCredParams"] = [{"type": "public-key", "alg": -7}]
    return Create("1", origin=pages.origin, options=options)


def names(agent: RunningAgent) -> list[str]:
    listed: Any = agent.client.ask(link.ListPasskeys("1"))
    return [passkey["name"] for passkey in listed["passkeys"]]


def limit_files(agent: RunningAgent, size: int) -> None:
    """Let the daemon write no file beyond *size* bytes, as on a disk that is full."""
    _, hard = resource.prlimit(agent.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (size, hard))


@pytest.mark.parametrize("what", ["create", "get"])
def test_a_full_disk_refuses_and_keeps_what_there_was(agent: RunningAgent, pages: PasskeyPages, what: str) -> None:
    request = (
        creation(pages, "grace") if what == "create" else Get("1", origin=pages.origin, options={"challenge": "AAAA"})
    )
    limit_files(agent, 200)

    with pytest.raises(AgentRefused) as refused:
        agent.client.ask(request)

    assert refused.value.code == "file_not_written"
    assert names(agent) == ["ada"]
    limit_files(agent, resource.RLIM_INFINITY)
    agent.client.ask(request)
    assert names(agent) == (["ada", "grace"] if what == "create" else ["ada"])


def test_a_full_disk_in_a_pin_change_leaves_the_pin_that_was(agent: RunningAgent, pages: PasskeyPages) -> None:
    agent.pinentry.answer({"pin": PIN}, {"pin": NEW}, {"pin": PIN, "forever": True})
    limit_files(agent, 200)

    with pytest.raises(AgentRefused) as refused:
        agent.client.ask(link.ChangePin("1"))

    assert refused.value.code == "file_not_written"
    limit_files(agent, resource.RLIM_INFINITY)
    agent.pinentry.answer({"pin": PIN})
    agent.client.ask(Get("1", origin=pages.origin, options={"challenge": "AAAA"}))


def test_a_program_killed_in_a_pin_change_wakes_with_one_pin(agent: RunningAgent, pages: PasskeyPages) -> None:
    """Killed while the new PIN is asked for: the old one is the PIN."""
    agent.pinentry.answer({"pin": PIN}, {"wait": True})
    wait_for_change(agent)
    agent.kill()
    agent.start()

    agent.pinentry.answer({"pin": PIN})
    agent.client.ask(Get("1", origin=pages.origin, options={"challenge": "AAAA"}))
    assert names(agent) == ["ada"]


def wait_for_change(agent: RunningAgent) -> None:
    before = len(agent.pinentry.asked)

    def change() -> None:
        try:
            agent.client.ask(link.ChangePin("1"))
        except Exception:
            return

    Thread(target=change, daemon=True).start()
    agent.pinentry.wait_until_asked(before + 2)


def test_a_file_without_room_is_the_old_one_and_nothing_beside_it(tmp_path: Path) -> None:
    write_private(tmp_path / "file", b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(FileNotWritten) as refused:
            write_private(tmp_path / "file", bytes(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert refused.value.code == "file_not_written"
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
