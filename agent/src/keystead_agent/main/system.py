"""The real clock and the real dice; everything below takes them as arguments."""

import os
import time
from datetime import UTC, datetime


def clock() -> datetime:
    return datetime.now(UTC)


def entropy(count: int) -> bytes:
    return os.urandom(count)


def monotonic() -> float:
    return time.monotonic()


def sleep(seconds: float) -> None:
    time.sleep(seconds)
