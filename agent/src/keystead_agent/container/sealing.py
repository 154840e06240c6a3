"""The container's file: CBOR with a MAC, so that nothing but this program on this computer can have written it.

    {"format": 2, "foundation": …, "body": …, "mac": HMAC-SHA256(integrity key, format, foundation, body)}

The integrity key is given back by the keystore that made the foundation. What
this cannot see: an older file of the same container put in the newer one's place.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keystead_core.wire.cbor import decode_cbor, encode_cbor
from keystead_core.wire.errors import BadCbor

from keystead_agent.container.errors import ContainerTampered
from keystead_agent.container.records import Contents
from keystead_agent.container.stored import MAX_CONTAINER_BYTES, from_cbor, to_cbor
from keystead_agent.keystore.values import Foundation

_FORMAT: Final = 2
_LABEL: Final = b"keystead container\0"


@dataclass(frozen=True, slots=True)
class SealedContents:
    """A container's file, of which only the shape is known."""

    foundation: Foundation
    body: bytes
    mac: bytes

    @classmethod
    def parse(cls, data: bytes) -> "SealedContents":
        """Raises ContainerTampered if it is not of the shape above."""
        try:
            outer = decode_cbor(data, max_bytes=MAX_CONTAINER_BYTES)
        except BadCbor as error:
            raise ContainerTampered(f"it cannot be read: {error}") from error
        match outer:
            case {"format": 2, "foundation": bytes() as foundation, "body": bytes() as body, "mac": bytes() as mac}:
                return cls(Foundation(foundation), body, mac)
        raise ContainerTampered("it has another shape")

    def open(self, integrity_key: bytes) -> Contents:
        """Raises ContainerTampered if the MAC is not by *integrity_key*."""
        if not hmac.compare_digest(self.mac, _mac(integrity_key, self.foundation, self.body)):
            raise ContainerTampered("its integrity code is wrong")
        return from_cbor(self.foundation, self.body)


def seal_contents(contents: Contents, integrity_key: bytes) -> bytes:
    body = to_cbor(contents)
    mac = _mac(integrity_key, contents.foundation, body)
    outer: Mapping[int | str | bytes, bytes | int]
    outer = {"format": _FORMAT, "foundation": contents.foundation, "body": body, "mac": mac}
    return encode_cbor(dict(outer))


def _mac(key: bytes, foundation: Foundation, body: bytes) -> bytes:
    # The length keeps bytes from moving between the two parts unnoticed.
    message = _LABEL + bytes([_FORMAT]) + len(foundation).to_bytes(4, "big") + foundation + body
    return hmac.digest(key, message, "sha256")
