"""CTAPHID packets (§11.2.4): 64-byte reports, and messages cut into them.

initialisation   channel (4), command with bit 7 set (1), length (2), data (57)
continuation     channel (4), sequence 0 to 127 (1), data (59)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

REPORT_BYTES: Final = 64
BROADCAST: Final = 0xFFFFFFFF
_INITIAL_BYTES: Final = REPORT_BYTES - 7
_FURTHER_BYTES: Final = REPORT_BYTES - 5
MAX_PAYLOAD_BYTES: Final = _INITIAL_BYTES + 128 * _FURTHER_BYTES


class HidCommand(IntEnum):
    PING = 0x01
    MSG = 0x03
    LOCK = 0x04
    INIT = 0x06
    WINK = 0x08
    CBOR = 0x10
    CANCEL = 0x11
    KEEPALIVE = 0x3B
    ERROR = 0x3F


class HidError(IntEnum):
    INVALID_CMD = 0x01
    INVALID_LEN = 0x03
    INVALID_SEQ = 0x04
    MSG_TIMEOUT = 0x05
    CHANNEL_BUSY = 0x06
    INVALID_CHANNEL = 0x0B
    OTHER = 0x7F


class KeepAlive(IntEnum):
    PROCESSING = 1
    USER_PRESENCE_NEEDED = 2


@dataclass(frozen=True, slots=True)
class Initial:
    """Attributes:
    command: any number; `HidCommand` has those with a meaning.
    total: bytes of the whole message.
    """

    channel: int
    command: int
    total: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Further:
    channel: int
    sequence: int
    data: bytes


def parse_report(report: bytes) -> Initial | Further | None:
    """Return the packet in *report*; None if it is not 64 bytes long, and so no packet at all."""
    if len(report) != REPORT_BYTES:
        return None
    channel, kind = int.from_bytes(report[:4], "big"), report[4]
    if not kind & 0x80:
        return Further(channel, kind, report[5:])
    total = int.from_bytes(report[5:7], "big")
    return Initial(channel, kind & 0x7F, total, report[7 : 7 + min(total, _INITIAL_BYTES)])


def reports(channel: int, command: int, payload: bytes) -> Iterator[bytes]:
    """Cut *payload*, of at most MAX_PAYLOAD_BYTES, into reports."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"{len(payload)} bytes do not fit into one CTAPHID message")
    head = channel.to_bytes(4, "big")
    first = head + bytes([command | 0x80]) + len(payload).to_bytes(2, "big") + payload[:_INITIAL_BYTES]
    yield first.ljust(REPORT_BYTES, b"\0")
    for sequence, at in enumerate(range(_INITIAL_BYTES, len(payload), _FURTHER_BYTES)):
        yield (head + bytes([sequence]) + payload[at : at + _FURTHER_BYTES]).ljust(REPORT_BYTES, b"\0")
