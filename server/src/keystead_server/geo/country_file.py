"""A file of places in MaxMind's format, country or city: read whole into memory, and read again when it changes.

It locks nobody out. A file that is missing, late or broken leaves in force what was read last; where
nothing was ever read, every address is in no country, and the policies that name countries say
themselves what becomes of those (`includeUnknownCountriesAndRegions`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import maxminddb
from maxminddb.const import MODE_MEMORY

from keystead_server.domain.place import NOWHERE, Place
from keystead_server.policy.access.facts import Address
from keystead_server.policy.access.locations import plain

LATE_AFTER = timedelta(days=90)
MAX_FILE_BYTES = 512 * 1024 * 1024


class GeoFileUnusable(Exception):
    """The file of places cannot be read; what was read before stays in force."""

    code = "geoip_file_unusable"


class CountryFile:
    """Attributes:
    problem: why the file that is there now is not the one in force; None when it is.
    """

    def __init__(self, path: Path) -> None:
        self.problem: GeoFileUnusable | None = None
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._reader: maxminddb.Reader | None = None
        self.pick_up()

    @property
    def built_at(self) -> datetime | None:
        """When the file in force was made, by its own account; None when none is."""
        return None if self._reader is None else datetime.fromtimestamp(self._reader.metadata().build_epoch, UTC)

    def is_late(self, now: datetime) -> bool:
        """Whether the file in force is so old that addresses have moved; it stays in force all the same."""
        return self.built_at is not None and now - self.built_at > LATE_AFTER

    def pick_up(self) -> bool:
        """Read the file again if it has changed; say whether another one is in force now."""
        try:
            stat = self._path.stat()
            if (stat.st_mtime_ns, stat.st_size) == self._seen:
                return False
            self._seen = stat.st_mtime_ns, stat.st_size
            self._reader = self._open(stat.st_size)
        except OSError as error:
            # Seen is not forgotten: a file that comes back unchanged is still in force.
            self.problem = GeoFileUnusable(f"{self._path}: {error.strerror or error}")
            return False
        except Exception as error:  # whatever a broken file does to its reader, it does not stop the server
            self.problem = GeoFileUnusable(f"{self._path}: {error}")
            return False
        self.problem = None
        return True

    def _open(self, size: int) -> maxminddb.Reader:
        if size > MAX_FILE_BYTES:
            raise GeoFileUnusable(f"it is larger than {MAX_FILE_BYTES} bytes")
        # Kept in memory: a file that is overwritten in place while it is mapped answers nonsense.
        return maxminddb.open_database(str(self._path), MODE_MEMORY)

    def country(self, address: Address) -> str | None:
        return self.place_of(address).country

    def place_of(self, address: Address) -> Place:
        if self._reader is None:
            return NOWHERE
        try:
            found: Any = self._reader.get(plain(address))
        except Exception as error:  # a reader's complaint about one entry is no reason to refuse a person
            self.problem = GeoFileUnusable(f"{self._path}: {address}: {error}")
            return NOWHERE
        return _place(found) if isinstance(found, Mapping) else NOWHERE


def _place(found: Mapping[str, Any]) -> Place:
    # Where the address is used; for some networks only where they are registered is known.
    country = _member(found, "country").get("iso_code") or _member(found, "registered_country").get("iso_code")
    if not isinstance(country, str) or len(country) != 2:
        return NOWHERE
    location = _member(found, "location")
    latitude, longitude = location.get("latitude"), location.get("longitude")
    if isinstance(latitude, float) and isinstance(longitude, float):
        return Place(country.upper(), latitude, longitude)
    return Place(country.upper())


def _member(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = found.get(name)
    return member if isinstance(member, Mapping) else {}
