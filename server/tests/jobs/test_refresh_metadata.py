"""Refreshing the metadata: whatever the source does, the last good ones stay in force and nothing breaks."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from keystead_server.jobs.refresh_metadata import NotDue, NotRefreshed, Outcome, Refreshed, RefreshMetadata
from keystead_server.main.asgi import ROUNDS_A_DAY, ROUNDS_AN_HOUR, refresh_forever
from keystead_server.ports.fetcher import FetchFailed, FetchRefused
from keystead_server.trust.metadata.blob import MAX_BLOB_BYTES
from keystead_server.trust.metadata.shelf import KEPT, MetadataShelf
from keystead_testkit.clock import FixedClock
from keystead_testkit.loop import run
from keystead_testkit.metadata_service import SIGNER, MetadataService, entry

KEY = UUID(int=0x11)
SERVICE = MetadataService.opened()
ADDRESS = "https://mds.example/"


@dataclass
class Web:
    """A Fetcher: what it answers with, and how often it was asked."""

    answer: bytes | Exception = b""
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str, *, max_bytes: int) -> bytes:
        self.asked.append(url)
        assert max_bytes == MAX_BLOB_BYTES
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class Place:
    shelf: MetadataShelf
    web: Web
    clock: FixedClock

    def job(self, source: str = ADDRESS) -> RefreshMetadata:
        return RefreshMetadata(source, self.shelf, self.web, self.clock)

    def refresh(self, source: str = ADDRESS, *, only_if_due: bool = False) -> Outcome:
        return run(self.job(source)(only_if_due=only_if_due))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(MetadataShelf(tmp_path / KEPT, [SERVICE.root.certificate], SIGNER), Web(), FixedClock())


def code_of(outcome: Outcome) -> str:
    assert isinstance(outcome, NotRefreshed)
    assert outcome.reason
    return outcome.code


def test_an_address_is_fetched_and_what_came_is_in_force(place: Place) -> None:
    place.web.answer = SERVICE.blob(entry(KEY), no=3)

    outcome = place.refresh()

    assert isinstance(outcome, Refreshed)
    assert outcome.blob.number == 3
    assert place.web.asked == [ADDRESS]
    assert place.shelf.about(KEY) is not None


def test_a_file_is_read_and_nothing_is_fetched(place: Place, tmp_path: Path) -> None:
    (tmp_path / "blob.jwt").write_bytes(SERVICE.blob(entry(KEY)))

    assert isinstance(place.refresh(str(tmp_path / "blob.jwt")), Refreshed)
    assert not place.web.asked


@pytest.mark.parametrize("failure", [FetchFailed("no answer"), FetchRefused("not public")], ids=lambda e: e.code)
def test_a_source_that_cannot_be_fetched_leaves_the_last_good_ones(place: Place, failure: FetchFailed) -> None:
    place.web.answer = SERVICE.blob(entry(KEY))
    place.refresh()
    place.web.answer = failure

    assert code_of(place.refresh()) == failure.code
    assert place.shelf.about(KEY) is not None


def test_what_is_broken_or_older_leaves_the_last_good_ones(place: Place) -> None:
    place.web.answer = SERVICE.blob(entry(KEY), no=5)
    place.refresh()

    place.web.answer = b"<html>maintenance</html>"
    assert code_of(place.refresh()) == "metadata_malformed"
    place.web.answer = SERVICE.blob(no=4)
    assert code_of(place.refresh()) == "metadata_rolled_back"
    assert place.shelf.about(KEY) is not None


def test_a_file_that_is_not_there_or_too_long_is_told(place: Place, tmp_path: Path) -> None:
    assert code_of(place.refresh(str(tmp_path / "none"))) == "metadata_source_unreadable"
    assert code_of(place.refresh(str(tmp_path))) == "metadata_source_unreadable"
    with (tmp_path / "long").open("wb") as file:
        file.truncate(MAX_BLOB_BYTES + 1)
    assert code_of(place.refresh(str(tmp_path / "long"))) == "metadata_malformed"


def test_it_waits_for_the_day_that_was_announced(place: Place) -> None:
    place.web.answer = SERVICE.blob(entry(KEY), next_update="2026-03-03")
    assert isinstance(place.refresh(only_if_due=True), Refreshed)

    assert isinstance(place.refresh(only_if_due=True), NotDue)
    place.clock = FixedClock(place.clock.now().replace(day=3))
    assert isinstance(place.refresh(only_if_due=True), Refreshed)
    assert len(place.web.asked) == 2


# -- the server's round ----------------------------------------------------------------------------


def rounds(job: RefreshMetadata, until: Callable[[], bool]) -> None:
    """Let the server's loop turn, without waiting between rounds, until something has happened."""

    async def turning() -> None:
        task = asyncio.create_task(refresh_forever(job, round_seconds=0))
        try:
            async with asyncio.timeout(20):
                while not until():
                    assert not task.done(), task.exception()
                    await asyncio.sleep(0)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    run(turning())


class Counting(MetadataShelf):
    """Counts how often it looked for what others kept."""

    turns = 0

    def pick_up(self) -> None:
        super().pick_up()
        self.turns += 1


class Broken(Counting):
    """Fails as only a bug does."""

    def accept(self, blob: bytes, now: object) -> Any:
        raise RuntimeError("a bug")


def test_the_round_survives_bugs(tmp_path: Path) -> None:
    shelf, web = Broken(tmp_path / KEPT, [], SIGNER), Web(SERVICE.blob())

    rounds(RefreshMetadata(ADDRESS, shelf, web, FixedClock()), lambda: len(web.asked) >= 3)


def test_after_a_failure_the_next_try_is_an_hour_later(tmp_path: Path) -> None:
    shelf, web = Counting(tmp_path / KEPT, [], SIGNER), Web(FetchFailed("no answer"))
    shelf.pick_up()
    shelf.turns = 0

    rounds(RefreshMetadata(ADDRESS, shelf, web, FixedClock()), lambda: len(web.asked) >= 3)

    assert shelf.turns == 2 * (ROUNDS_AN_HOUR - 1)


def test_the_round_refreshes_at_once_and_then_daily(tmp_path: Path) -> None:
    shelf = Counting(tmp_path / KEPT, [SERVICE.root.certificate], SIGNER)
    web = Web(SERVICE.blob(next_update="2026-01-01"))
    turns: list[int] = []

    def until() -> bool:
        if len(web.asked) > len(turns):
            turns.append(shelf.turns)
        return len(turns) == 2

    rounds(RefreshMetadata(ADDRESS, shelf, web, FixedClock()), until)

    # One look is the one before accepting.
    assert turns[1] - turns[0] >= ROUNDS_A_DAY - 1


def test_between_two_days_the_round_sees_what_others_kept(place: Place, tmp_path: Path) -> None:
    place.web.answer = SERVICE.blob(entry(KEY), no=1)
    other = MetadataShelf(tmp_path / KEPT, [SERVICE.root.certificate], SIGNER)
    numbers: list[int] = []

    def until() -> bool:
        found = place.shelf.in_force
        if found is not None and found.number not in numbers:
            numbers.append(found.number)
            if found.number == 1:
                other.accept(SERVICE.blob(no=2), place.clock.now())
        return numbers == [1, 2]

    rounds(place.job(), until)

    assert len(place.web.asked) == 1
