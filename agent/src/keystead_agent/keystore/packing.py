"""A keystore's own bytes: named parts in CBOR, so that what is stored can be told apart later."""

from collections.abc import Mapping

from keystead_core.wire.cbor import CborValue, decode_cbor, encode_cbor
from keystead_core.wire.errors import BadCbor

from keystead_agent.keystore.errors import KeystoreUnusable


def pack(kind: str, parts: Mapping[str, bytes | int]) -> bytes:
    packed: dict[int | str | bytes, CborValue] = {"kind": kind}
    packed.update(parts.items())
    return encode_cbor(packed)


class Parts:
    """The parts of what `pack` made.

    Raises:
        KeystoreUnusable: the bytes are something else: they were made by another kind of keystore.
    """

    def __init__(self, kind: str, packed: bytes) -> None:
        try:
            parts = decode_cbor(packed)
        except BadCbor as error:
            raise KeystoreUnusable(f"What should be a {kind} is no such thing: {error}.") from error
        if not isinstance(parts, Mapping) or parts.get("kind") != kind:
            raise KeystoreUnusable(f"What should be a {kind} was made by another kind of keystore.")
        self._kind, self._parts = kind, parts

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def data(self, name: str) -> bytes:
        value = self._parts.get(name)
        if not isinstance(value, bytes):
            raise KeystoreUnusable(f"A {self._kind} has no {name}.")
        return value

    def number(self, name: str) -> int:
        value = self._parts.get(name)
        if not isinstance(value, int):
            raise KeystoreUnusable(f"A {self._kind} has no {name}.")
        return value
