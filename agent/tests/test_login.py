"""When the person leaves, what was open is closed, and a PIN comes before the next finger."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from keystead_agent.client.client import AgentRefused
from keystead_agent.daemon.ceremonies import Ceremonies, Fatigue, SessionLeft
from keystead_agent.daemon.login import LoginWatch
from keystead_core.link import messages as link
from keystead_core.link.messages import Create, Get
from keystead_testkit import fingerprint_reader, system_bus
from keystead_testkit.fingerprint_reader import FINGER, FingerprintReader, running_reader
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.system_bus import BusService, Logind, PrivateBus

PIN = "137946"


@pytest.fixture
def bus() -> Iterator[PrivateBus]:
    if not system_bus.is_available():
        pytest.skip(system_bus.MISSING)
    with PrivateBus() as running:
        yield running


def left_after(bus: PrivateBus, happens: Callable[[], None], *, seconds: float = 1.0) -> list[str]:
    """Why the watch said that the person left, when *happens* did."""
    left: list[str] = []

    async def watch() -> None:
        watch = LoginWatch(os.getuid(), bus.address)

        async def leave(because: str) -> None:
            left.append(because)

        watching = asyncio.create_task(watch.run(leave))
        while not watch.is_watching:  # noqa: ASYNC110 (a flag has no event)
            await asyncio.sleep(0.01)
        happens()
        until = time.monotonic() + seconds
        while not left and time.monotonic() < until:  # noqa: ASYNC110 (a list has no event)
            await asyncio.sleep(0.01)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        assert not watch.is_watching

    asyncio.run(watch())
    return left


def test_each_way_of_leaving_is_noticed(bus: PrivateBus) -> None:
    with Logind(bus) as logind:
        assert left_after(bus, lambda: logind.sleep(begins=True)) == ["the computer falls asleep"]
        assert left_after(bus, lambda: logind.lock(Logind.OURS)) == ["the session is locked"]
        assert left_after(bus, lambda: logind.hint_locked(Logind.OURS)) == ["the session is locked"]
        assert left_after(bus, lambda: logind.end_session(Logind.OURS)) == ["a session has ended"]


def test_what_is_no_leaving_closes_nothing(bus: PrivateBus) -> None:
    with Logind(bus) as logind:

        def others() -> None:
            logind.sleep(begins=False)
            logind.lock(Logind.THEIRS)
            logind.hint_locked(Logind.THEIRS)
            logind.hint_locked(Logind.OURS, locked=False)
            logind.end_session(Logind.THEIRS)

        assert left_after(bus, others, seconds=0.5) == []


def test_nobody_but_logind_is_believed(bus: PrivateBus) -> None:
    with Logind(bus), BusService(bus, "org.example.Other", {}) as other:
        says = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", "b", True)

        assert left_after(bus, lambda: other.emit(*says), seconds=0.3) == []


def test_falling_asleep_waits_until_everything_is_closed(bus: PrivateBus) -> None:
    with Logind(bus) as logind:
        held_up: list[bool] = []

        async def watch() -> None:
            watch = LoginWatch(os.getuid(), bus.address)

            async def leave(because: str) -> None:
                held_up.append(logind.is_held_up())

            watching = asyncio.create_task(watch.run(leave))
            while not watch.is_watching:  # noqa: ASYNC110 (a flag has no event)
                await asyncio.sleep(0.01)
            logind.sleep(begins=True)
            while not held_up or logind.is_held_up():  # noqa: ASYNC110 (another process closes it)
                await asyncio.sleep(0.01)
            watching.cancel()
            await asyncio.wait([watching])

        asyncio.run(asyncio.wait_for(watch(), 10))

    assert held_up == [True]


def test_an_open_question_is_taken_back_and_is_nobodys_refusal() -> None:
    ceremonies = Ceremonies(time.monotonic, Fatigue(refusals=1))

    async def ask() -> None:
        async with ceremonies.one(timedelta(minutes=1)):
            await asyncio.sleep(60)

    async def leave() -> None:
        asking = asyncio.create_task(ask())
        await asyncio.sleep(0)
        await ceremonies.end()
        with pytest.raises(SessionLeft):
            await asking
        # One refusal would have been enough to be asked nothing more.
        async with ceremonies.one(timedelta(minutes=1)):
            pass

    asyncio.run(leave())


def test_leaving_with_nothing_open_is_nothing() -> None:
    asyncio.run(Ceremonies(time.monotonic).end())


@pytest.fixture
def reader() -> Iterator[FingerprintReader]:
    if not fingerprint_reader.is_available():
        pytest.skip(fingerprint_reader.MISSING)
    with running_reader() as running:
        yield running


@dataclass
class Desk:
    """An agent whose owner has one enrolled finger, at a computer with logind."""

    agent: RunningAgent
    reader: FingerprintReader
    logind: Logind
    pages: PasskeyPages

    def sign_in(self) -> None:
        self.agent.client.ask(Get("1", origin=self.pages.origin, options={"challenge": "AAAA"}))

    @property
    def recognised(self) -> int:
        return sum(line["event"] == "gesture.recognised" for line in self.agent.log)


@pytest.fixture
def desk(tmp_path: Path, reader: FingerprintReader) -> Iterator[Desk]:
    with (
        Logind(reader.bus) as logind,
        PasskeyPages() as pages,
        RunningAgent(tmp_path, tpm=None, bus=reader.bus.address) as agent,
    ):
        agent.client.ask(link.Enrol("1", url=pages.provider))
        agent.pinentry.answer({"pin": PIN}, {"pin": PIN})
        agent.client.ask(link.SetPin("1"))
        user = {"id": "YWRh", "name": "ada", "displayName": "Ada"}
        wanted = {"rp": {"name": "Test"}, "user": user, "challenge": "AAAA"}
        wanted["pubKeyCredParams"] = [{"type": "public-key", "alg": -7}]
        agent.client.ask(Create("1", origin=pages.origin, options=wanted))
        yield Desk(agent, reader, logind, pages)


def test_after_one_pin_a_finger_signs_in_and_after_a_lock_the_pin_again(desk: Desk) -> None:
    desk.agent.pinentry.answer({"wait": True, "forever": True})
    desk.reader.lay(FINGER, after=1.0)
    desk.sign_in()
    assert desk.recognised == 1
    assert "touch the fingerprint reader" in desk.agent.pinentry.asked[-1]["desc"]

    desk.logind.hint_locked(Logind.OURS)
    wait_for_line(desk.agent, "session.left")
    desk.agent.pinentry.answer({"pin": PIN})
    desk.sign_in()

    assert desk.recognised == 1
    assert "fingerprint" not in desk.agent.pinentry.asked[-1]["desc"]


def test_a_lock_closes_the_window_that_is_open_and_frees_the_reader(desk: Desk) -> None:
    desk.agent.pinentry.answer({"wait": True, "forever": True})
    refused: list[str] = []

    def ask() -> None:
        try:
            desk.sign_in()
        except AgentRefused as error:
            refused.append(error.code)

    asking = threading.Thread(target=ask)
    asking.start()
    window = desk.agent.pinentry.wait_until_asked(3)

    desk.logind.lock(Logind.OURS)
    asking.join(timeout=10)

    assert refused == ["session_left"]
    assert not Path(f"/proc/{window['pid']}").exists()
    assert desk.reader.is_free()


def wait_for_line(agent: RunningAgent, event: str) -> None:
    deadline = time.monotonic() + 10
    while all(line["event"] != event for line in agent.log):
        assert time.monotonic() < deadline, f"no {event}"
        time.sleep(0.02)


@pytest.mark.parametrize("after", [0.0, 0.0005, 0.001, 0.002, 0.004, 0.008])
def test_a_watch_that_is_stopped_while_it_greets_the_bus_stops(bus: PrivateBus, after: float) -> None:
    """jeepney swallows a cancellation there, and the daemon would wait for ever for its own watch."""

    async def stop_early() -> None:
        with Logind(bus):
            watching = asyncio.create_task(LoginWatch(os.getuid(), bus.address).run(lambda _: asyncio.sleep(0)))
            await asyncio.sleep(after)
            watching.cancel()
            await asyncio.wait([watching], timeout=5)
            assert watching.done()

    asyncio.run(stop_early())
