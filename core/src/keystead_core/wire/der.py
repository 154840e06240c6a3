"""The DER (X.690) that certificate extensions are made of: a strict reader, nothing more.

Definite lengths in their shortest form, whole elements, and nothing after them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keystead_core.wire.errors import BadDer

BOOLEAN, INTEGER, OCTET_STRING, NULL, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x05, 0x0A, 0x30, 0x31
_HIGH_TAG = 0x1F
_CONSTRUCTED = 0x20
_CONTEXT = 0x80


@dataclass(frozen=True, slots=True)
class Der:
    """One element.

    Attributes:
        tag: the identifier's first octet with, for tag numbers over 30, the
            number itself in *number*.
        number: the tag number.
        content: the bytes between the header and the end.
    """

    tag: int
    number: int
    content: bytes

    def is_context(self, number: int) -> bool:
        return self.tag & 0xC0 == _CONTEXT and self.number == number

    def children(self) -> Iterator["Der"]:
        if not self.tag & _CONSTRUCTED:
            raise BadDer("a primitive element where elements were expected inside")
        rest = self.content
        while rest:
            child, rest = _read(rest)
            yield child

    def only_child(self) -> "Der":
        children = list(self.children())
        if len(children) != 1:
            raise BadDer(f"{len(children)} elements where one was expected")
        return children[0]

    def expect(self, tag: int) -> "Der":
        if self.tag != tag:
            raise BadDer(f"tag {self.tag:#x} where {tag:#x} was expected")
        return self

    def integer(self) -> int:
        """Return an INTEGER's or ENUMERATED's value."""
        if self.tag not in (INTEGER, ENUMERATED) or not self.content:
            raise BadDer("not an integer")
        if (
            len(self.content) > 1
            and self.content[0] in (0x00, 0xFF)
            and ((self.content[0] ^ self.content[1]) & 0x80 == 0)
        ):
            raise BadDer("an integer not in its shortest form")
        return int.from_bytes(self.content, "big", signed=True)


def decode_der(data: bytes) -> Der:
    """Read one element; raises BadDer if it is not DER or bytes follow it."""
    element, rest = _read(data)
    if rest:
        raise BadDer(f"{len(rest)} bytes after the element")
    return element


def _read(data: bytes) -> tuple[Der, bytes]:
    if len(data) < 2:
        raise BadDer("ends in the middle of an element")
    tag, number, at = data[0], data[0] & _HIGH_TAG, 1
    if number == _HIGH_TAG:
        number, at = _long_number(data)
    length, at = _length(data, at)
    if length > len(data) - at:
        raise BadDer("ends in the middle of an element")
    return Der(tag, number, data[at : at + length]), data[at + length :]


def _long_number(data: bytes) -> tuple[int, int]:
    # Two octets reach 16,383; Android's key description stops at a few hundred.
    number = 0
    for at in range(1, min(len(data), 3)):
        number = number << 7 | data[at] & 0x7F
        if not data[at] & 0x80:
            if number < _HIGH_TAG or data[1] == 0x80:
                raise BadDer("a tag number not in its shortest form")
            return number, at + 1
    raise BadDer("a tag number that is too long")


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise BadDer("ends in the middle of an element")
    first = data[at]
    at += 1
    if first < 0x80:
        return first, at
    octets = data[at : at + (first & 0x7F)]
    length = int.from_bytes(octets, "big")
    if not 1 <= first & 0x7F <= 4 or len(octets) != first & 0x7F or octets[0] == 0 or length < 0x80:
        raise BadDer("an indefinite length, or one not in its shortest form")
    return length, at + len(octets)
