"""Read the CBOR map of a command strictly: each kind of mistake has its own status (§8.2).

A member that we do not know is skipped: §8 has newer clients send more than
older authenticators understand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from keystead_core.ctap.status import CtapError, Status
from keystead_core.wire import BadCbor, CborValue, decode_cbor, encode_cbor

Key = int | str
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parameters:
    """One map.

    Attributes:
        where: what a complaint calls it.
    """

    members: Mapping[int | str | bytes, CborValue]
    where: str

    def __contains__(self, key: Key) -> bool:
        return key in self.members

    def data(self, key: Key, *, length: range | None = None) -> bytes:
        """Raises MISSING_PARAMETER, CBOR_UNEXPECTED_TYPE, INVALID_LENGTH."""
        value = self._required(key, bytes)
        if length is not None and len(value) not in length:
            raise CtapError(Status.INVALID_LENGTH, f"{self.where}[{key!r}] has {len(value)} bytes")
        return value

    def optional_data(self, key: Key) -> bytes | None:
        return self._optional(key, bytes)

    def text(self, key: Key, *, most: int) -> str:
        """Raises MISSING_PARAMETER, CBOR_UNEXPECTED_TYPE, INVALID_LENGTH."""
        value = self._required(key, str)
        if not 0 < len(value) <= most:
            raise CtapError(Status.INVALID_LENGTH, f"{self.where}[{key!r}] has {len(value)} characters")
        return value

    def optional_text(self, key: Key) -> str | None:
        return self._optional(key, str)

    def number(self, key: Key) -> int:
        return self._required(key, int)

    def optional_number(self, key: Key) -> int | None:
        return self._optional(key, int)

    def flag(self, key: Key, *, default: bool) -> bool:
        value = self._optional(key, bool)
        return default if value is None else value

    def map(self, key: Key) -> "Parameters":
        if key not in self:
            raise CtapError(Status.MISSING_PARAMETER, f"{self.where}[{key!r}]")
        return self.optional_map(key)

    def optional_map(self, key: Key) -> "Parameters":
        """The map at *key*; an empty one if there is none."""
        return as_map(self.members.get(key, {}), f"{self.where}[{key!r}]")

    def maps(self, key: Key, *, most: int) -> tuple["Parameters", ...] | None:
        """The list of maps at *key*, None if there is none. Raises LIMIT_EXCEEDED."""
        value = self._optional(key, list)
        if value is None:
            return None
        if len(value) > most:
            raise CtapError(Status.LIMIT_EXCEEDED, f"{self.where}[{key!r}] has {len(value)} entries")
        return tuple(as_map(one, f"{self.where}[{key!r}]") for one in value)

    def encoded(self, key: Key) -> bytes:
        """The bytes that stood at *key*, which a client has authenticated; none if it is absent.

        What was read was in the canonical form, and a value has one of those.
        """
        return encode_cbor(self.members[key]) if key in self.members else b""

    def _required(self, key: Key, kind: type[T]) -> T:
        value = self._optional(key, kind)
        if value is None:
            raise CtapError(Status.MISSING_PARAMETER, f"{self.where}[{key!r}]")
        return value

    def _optional(self, key: Key, kind: type[T]) -> T | None:
        if key not in self.members:
            return None
        value = self.members[key]
        # A boolean is an int to Python and none to CBOR.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise CtapError(Status.CBOR_UNEXPECTED_TYPE, f"{self.where}[{key!r}] is of another type")
        return value


def read_parameters(data: bytes, where: str) -> Parameters:
    """Raises INVALID_CBOR, CBOR_UNEXPECTED_TYPE."""
    try:
        # §8: "All encoders MUST serialize CBOR in the CTAP2 canonical CBOR encoding form"; what is
        # authenticated below is the encoding, so a second spelling of one request is not taken.
        return as_map(decode_cbor(data, canonical=True), where)
    except BadCbor as error:
        raise CtapError(Status.INVALID_CBOR, f"{where}: {error}") from error


def as_map(value: object, where: str) -> Parameters:
    if not isinstance(value, Mapping):
        raise CtapError(Status.CBOR_UNEXPECTED_TYPE, f"{where} is no map")
    return Parameters(value, where)
