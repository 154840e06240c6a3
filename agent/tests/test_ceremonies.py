"""One ceremony at a time, for a limited time, and not again and again."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from keystead_agent.authenticator.errors import NobodyAnswered, NotApproved
from keystead_agent.daemon.ceremonies import Busy, Ceremonies, Fatigue, TooManyPrompts, allowed_time
from keystead_agent.daemon.log import MAX_LOG_BYTES, Log
from keystead_agent.daemon.offloading import OneThread
from keystead_agent.daemon.peer import Peer, PeerRefused, admit_uid
from keystead_testkit.clock import FixedClock

MINUTE = timedelta(minutes=1)


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


async def ceremony(ceremonies: Ceremonies, outcome: BaseException | None = None) -> None:
    async with ceremonies.one(MINUTE):
        if outcome is not None:
            raise outcome


def test_a_second_ceremony_is_told_that_the_first_is_open() -> None:
    ceremonies = Ceremonies(Time())

    async def two() -> None:
        async with ceremonies.one(MINUTE):
            with pytest.raises(Busy) as refused:
                await ceremony(ceremonies)
            assert refused.value.code == "busy"
        await ceremony(ceremonies)

    run(two())


@pytest.mark.parametrize("outcome", [ValueError(), NotApproved(), asyncio.CancelledError()])
def test_the_place_is_free_again_however_it_ended(outcome: BaseException) -> None:
    ceremonies = Ceremonies(Time())

    with pytest.raises(type(outcome)):
        run(ceremony(ceremonies, outcome))

    run(ceremony(ceremonies))


def test_an_unanswered_question_is_given_up() -> None:
    ceremonies = Ceremonies(Time())

    async def wait() -> None:
        async with ceremonies.one(timedelta(milliseconds=20)):
            await asyncio.sleep(5)

    with pytest.raises(NobodyAnswered):
        run(wait())
    run(ceremony(ceremonies))


@pytest.mark.parametrize("outcome", [NotApproved(), NobodyAnswered(), asyncio.CancelledError()])
def test_after_several_refusals_nothing_is_asked_for_a_while(outcome: BaseException) -> None:
    clock = Time()
    ceremonies = Ceremonies(clock, Fatigue(refusals=3, within=MINUTE, rest=2 * MINUTE))
    for _ in range(3):
        with pytest.raises(type(outcome)):
            run(ceremony(ceremonies, outcome))
        clock.now += 5

    clock.now += 20
    with pytest.raises(TooManyPrompts) as refused:
        run(ceremony(ceremonies))
    clock.now += 101
    run(ceremony(ceremonies))

    assert refused.value.code == "too_many_prompts"
    # Three refusals, five seconds each after the other; the rest began with the third.
    assert "another 95 seconds" in str(refused.value)


def test_refusals_that_lie_far_apart_are_no_attack() -> None:
    clock = Time()
    ceremonies = Ceremonies(clock, Fatigue(refusals=3, within=MINUTE, rest=MINUTE))

    for _ in range(10):
        with pytest.raises(NotApproved):
            run(ceremony(ceremonies, NotApproved()))
        clock.now += 31


@pytest.mark.parametrize(
    ("wanted", "allowed"), [(None, 300), (1, 30), (-5, 30), (60, 60), (300, 300), (1e300, 300), (float("inf"), 300)]
)
def test_the_pages_timeout_is_brought_into_our_limits(wanted: float | None, allowed: int) -> None:
    assert allowed_time(wanted) == timedelta(seconds=allowed)


def test_who_gives_up_still_waits_for_the_end_of_what_was_begun() -> None:
    done: list[str] = []

    async def give_up() -> None:
        one_thread, begun = OneThread(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def work() -> None:
            loop.call_soon_threadsafe(begun.set)
            time.sleep(0.1)
            done.append("work")

        task = asyncio.create_task(one_thread(work))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        done.append("given up")
        one_thread.close()

    run(give_up())

    assert done == ["work", "given up"]


def test_what_has_not_begun_never_begins_once_given_up() -> None:
    done: list[str] = []

    async def give_up() -> None:
        one_thread, hold = OneThread(), threading.Event()
        first = asyncio.create_task(one_thread(hold.wait))
        second = asyncio.create_task(one_thread(lambda: done.append("second")))
        await asyncio.sleep(0.05)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        hold.set()
        await first
        one_thread.close()

    run(give_up())

    assert done == []


def test_the_browser_is_named_as_the_program_that_asks_for_its_host() -> None:
    command = [sys.executable, "-c", "print(flush=True); input()", "keystead_agent.browser_host"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        host.stdout.readline()
        named = Peer(host.pid, 0).program
        host.communicate(b"\n")

    assert named.endswith(f"({os.getpid()})")
    assert Peer(os.getpid(), 0).program == named


def test_a_full_log_begins_anew_and_keeps_the_old_one(tmp_path: Path) -> None:
    log = Log(FixedClock().now, tmp_path / "agent.log", stream=None)
    (tmp_path / "agent.log").write_bytes(b"x" * MAX_LOG_BYTES)
    (tmp_path / "agent.log").chmod(0o600)

    log.event("daemon.started", pid=7, socket=None)
    log.event("daemon.stopped")

    kept = (tmp_path / "agent.log").read_text()
    assert json.loads(kept)["event"] == "daemon.stopped"
    assert (tmp_path / "agent.log").stat().st_mode & 0o777 == 0o600
    assert b'"pid": 7}' in (tmp_path / "agent.log.1").read_bytes()


def test_only_ones_own_processes_may_connect() -> None:
    assert admit_uid(Peer(1, 1000), own=1000) == Peer(1, 1000)
    for uid in (0, 1001):
        with pytest.raises(PeerRefused) as refused:
            admit_uid(Peer(1, uid), own=1000)
        assert (refused.value.code, refused.value.uid) == ("peer_refused", uid)
