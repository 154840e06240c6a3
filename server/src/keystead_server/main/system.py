"""The real clock and the real dice: everything else takes them as arguments."""

import os
from datetime import UTC, datetime

import uuid_utils


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemEntropy:
    def token(self, size: int) -> bytes:
        return os.urandom(size)

    def new_id(self, now: datetime) -> str:
        # The library's own clock is the one that *now* was read from a moment ago, and is ten times as fast to ask.
        return str(uuid_utils.uuid7())
