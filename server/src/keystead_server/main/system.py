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
        return str(uuid_utils.uuid7(nanoseconds=int(now.timestamp() * 1_000_000) * 1000))
