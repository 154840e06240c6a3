"""Where an address is, as far as the operator's file of places knows."""

from typing import Protocol

from keystead_server.domain.place import NOWHERE, Place
from keystead_server.policy.access.facts import Address


class GeoIp(Protocol):
    def place_of(self, address: Address) -> Place:
        """Where *address* is; `NOWHERE` when it is not known, whatever the reason. Never raises."""
        ...

    def country(self, address: Address) -> str | None:
        """Its country alone: None is what policies call an unknown country."""
        ...


class NoGeoIp:
    """Without a file of places every address is nowhere."""

    def place_of(self, address: Address) -> Place:
        return NOWHERE

    def country(self, address: Address) -> str | None:
        return None
