"""Read a structure of known lengths from bytes, and know when it has ended."""

from keystead_core.wire.errors import BadLength


class Reader:
    """A cursor over bytes which never reads past the end, or stops short of it unnoticed."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def position(self) -> int:
        return self._position

    @property
    def remaining(self) -> int:
        return len(self._data) - self._position

    def take(self, length: int) -> bytes:
        end = self._position + length
        if length < 0 or end > len(self._data):
            raise BadLength(f"{length} bytes wanted at offset {self._position}, {self.remaining} left")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "big")

    def sized(self) -> bytes:
        """Return the bytes after a two-byte length (TPM2B_*, vectors of the link)."""
        return self.take(self.u16())

    def finish(self) -> None:
        """Raise BadLength if anything is left: what nobody read, nobody checked."""
        if self.remaining:
            raise BadLength(f"{self.remaining} bytes after the end")
