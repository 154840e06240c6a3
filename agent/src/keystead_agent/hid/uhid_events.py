"""The kernel's uhid protocol (linux/uhid.h) as values: each read is one event, and so is each write.

Numbers are in the machine's own order; all machines that we run on are little-endian.
"""

import struct
from dataclasses import dataclass
from typing import Final, TypeAlias

_DESTROY, _STOP, _CLOSE, _OUTPUT = 1, 3, 5, 6
_GET_REPORT, _GET_REPORT_REPLY, _CREATE2, _INPUT2, _SET_REPORT, _SET_REPORT_REPLY = 9, 10, 11, 12, 13, 14
_EIO: Final = 5
_BUS_USB: Final = 3
_DATA_BYTES: Final = 4096
EVENT_BYTES: Final = 4380

# pid.codes' number for what is not sold as a USB device; there is no plug that could carry another.
_VENDOR, _PRODUCT = 0x1209, 0x0001

# §11.2.8.1: usage page FIDO alliance (0xF1D0), usage CTAPHID; 64 bytes in, 64 bytes out, no report numbers.
REPORT_DESCRIPTOR: Final = bytes.fromhex(
    "06d0f1 0901 a1010920 1500 26ff00 7508 9540 81020921 1500 26ff00 7508 9540 9102c0"
)


@dataclass(frozen=True, slots=True)
class Output:
    """A report that a program wrote."""

    report: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The last program that had the device open has closed it."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The kernel has put the device away."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A control request, which these devices do not have; unanswered, it keeps its sender waiting for seconds.

    Attributes:
        refusal: what to write back.
    """

    refusal: bytes


@dataclass(frozen=True, slots=True)
class Other:
    """Nothing that we act on."""


Event: TypeAlias = Output | Closed | Stopped | Asked | Other


def create(name: str, serial: str) -> bytes:
    names = name.encode()[:127].ljust(128, b"\0") + b"keystead".ljust(64, b"\0") + serial.encode()[:63].ljust(64, b"\0")
    numbers = struct.pack("<HHIIII", len(REPORT_DESCRIPTOR), _BUS_USB, _VENDOR, _PRODUCT, 0, 0)
    return struct.pack("<I", _CREATE2) + names + numbers + REPORT_DESCRIPTOR.ljust(_DATA_BYTES, b"\0")


def destroy() -> bytes:
    return struct.pack("<I", _DESTROY)


def input_report(report: bytes) -> bytes:
    return struct.pack("<IH", _INPUT2, len(report)) + report


def parse_event(event: bytes) -> Event:
    """Read what the kernel said; what is cut short is Other."""
    kind = int.from_bytes(event[:4], "little")
    body = event[4:]
    if kind == _OUTPUT and len(body) >= _DATA_BYTES + 2:
        length = int.from_bytes(body[_DATA_BYTES : _DATA_BYTES + 2], "little")
        # Its first byte is the report's number, which is always 0.
        return Output(body[1 : min(length, _DATA_BYTES)])
    if kind in (_GET_REPORT, _SET_REPORT) and len(body) >= 4:
        reply = _GET_REPORT_REPLY if kind == _GET_REPORT else _SET_REPORT_REPLY
        return Asked(struct.pack("<I", reply) + body[:4] + struct.pack("<HH", _EIO, 0))
    if kind == _CLOSE:
        return Closed()
    return Stopped() if kind == _STOP else Other()
