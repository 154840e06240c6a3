"""Who is at the other end: the connection's address, or what a proxy that we were told of says.

X-Forwarded-For is a list to which every proxy adds whom it heard from. Only what our own proxies
added can be believed, so it is read from its end, and no further than the first stranger.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.types import Scope

_HOP = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d+)?|([0-9.]+)(?::\d+)?|([0-9a-fA-F:.]+)")


class Peers:
    """Attributes:
    trusted: networks of our own proxies.
    """

    def __init__(self, trusted: tuple[IPv4Network | IPv6Network, ...]) -> None:
        self.trusted = trusted

    def address(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """The nearest address that is not one of our own proxies."""
        client = scope.get("client")
        address = client[0] if client else ""
        if not self.trusted or not self._is_trusted(address):
            return address
        for hop in reversed(headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")):
            reported = _hop_address(hop.strip())
            # What is no address was not written by a proxy of ours: before it nothing can be believed.
            if reported is None:
                break
            address = reported
            if not self._is_trusted(address):
                break
        return address

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.trusted)


def _hop_address(hop: str) -> str | None:
    """The address in a hop, which some proxies give with a port."""
    written = _HOP.fullmatch(hop)
    if written is None:
        return None
    try:
        return str(ip_address(written[1] or written[2] or written[3]))
    except ValueError:
        return None
