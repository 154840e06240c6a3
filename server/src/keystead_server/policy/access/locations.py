"""Named locations: ranges of addresses, or countries; and which of them an address is in.

Ranges are cut into pieces that do not overlap, once, so that a look-up is one bisection whatever the
number of ranges.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from keystead_server.policy.access.facts import Address

UNKNOWN_COUNTRY: None = None


@dataclass(frozen=True, slots=True)
class AddressRange:
    """From *first* to *last*, both of one version, both in it.

    Attributes:
        prefix: when it was written as address/prefix; None for two addresses.
    """

    first: Address
    last: Address
    prefix: int | None = None


@dataclass(frozen=True, slots=True)
class IpLocation:
    id: str
    name: str
    ranges: tuple[AddressRange, ...]
    trusted: bool = False
    created_at: datetime | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CountryLocation:
    """Attributes:
    countries: ISO 3166-1, two capital letters.
    include_unknown: an address that is in no country counts.
    by_gps: written for Graph's look-up by the phone's position; here the address decides.
    """

    id: str
    name: str
    countries: frozenset[str]
    include_unknown: bool = False
    by_gps: bool = False
    created_at: datetime | None = None
    modified_at: datetime | None = None


NamedLocation: TypeAlias = IpLocation | CountryLocation


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else itself.

    A dual-stack listener reports 203.0.113.9 as ::ffff:203.0.113.9; compared as it comes, it would be
    in no IPv4 range, and whoever is blocked by one would get in.
    """
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


class Places:
    """Which named locations a place is in."""

    def __init__(self, locations: Iterable[NamedLocation]) -> None:
        kept = tuple(locations)
        self.ids = frozenset(location.id for location in kept)
        self.trusted = frozenset(loc.id for loc in kept if isinstance(loc, IpLocation) and loc.trusted)
        self.by_address = frozenset(loc.id for loc in kept if isinstance(loc, IpLocation))
        self.by_country = frozenset(loc.id for loc in kept if isinstance(loc, CountryLocation))
        self._v4 = _Pieces(_ranges(kept, IPv4Address))
        self._v6 = _Pieces(_ranges(kept, IPv6Address))
        self._countries: dict[str | None, frozenset[str]] = {}
        for location in kept:
            if isinstance(location, CountryLocation):
                for country in location.countries:
                    self._countries[country] = self._countries.get(country, frozenset()) | {location.id}
        self._countries[UNKNOWN_COUNTRY] = frozenset(
            loc.id for loc in kept if isinstance(loc, CountryLocation) and loc.include_unknown
        )

    def of_address(self, address: Address) -> frozenset[str]:
        at = plain(address)
        return (self._v4 if at.version == 4 else self._v6).at(int(at))

    def of_country(self, country: str | None) -> frozenset[str]:
        return self._countries.get(country, frozenset())

    def representatives(self) -> tuple[Address, ...]:
        """One address for each set of locations that an address can be in."""
        v4 = {names: IPv4Address(number) for names, number in self._v4.representatives().items()}
        v6 = {names: IPv6Address(number) for names, number in self._v6.representatives().items()}
        return (*v4.values(), *v6.values())

    def countries(self) -> frozenset[str]:
        """The countries that are named."""
        return frozenset(country for country in self._countries if country is not None)


def _ranges(locations: tuple[NamedLocation, ...], version: type[Address]) -> list[tuple[int, int, str]]:
    return [
        (int(one.first), int(one.last), location.id)
        for location in locations
        if isinstance(location, IpLocation)
        for one in location.ranges
        if isinstance(one.first, version)
    ]


class _Pieces:
    """The number line cut wherever a range begins or ends; for each piece, who covers it."""

    def __init__(self, ranges: list[tuple[int, int, str]]) -> None:
        changes: dict[int, list[tuple[str, int]]] = {}
        for first, last, name in ranges:
            changes.setdefault(first, []).append((name, 1))
            changes.setdefault(last + 1, []).append((name, -1))
        self._starts = sorted(changes)
        self._covered: list[frozenset[str]] = []
        depth: dict[str, int] = {}
        for start in self._starts:
            for name, step in changes[start]:
                # A location may list overlapping ranges: it is left when the last of them is.
                depth[name] = depth.get(name, 0) + step
                if depth[name] == 0:
                    del depth[name]
            self._covered.append(frozenset(depth))

    def representatives(self) -> dict[frozenset[str], int]:
        pieces = zip(self._covered, self._starts, strict=True)
        return {covered: start for covered, start in pieces if covered}

    def at(self, number: int) -> frozenset[str]:
        piece = bisect_right(self._starts, number) - 1
        return self._covered[piece] if piece >= 0 else frozenset()
