"""One ceremony at a time, for a limited time, and not again and again.

Two windows that ask for a PIN at once cannot be told apart. A program that asks
in a loop hopes for a tired "yes".
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from keystead_agent.authenticator.errors import AuthenticatorError, NobodyAnswered, NotApproved

SHORTEST: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(minutes=5)


class Busy(AuthenticatorError):
    code = "busy"

    def __init__(self) -> None:
        super().__init__("Another question is open already: answer that one first.")


class TooManyPrompts(AuthenticatorError):
    code = "too_many_prompts"

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, round(wait.total_seconds()))
        super().__init__(
            f"You said no several times in a short while, so nothing is asked for another {seconds} seconds."
        )
        self.wait = wait


class SessionLeft(AuthenticatorError):
    """The screen was locked, the computer fell asleep or the person logged out while they were being asked."""

    code = "session_left"

    def __init__(self) -> None:
        super().__init__("The session was locked or left, so the question was taken back.")


@dataclass(frozen=True, slots=True)
class Fatigue:
    """After *refusals* within *within*, nothing is asked for *rest*."""

    refusals: int = 5
    within: timedelta = timedelta(minutes=1)
    rest: timedelta = timedelta(minutes=2)


def allowed_time(wanted_seconds: float | None) -> timedelta:
    """The page's timeout, brought into our own limits: browsers do not enforce it."""
    if wanted_seconds is None:
        return LONGEST
    return min(max(timedelta(seconds=min(wanted_seconds, 3600)), SHORTEST), LONGEST)


@dataclass(slots=True)
class Ceremonies:
    """The one place through which everything goes that asks a person.

    Attributes:
        monotonic: seconds from an arbitrary start.
    """

    monotonic: Callable[[], float]
    fatigue: Fatigue = field(default_factory=Fatigue)
    _is_open: bool = False
    _refusals: deque[float] = field(default_factory=deque)
    _resting_until: float = float("-inf")
    _asking: asyncio.Task[Any] | None = None
    _was_left: bool = False

    @asynccontextmanager
    async def one(self, limit: timedelta) -> AsyncIterator[None]:
        """Hold the one place.

        Raises:
            Busy, TooManyPrompts: it is not free.
            NobodyAnswered: after *limit*.
            SessionLeft: `end` was called.
        """
        if self._is_open:
            raise Busy
        resting = self._resting_until - self.monotonic()
        if resting > 0:
            raise TooManyPrompts(timedelta(seconds=resting))
        self._is_open, self._was_left, self._asking = True, False, asyncio.current_task()
        try:
            async with asyncio.timeout(limit.total_seconds()):
                yield
        except TimeoutError:
            self._note_refusal()
            raise NobodyAnswered from None
        except asyncio.CancelledError:
            if self._was_left and self._asking is not None:
                # Ours, and nobody's refusal.
                self._asking.uncancel()
                raise SessionLeft from None
            self._note_refusal()
            raise
        except (NotApproved, NobodyAnswered):
            self._note_refusal()
            raise
        finally:
            self._is_open, self._asking = False, None

    async def end(self) -> None:
        """Take back the question that is open, and return when nothing of it is left."""
        asking = self._asking
        if asking is not None:
            self._was_left = True
            asking.cancel()
            await asyncio.wait([asking])

    def _note_refusal(self) -> None:
        now = self.monotonic()
        self._refusals.append(now)
        while self._refusals[0] < now - self.fatigue.within.total_seconds():
            self._refusals.popleft()
        if len(self._refusals) >= self.fatigue.refusals:
            self._refusals.clear()
            self._resting_until = now + self.fatigue.rest.total_seconds()
