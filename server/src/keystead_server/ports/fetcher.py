"""Fetching something from an address that somebody chose."""

from typing import Protocol


class FetchFailed(Exception):
    """Nothing was fetched; the message says why."""

    code = "fetch_failed"


class FetchRefused(FetchFailed):
    """We do not go there: the address is not https, not public, or sent us elsewhere."""

    code = "fetch_refused"


class Fetcher(Protocol):
    async def fetch(self, url: str, *, max_bytes: int) -> bytes:
        """The body of a successful answer, of at most *max_bytes*.

        Raises:
            FetchFailed: FetchRefused when it was not even tried, or not followed.
        """
        ...
