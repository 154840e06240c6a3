"""Framing: a stream of bytes and the JSON objects in it.

    socket   4 bytes, big-endian length, then UTF-8 JSON     daemon and its clients
    native   4 bytes, native-endian length, then UTF-8 JSON  browser and native-messaging host

Native messaging says "native byte order"; every machine we run on is
little-endian, and the length is taken as little-endian here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from keystead_core.link.errors import MessageMalformed, MessageTooLong
from keystead_core.wire.errors import BadJson
from keystead_core.wire.strict_json import json_decode_object

MAX_MESSAGE_BYTES: Final = 64 * 1024
_HEADER_BYTES: Final = 4

ByteOrder = Literal["big", "little"]
SOCKET: Final[ByteOrder] = "big"
NATIVE: Final[ByteOrder] = "little"


@dataclass(slots=True)
class Framer:
    """Turn a stream of bytes into messages.

    Feed it whatever `read` returned; it keeps what is incomplete. It never
    blocks, so a test is a list of byte strings and a list of dicts. After an
    error the position in the stream is lost and the stream is to be closed.
    """

    order: ByteOrder = SOCKET
    _held: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[dict[str, object]]:
        """Return the messages that *data* completes, in order.

        Raises:
            MessageTooLong: a length over MAX_MESSAGE_BYTES, told from its four bytes alone.
            MessageMalformed: not one JSON object in UTF-8.
        """
        self._held += data
        return [parse_object(payload) for payload in self._payloads()]

    def _payloads(self) -> Iterator[bytes]:
        while len(self._held) >= _HEADER_BYTES:
            length = int.from_bytes(self._held[:_HEADER_BYTES], self.order)
            # Before the payload arrives: a peer must not make us hold what we will refuse.
            if length > MAX_MESSAGE_BYTES:
                raise MessageTooLong(f"{length} bytes announced, at most {MAX_MESSAGE_BYTES} allowed")
            end = _HEADER_BYTES + length
            if len(self._held) < end:
                return
            payload = bytes(self._held[_HEADER_BYTES:end])
            del self._held[:end]
            yield payload

    @property
    def is_between_messages(self) -> bool:
        """True when a stream that ends here ends cleanly."""
        return not self._held


def frame(message: Mapping[str, object], order: ByteOrder = SOCKET) -> bytes:
    """Encode *message* with its length before it.

    Raises:
        MessageTooLong: it does not fit; the peer would hang up on it.
    """
    payload = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MessageTooLong(f"{len(payload)} bytes, at most {MAX_MESSAGE_BYTES} allowed")
    return len(payload).to_bytes(_HEADER_BYTES, order) + payload


def parse_object(payload: bytes) -> dict[str, object]:
    """Parse exactly one JSON object, strictly."""
    try:
        return dict(json_decode_object(payload, max_bytes=MAX_MESSAGE_BYTES))
    except BadJson as error:
        raise MessageMalformed(str(error)) from error
