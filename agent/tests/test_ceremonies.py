"""One ceremony at a time, for a limited time, and not again and again."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest
from keystead_agent.authenticator.errors import NobodyAnswered, NotApproved
from keystead_agent.daemon.ceremonies import Busy, Ceremonies, Fatigue, TooManyPrompts, allowed_time
from keystead_agent.daemon.offloading import OneThread
from keystead_agent.daemon.peer import Peer, PeerRefused, admit_uid

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
    time = Time()
    ceremonies = Ceremonies(time, Fatigue(refusals=3, within=MINUTE, rest=2 * MINUTE))
    for _ in range(3):
        with pytest.raises(type(outcome)):
            run(ceremony(ceremonies, outcome))
        time.now += 5

    with pytest.raises(TooManyPrompts) as refused:
        run(ceremony(ceremonies))
    time.now += 121
    run(ceremony(ceremonies))

    assert refused.value.code == "too_many_prompts"


def test_refusals_that_lie_far_apart_are_no_attack() -> None:
    time = Time()
    ceremonies = Ceremonies(time, Fatigue(refusals=3, within=MINUTE, rest=MINUTE))

    for _ in range(10):
        with pytest.raises(NotApproved):
            run(ceremony(ceremonies, NotApproved()))
        time.now += 31


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
            import time

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


def test_only_ones_own_processes_may_connect() -> None:
    assert admit_uid(Peer(1, 1000), own=1000) == Peer(1, 1000)
    for uid in (0, 1001):
        with pytest.raises(PeerRefused) as refused:
            admit_uid(Peer(1, uid), own=1000)
        assert (refused.value.code, refused.value.uid) == ("peer_refused", uid)
