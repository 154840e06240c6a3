"""Rate limits: the generic cell rate algorithm, one service for every endpoint.

One counter service, so that no other door leads around a limit; a success clears nothing.
Kept in the process: with several processes each address gets that many times the rate.
"""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from keystead_server.http.route import Limit

MAX_KEPT = 100_000


class RateLimits:
    """Attributes:
    scale: multiplies every rate; 0 switches limits off (for benchmarks only).
    """

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        # The theoretical arrival time of each (limit, key): the moment at which its allowance is whole again.
        self._whole_at: dict[tuple[str, str], float] = {}

    def wait(self, limit: Limit, key: str, now: float) -> float:
        """Count one request of *key* at *now* (seconds). Returns 0, or the seconds until it may come."""
        if not limit.per_minute or not self._scale:
            return 0.0
        interval = 60.0 / (limit.per_minute * self._scale)
        whole_at = max(self._whole_at.get((limit.name, key), now), now)
        # At least one at once: a scale that leaves less would refuse even whoever waited.
        wait = whole_at - now - interval * (max(limit.burst * self._scale, 1) - 1)
        if wait > 0:
            return wait
        if len(self._whole_at) >= MAX_KEPT:
            self._forget(now)
        self._whole_at[limit.name, key] = whole_at + interval
        return 0.0

    def _forget(self, now: float) -> None:
        self._whole_at = {key: at for key, at in self._whole_at.items() if at > now}
        if len(self._whole_at) >= MAX_KEPT:
            # Under a flood from everywhere: keep those that owe most.
            owing = sorted(self._whole_at.items(), key=lambda item: item[1])
            self._whole_at = dict(owing[MAX_KEPT // 2 :])


@lru_cache(maxsize=4096)
def rate_key(address: str) -> str:
    """Whom to count: an IPv4 address, or an IPv6 network of 64 bits, since one machine has all of it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return parsed.exploded[:19]
    return address
