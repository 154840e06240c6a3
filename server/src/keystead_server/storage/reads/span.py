"""Spans of moments, as micros and as ids: a UUIDv7 begins with its millisecond."""

from datetime import datetime

from keystead_server.storage.rows.columns import to_micros

FIRST, LAST = 0, 2**62
# Before and behind every UUID.
BEGIN, END = "", "~"
_LAST_MILLISECOND = 2**48 - 1


def span_of(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """The first microsecond that counts, and the first that no longer does."""
    return (
        FIRST if since is None else max(to_micros(since), FIRST),
        LAST if until is None else max(to_micros(until), FIRST),
    )


def oldest_id(micros: int) -> str:
    """The beginning of every UUIDv7 of that moment's millisecond: 48 bits of it, as they are written."""
    written = f"{min(max(micros // 1000, 0), _LAST_MILLISECOND):012x}"
    return f"{written[:8]}-{written[8:]}"
