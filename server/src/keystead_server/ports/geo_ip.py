"""Where an address is, as far as the operator's file of places knows."""

from dataclasses import dataclass
from typing import Final, Protocol

from keystead_server.policy.access.facts import Address


@dataclass(frozen=True, slots=True)
class Place:
    """Attributes:
    country: ISO 3166-1, two capital letters; None for no country that anybody knows, which is what
        policies call an unknown country.
    latitude, longitude: degrees; None where the file has countries only.
    """

    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None


NOWHERE: Final = Place()


class GeoIp(Protocol):
    def place_of(self, address: Address) -> Place:
        """Where *address* is; `NOWHERE` when it is not known, whatever the reason. Never raises."""
        ...


class NoGeoIp:
    """Without a file of places every address is nowhere."""

    def place_of(self, address: Address) -> Place:
        return NOWHERE
