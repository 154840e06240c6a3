"""Work that takes longer than a page may: done a slice at a time, whenever the page that waits for it asks.

Nothing goes on by itself. Who leaves the page has ended the work, what nobody asks about is forgotten, and
a session has one run of a kind at a time; so no number of administrators, tabs or reloads makes the server
do more than it answers requests for. Runs are kept in memory: a restart ends them, and the page says so.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Generic, Protocol, TypeVar

from keystead_server.domain.ids import SessionId
from keystead_server.domain.invalid import Invalid
from keystead_server.ports.clock import Clock, Entropy

Outcome = TypeVar("Outcome", covariant=True)
Known = TypeVar("Known")

MOST_RUNS: Final = 12
"""Under way at a time, of everybody: each may hold all people of its organisation in memory."""
MOST_ANSWERS: Final = 60
FORGOTTEN_AFTER: Final = timedelta(minutes=10)
# Those who wait ask every second; who has not asked for this long has left.
LEFT_AFTER: Final = timedelta(seconds=30)
ROWS_A_SLICE: Final = 100
"""So few that a sign-in that waits for its turn does not notice."""
SLICES_A_REQUEST: Final = 200
REQUEST_BUDGET: Final = timedelta(milliseconds=700)


class Work(Protocol[Outcome]):
    @property
    def is_done(self) -> bool: ...
    @property
    def part(self) -> float | None:
        """How much is done, from 0 to 1; None when nobody can say."""
        ...

    async def step(self, limit: int) -> None:
        """Go on by *limit* things, or wait for what goes on elsewhere; for no longer than a slice."""
        ...

    def outcome(self) -> Outcome: ...


@dataclass(slots=True)
class Run(Generic[Known]):
    """Attributes:
    about: what the page needs to know of it besides its outcome.
    spent: how long was worked at it.
    outcome: once it is done; the work, with all it remembers, is gone by then.
    """

    id: str
    about: Any
    asked_at: datetime
    work: Work[Known] | None
    spent: timedelta = timedelta()
    outcome: Known | None = None
    _is_busy: bool = field(default=False)

    @property
    def part(self) -> float | None:
        return 1.0 if self.work is None else self.work.part

    async def go_on(self, clock: Clock) -> None:
        """Do as much as one request may."""
        self.asked_at = began = clock.now()
        # The same page in two tabs: a step that is under way must not be taken twice.
        if self._is_busy or self.work is None:
            return
        self._is_busy = True
        try:
            await self._slices(self.work, clock, began)
        finally:
            self._is_busy = False
            self.spent += clock.now() - began

    async def _slices(self, work: Work[Known], clock: Clock, began: datetime) -> None:
        for _ in range(SLICES_A_REQUEST):
            await work.step(ROWS_A_SLICE)
            if work.is_done:
                self.outcome, self.work = work.outcome(), None
                return
            if clock.now() - began >= REQUEST_BUDGET:
                return
            # Others first: a slice is computing, and nobody is answered meanwhile.
            await asyncio.sleep(0)


class Runs:
    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock, self._entropy = clock, entropy
        self._kept: dict[tuple[SessionId, str], Run[Any]] = {}

    def begin(self, owner: SessionId, kind: str, work: Work[Known], about: Any = None) -> Run[Known]:
        """A new run of *kind*, instead of the one that this session had.

        Raises:
            Invalid: others are at it already, as many as there may be.
        """
        now = self._clock.now()
        self._kept.pop((owner, kind), None)
        self._forget(now)
        if self._under_way() >= MOST_RUNS:
            raise Invalid(
                "too_many_runs", "several administrators are waiting for long answers just now; try again soon"
            )
        run = Run(self._entropy.new_id(now), about, now, work)
        self._kept[owner, kind] = run
        return run

    def of(self, owner: SessionId, kind: str, run_id: str) -> Run[Any] | None:
        """The one that this session began, as long as it is remembered."""
        run = self._kept.get((owner, kind))
        return run if run is not None and run.id == run_id else None

    def end(self, owner: SessionId, kind: str) -> None:
        self._kept.pop((owner, kind), None)

    def _under_way(self) -> int:
        return sum(run.work is not None for run in self._kept.values())

    def _forget(self, now: datetime) -> None:
        """What is old; where there is no room, who has left; and of answers the oldest beyond so many."""
        limit = LEFT_AFTER if self._under_way() >= MOST_RUNS else FORGOTTEN_AFTER
        kept = {
            key: run
            for key, run in self._kept.items()
            if now - run.asked_at < (FORGOTTEN_AFTER if run.work is None else limit)
        }
        answers = sorted((key for key in kept if kept[key].work is None), key=lambda key: kept[key].asked_at)
        for key in answers[: max(0, len(answers) - MOST_ANSWERS)]:
            del kept[key]
        self._kept = kept
