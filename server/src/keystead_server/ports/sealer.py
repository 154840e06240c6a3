"""Values that we hand out and want back unchanged."""

from typing import Protocol


class SealBroken(Exception):
    """What came back is not what we sealed, or not for this purpose or browser."""

    code = "seal_broken"


class Sealer(Protocol):
    """Authenticated encryption under keys derived from the server's master key, one for each purpose."""

    def seal(self, purpose: str, payload: bytes, *, bound_to: bytes = b"") -> bytes:
        """Seal *payload*; only `open` with the same purpose and *bound_to* gives it back."""
        ...

    def open(self, purpose: str, sealed: bytes, *, bound_to: bytes = b"") -> bytes:
        """Return the payload.

        Raises:
            SealBroken: it was altered, sealed for another purpose, or bound to something else.
        """
        ...

    def digest(self, purpose: str, payload: bytes) -> bytes:
        """32 bytes that only this server can compute: for codes at rest and for answers about nobody."""
        ...
