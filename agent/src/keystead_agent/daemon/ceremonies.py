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
from typing import Final

from keystead_agent.authenticator.errors import AuthenticatorError, NobodyAnswered, NotApproved

SHORTEST: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(minutes=5)


class Busy(AuthenticatorError):
    code = "busy"

    def __init__(self) -> None:
        super().__init__("Another question is open already: answer that one first.")


class TooManyPrompts(AuthenticatorError):
    code = "too_many_prompts"

    def __init__(self) -> None:
        super().__init__("You said no several times in a short while, so nothing is asked for some time.")


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

    @asynccontextmanager
    async def one(self, limit: timedelta) -> AsyncIterator[None]:
        """Hold the one place.

        Raises:
            Busy, TooManyPrompts: it is not free.
            NobodyAnswered: after *limit*.
        """
        if self._is_open:
            raise Busy
        if self.monotonic() < self._resting_until:
            raise TooManyPrompts
        self._is_open = True
        try:
            async with asyncio.timeout(limit.total_seconds()):
                yield
        except TimeoutError:
            self._note_refusal()
            raise NobodyAnswered from None
        except (NotApproved, NobodyAnswered, asyncio.CancelledError):
            self._note_refusal()
            raise
        finally:
            self._is_open = False

    def _note_refusal(self) -> None:
        now = self.monotonic()
        self._refusals.append(now)
        while self._refusals[0] < now - self.fatigue.within.total_seconds():
            self._refusals.popleft()
        if len(self._refusals) >= self.fatigue.refusals:
            self._refusals.clear()
            self._resting_until = now + self.fatigue.rest.total_seconds()
