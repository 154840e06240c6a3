"""Where on earth something was."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Final

_EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Place:
    """Attributes:
    country: ISO 3166-1, two capital letters; None for no country that anybody knows, which is what
        policies call an unknown country.
    latitude, longitude: degrees; None where only the country is known.
    """

    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    def distance_km(self, other: "Place") -> float | None:
        """Along the great circle; None when either has no coordinates."""
        if self.latitude is None or self.longitude is None or other.latitude is None or other.longitude is None:
            return None
        here, there = radians(self.latitude), radians(other.latitude)
        across = sin((there - here) / 2) ** 2
        along = cos(here) * cos(there) * sin(radians(other.longitude - self.longitude) / 2) ** 2
        return 2 * _EARTH_RADIUS_KM * asin(min(1.0, sqrt(across + along)))


NOWHERE: Final = Place()
