"""What a person meets after wrong PINs: a phrase, then waits. The keystore's count stands behind it.

    1 to 3 wrong    try again
    then            type the phrase A1B2C3: a stuck key, a cat or a confused person cannot
    the 4th wrong   wait a minute for the next try, then two, then ten for each

The ladder is for honest people and impatient ones, and keeps them from using up
their tries in one go. It is in the container's file, so it survives a restart;
whoever can put an older file in its place meets the keystore's count all the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

PHRASE: Final = "A1B2C3"
FREE_FAILURES: Final = 3
WAITS: Final = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=10))


@dataclass(frozen=True, slots=True)
class Ladder:
    """Where somebody stands.

    Attributes:
        failures: wrong PINs in a row.
        phrase_typed: since the failures that asked for it.
        last_failure_at: None before the first.
    """

    failures: int = 0
    phrase_typed: bool = False
    last_failure_at: datetime | None = None

    @property
    def wants_phrase(self) -> bool:
        return self.failures >= FREE_FAILURES and not self.phrase_typed

    def wait(self, now: datetime) -> timedelta:
        """How long until the next try; never longer than the step says, whatever the clock has done."""
        steps = self.failures - FREE_FAILURES
        if steps <= 0 or self.last_failure_at is None:
            return timedelta(0)
        whole = WAITS[min(steps, len(WAITS)) - 1]
        return min(max(self.last_failure_at + whole - now, timedelta(0)), whole)

    def failed(self, now: datetime) -> Self:
        return type(self)(self.failures + 1, self.phrase_typed, now)

    def with_phrase(self) -> Self:
        return type(self)(self.failures, True, self.last_failure_at)


NO_FAILURES: Final = Ladder()


def is_phrase(typed: str) -> bool:
    return typed.strip().upper() == PHRASE
