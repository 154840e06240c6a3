"""What happens after wrong PINs, step by step."""

from datetime import UTC, datetime, timedelta

import pytest
from keystead_agent.container.ladder import NO_FAILURES, PHRASE, Ladder, is_phrase

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def after(failures: int, *, phrase: bool = True) -> Ladder:
    ladder = NO_FAILURES.with_phrase() if phrase else NO_FAILURES
    for _ in range(failures):
        ladder = ladder.failed(NOON)
    return ladder


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_the_first_failures_cost_nothing(failures: int) -> None:
    ladder = after(failures, phrase=False)

    assert not ladder.wants_phrase
    assert ladder.wait(NOON) == timedelta(0)


def test_the_third_asks_for_a_phrase_and_the_phrase_for_no_wait() -> None:
    ladder = after(3, phrase=False)

    assert ladder.wants_phrase
    assert not ladder.with_phrase().wants_phrase
    assert ladder.with_phrase().wait(NOON) == timedelta(0)


@pytest.mark.parametrize(("failures", "minutes"), [(4, 1), (5, 2), (6, 10), (7, 10), (50, 10)])
def test_every_further_one_is_followed_by_a_wait(failures: int, minutes: int) -> None:
    ladder = after(failures)

    assert ladder.wait(NOON) == timedelta(minutes=minutes)
    assert ladder.wait(NOON + timedelta(minutes=minutes, seconds=-1)) == timedelta(seconds=1)
    assert ladder.wait(NOON + timedelta(minutes=minutes)) == timedelta(0)


def test_a_clock_that_was_set_back_makes_no_wait_longer() -> None:
    assert after(4).wait(NOON - timedelta(days=365)) == timedelta(minutes=1)


@pytest.mark.parametrize("typed", [PHRASE, "a1b2c3", " A1B2C3 "])
def test_the_phrase_is_recognised(typed: str) -> None:
    assert is_phrase(typed)
    assert not is_phrase(typed + "4")
