"""Writes small files of places in MaxMind's format (version 2.0 of its specification), for tests."""

import struct
from collections.abc import Mapping
from ipaddress import IPv4Network, ip_network
from typing import Any

BUILT_AT = 1_795_000_000
_MARKER = b"\xab\xcd\xefMaxMind.com"
_RECORD_BYTES = 3
_UTF8, _DOUBLE, _UINT32, _MAP, _ARRAY = 2, 3, 6, 7, 11


def country(code: str, *, at: tuple[float, float] | None = None) -> dict[str, Any]:
    """What such a file says of an address in *code*, and in city files of its coordinates."""
    said: dict[str, Any] = {"country": {"iso_code": code}}
    return said if at is None else {**said, "location": {"latitude": at[0], "longitude": at[1]}}


def country_file(places: Mapping[str, Mapping[str, Any]], *, built_at: int = BUILT_AT) -> bytes:
    """A file that knows *places*, by network; networks must not overlap."""
    tree = _Tree()
    data = b""
    for network, said in places.items():
        tree.add(network, len(data))
        data += _encoded(said)
    about = {
        "node_count": len(tree.nodes), "record_size": _RECORD_BYTES * 8, "ip_version": 6,
        "database_type": "Test-Country", "languages": ["en"], "build_epoch": built_at,
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "description": {"en": "for tests"},
    }  # fmt: skip
    return tree.encoded() + bytes(16) + data + _MARKER + _encoded(about)


class _Tree:
    """A binary tree over addresses of 128 bits; an IPv4 network lies under ::/96."""

    def __init__(self) -> None:
        # Each node leads on for a 0 and for a 1: to a node, to data (as a negative number), or nowhere.
        self.nodes: list[list[int | None]] = [[None, None]]

    def add(self, network: str, offset: int) -> None:
        net = ip_network(network)
        length = net.prefixlen + (96 if isinstance(net, IPv4Network) else 0)
        bits = f"{int(net.network_address):0128b}"[:length]
        node = 0
        for bit in map(int, bits[:-1]):
            following = self.nodes[node][bit]
            if following is None:
                self.nodes.append([None, None])
                following = self.nodes[node][bit] = len(self.nodes) - 1
            node = following
        self.nodes[node][int(bits[-1])] = -1 - offset

    def encoded(self) -> bytes:
        return b"".join(self._record(value) for node in self.nodes for value in node)

    def _record(self, value: int | None) -> bytes:
        count = len(self.nodes)
        number = count if value is None else value if value >= 0 else count + 16 + (-1 - value)
        return number.to_bytes(_RECORD_BYTES, "big")


def _encoded(value: Any) -> bytes:
    match value:
        case str():
            text = value.encode()
            return _control(_UTF8, len(text)) + text
        case float():
            return _control(_DOUBLE, 8) + struct.pack(">d", value)
        case int():
            number = value.to_bytes((value.bit_length() + 7) // 8, "big")
            return _control(_UINT32, len(number)) + number
        case list():
            return _control(_ARRAY, len(value)) + b"".join(map(_encoded, value))
        case _:
            return _control(_MAP, len(value)) + b"".join(_encoded(k) + _encoded(v) for k, v in value.items())


def _control(kind: int, size: int) -> bytes:
    first, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return bytes([first, kind - 7]) + more if kind > 7 else bytes([kind << 5 | first]) + more
