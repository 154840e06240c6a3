"""Time and randomness, as arguments."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """This moment, aware, UTC."""
        ...


class Entropy(Protocol):
    def token(self, size: int) -> bytes:
        """*size* bytes that nobody can foresee."""
        ...

    def new_id(self, now: datetime) -> str:
        """The text of a UUIDv7 for *now*: ordered by time, 74 random bits."""
        ...
