"""Argon2id: slow, elsewhere, and the same for nobody."""

import asyncio
import time

import pytest
from keystead_server.keys.password_hasher import OF_TODAY, Argon2Hasher, Argon2Parameters
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.loop import run

QUICK = Argon2Parameters(memory_kib=64, iterations=1)


@pytest.fixture
def hasher() -> Argon2Hasher:
    return Argon2Hasher(SeededEntropy(), QUICK)


def test_what_is_kept_matches_its_secret_and_no_other(hasher: Argon2Hasher) -> None:
    kept = run(hasher.hashed(b"secret"))

    assert kept.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert run(hasher.matches(b"secret", kept))
    assert not run(hasher.matches(b"Secret", kept))


def test_each_has_a_salt_of_its_own(hasher: Argon2Hasher) -> None:
    assert run(hasher.hashed(b"secret")) != run(hasher.hashed(b"secret"))


def test_nobodys_matches_nothing_and_takes_as_long() -> None:
    hasher = Argon2Hasher(SeededEntropy(), Argon2Parameters(memory_kib=16 * 1024, iterations=2))
    kept = run(hasher.hashed(b"secret"))

    def work(secret: bytes, of: str | None) -> float:
        before = time.process_time()
        assert not run(hasher.matches(secret, of))
        return time.process_time() - before

    wrong = min(work(b"wrong", kept) for _ in range(3))
    nobodys = min(work(secret, None) for secret in (b"", b"secret", bytes(32)))
    # A hash is milliseconds of work; without one there is next to none.
    assert nobodys > wrong / 3


def test_parameters_of_yesterday_are_told_from_todays() -> None:
    yesterday, today = Argon2Hasher(SeededEntropy(), QUICK), Argon2Hasher(SeededEntropy(), Argon2Parameters(128, 1))
    kept = run(yesterday.hashed(b"secret"))

    assert run(today.matches(b"secret", kept))
    assert yesterday.is_of_today(kept)
    assert not today.is_of_today(kept)


def test_in_earnest_a_hash_takes_tens_of_megabytes() -> None:
    assert OF_TODAY.memory_kib >= 19_456
    assert OF_TODAY.iterations >= 2


def test_the_loop_turns_while_passwords_are_hashed() -> None:
    hasher = Argon2Hasher(SeededEntropy(), Argon2Parameters(memory_kib=32 * 1024, iterations=2))

    async def story() -> int:
        turns = 0
        hashing = asyncio.gather(*(hasher.hashed(b"secret") for _ in range(4)))
        while not hashing.done():
            await asyncio.sleep(0.001)
            turns += 1
        return turns

    assert run(story()) > 10
