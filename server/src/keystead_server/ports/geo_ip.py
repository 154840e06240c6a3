"""In which country an address is, as far as the operator supplied a file that says so."""

from typing import Protocol

from keystead_server.policy.access.facts import Address
from keystead_server.policy.access.vocabulary import Unknown


class GeoIp(Protocol):
    def country(self, address: Address) -> str | Unknown | None:
        """Two capital letters (ISO 3166-1); None for an address in no country, UNKNOWN where nobody can say."""
        ...
