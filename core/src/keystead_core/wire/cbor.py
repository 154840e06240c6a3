"""CBOR (RFC 8949) in the small form that authenticators speak.

Two steps. A scan, which needs no value, says where the item ends and that it is
in the form we accept; then cbor2 makes values of exactly those bytes.

    decode_cbor         one item and nothing after it
    decode_cbor_prefix  one item at the front, and how many bytes it took
    encode_cbor         the CTAP2 canonical form

Accepted: integers, byte and text strings, arrays, maps, false, true, null and
floats, all of definite length and shortest form. Refused: tags, undefined, other
simple values, duplicate keys, keys that are not integers or strings, and beyond
the limits of depth and size. With ``canonical=True`` the keys of every map must
also stand in CTAP2's order.
"""

from collections.abc import Mapping
from typing import TypeAlias, cast

import cbor2

from keystead_core.wire.errors import BadCbor

CborValue: TypeAlias = (
    "bool | int | float | bytes | str | list[CborValue] | Mapping[int | str | bytes, CborValue] | None"
)

MAX_CBOR_BYTES = 64 * 1024
MAX_CBOR_DEPTH = 8

_MAJOR_BYTES, _MAJOR_TEXT, _MAJOR_ARRAY, _MAJOR_MAP, _MAJOR_TAG, _MAJOR_SIMPLE = 2, 3, 4, 5, 6, 7
_FALSE_TRUE_NULL = frozenset((20, 21, 22))
_FLOAT_BYTES = {25: 2, 26: 4, 27: 8}
_ARGUMENT_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}
_SMALLEST_ARGUMENT = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}


def decode_cbor(data: bytes, *, canonical: bool = False, max_bytes: int = MAX_CBOR_BYTES) -> CborValue:
    """Decode one item; raises BadCbor if it is not acceptable or bytes follow it."""
    value, length = decode_cbor_prefix(data, canonical=canonical, max_bytes=max_bytes)
    if length != len(data):
        raise BadCbor(f"{len(data) - length} bytes after the item")
    return value


def decode_cbor_prefix(
    data: bytes, *, canonical: bool = False, max_bytes: int = MAX_CBOR_BYTES
) -> tuple[CborValue, int]:
    """Decode the item at the front; return it with the number of bytes it took."""
    if len(data) > max_bytes:
        raise BadCbor(f"{len(data)} bytes where at most {max_bytes} are read")
    length = _Scan(data, canonical).item(0, MAX_CBOR_DEPTH)
    try:
        value = cbor2.loads(
            data[:length],
            max_depth=MAX_CBOR_DEPTH + 1,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    except (cbor2.CBORError, ValueError, TypeError) as error:
        raise BadCbor(f"not CBOR: {error}") from None
    return cast(CborValue, value), length


def encode_cbor(value: CborValue) -> bytes:
    """Encode in the CTAP2 canonical form: shortest integers, keys in order."""
    return cbor2.dumps(_in_canonical_order(value))


def _in_canonical_order(value: CborValue) -> CborValue:
    # cbor2's own canonical form is RFC 7049's, which puts length before major type.
    if isinstance(value, list):
        return [_in_canonical_order(item) for item in value]
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: _rank(cbor2.dumps(key)))
        return {key: _in_canonical_order(value[key]) for key in keys}
    return value


class _Scan:
    """Walk over items without making them."""

    __slots__ = ("_canonical", "_data")

    def __init__(self, data: bytes, canonical: bool) -> None:
        self._data = data
        self._canonical = canonical

    def item(self, at: int, depth_left: int) -> int:
        """Return the offset after the item at *at*."""
        major, argument, at = self._head(at)
        if major in (_MAJOR_BYTES, _MAJOR_TEXT):
            return self._skip(at, argument)
        if major in (_MAJOR_ARRAY, _MAJOR_MAP):
            # Every child takes at least one byte, so a claimed count needs that many to be there.
            self._skip(at, argument)
            if depth_left == 0:
                raise BadCbor("nested too deeply")
            walk = self._array if major == _MAJOR_ARRAY else self._map
            return walk(at, argument, depth_left - 1)
        return at

    def _array(self, at: int, count: int, depth_left: int) -> int:
        for _ in range(count):
            at = self.item(at, depth_left)
        return at

    def _map(self, at: int, count: int, depth_left: int) -> int:
        previous = b""
        for _ in range(count):
            start, at = at, self._key(at)
            key = self._data[start:at]
            if self._canonical:
                # CTAP2 canonical form: "If the major types are different, the one with the lower
                # value in numerical order sorts earlier", then the shorter, then the lower bytes.
                if previous and _rank(previous) >= _rank(key):
                    raise BadCbor("map keys are not in canonical order")
                previous = key
            at = self.item(at, depth_left)
        return at

    def _key(self, at: int) -> int:
        major, _, _ = self._head(at)
        if major > _MAJOR_TEXT:
            raise BadCbor("a map key that is neither integer nor string")
        return self.item(at, 0)

    def _head(self, at: int) -> tuple[int, int, int]:
        """Return major type, argument, and the offset after them."""
        major, info = divmod(self._byte(at), 32)
        at += 1
        if major == _MAJOR_TAG:
            raise BadCbor("a tag")
        if major == _MAJOR_SIMPLE:
            return major, 0, self._simple(at, info)
        if info < 24:
            return major, info, at
        if info not in _ARGUMENT_BYTES:
            raise BadCbor("an indefinite or reserved length")
        end = self._skip(at, _ARGUMENT_BYTES[info])
        argument = int.from_bytes(self._data[at:end], "big")
        if argument < _SMALLEST_ARGUMENT[info]:
            raise BadCbor("an integer or length not in its shortest form")
        return major, argument, end

    def _simple(self, at: int, info: int) -> int:
        if info in _FALSE_TRUE_NULL:
            return at
        if info not in _FLOAT_BYTES:
            raise BadCbor("a simple value other than false, true and null")
        return self._skip(at, _FLOAT_BYTES[info])

    def _byte(self, at: int) -> int:
        if at >= len(self._data):
            raise BadCbor("ends in the middle of an item")
        return self._data[at]

    def _skip(self, at: int, length: int) -> int:
        if length > len(self._data) - at:
            raise BadCbor("ends in the middle of an item")
        return at + length


def _rank(key: bytes) -> tuple[int, int, bytes]:
    return key[0] >> 5, len(key), key
