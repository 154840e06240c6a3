"""How often somebody may be guessed at: what is typed is short, and the log remembers every try."""

from dataclasses import dataclass
from datetime import timedelta

from keystead_server.domain.sign_in import Method


@dataclass(frozen=True, slots=True)
class GuessLimit:
    """Refuse everything, the right answer too, once so many failed within so long."""

    failures: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Guesses:
    """What is known about guesses at one person, at one moment.

    Attributes:
        number: how many were judged, ever, by any method; the next one is written only if no other was
            meanwhile (`CountGuess`), so that many at once cannot all be the first.
        failures: those by the method in question that failed within its window.
    """

    number: int
    failures: int


_QUARTER, _HOUR = timedelta(minutes=15), timedelta(hours=1)
LIMITS: dict[Method, GuessLimit] = {
    # 27 letters to the eighth at least.
    Method.TEMPORARY_ACCESS_PASS: GuessLimit(10, _QUARTER),
    Method.PASSWORD: GuessLimit(10, _QUARTER),
    # A million codes, three of them right: whoever has the password too needs years for an even chance.
    Method.SOFTWARE_OATH: GuessLimit(10, _HOUR),
    Method.RECOVERY_CODE: GuessLimit(10, _HOUR),
}
