"""Time that stands still until told otherwise, and dice that fall the same way each time."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class FixedClock:
    """A Clock that a test moves."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Let *by* pass, and return the new moment."""
        self._now += by
        return self._now


class SeededEntropy:
    """An Entropy whose whole future follows from its seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def token(self, size: int) -> bytes:
        return self._random.randbytes(size)

    def new_id(self, now: datetime) -> str:
        # RFC 9562 §5.7: 48 bits of milliseconds, version, 12 random bits, variant, 62 random bits.
        milliseconds = (now - EPOCH) // timedelta(milliseconds=1)
        bits = (
            milliseconds << 80 | 7 << 76 | self._random.getrandbits(12) << 64 | 2 << 62 | self._random.getrandbits(62)
        )
        return str(UUID(int=bits))
