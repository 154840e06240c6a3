"""The setting that says where everything rests."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from keystead_server.storage.errors import StorageUrlInvalid

_LOOKS_LIKE = "write sqlite:///keystead.db, sqlite:////var/lib/keystead/keystead.db or postgresql://user@host/database"


@dataclass(frozen=True, slots=True)
class SqliteLocation:
    path: Path


@dataclass(frozen=True, slots=True)
class PostgresLocation:
    """A libpq connection URI, as it was written; it may hold a password, so it is not for logs."""

    dsn: str


Location: TypeAlias = SqliteLocation | PostgresLocation


def locate(url: str) -> Location:
    """Where *url* points: three slashes and a path as seen from here, four for one from the root.

    Raises:
        StorageUrlInvalid: we know no such database; the message says what may be written.
    """
    scheme = url.partition(":")[0]
    if scheme in ("postgresql", "postgres"):
        return PostgresLocation(url)
    path = url.removeprefix("sqlite:///")
    if path == url:
        # Not the URL itself: there may be a password in it.
        raise StorageUrlInvalid(f"no database of the kind {urlsplit(url).scheme!r} is known: {_LOOKS_LIKE}")
    if not path or path.startswith(":memory:"):
        raise StorageUrlInvalid(f"the database has to be a file: {_LOOKS_LIKE}")
    return SqliteLocation(Path(path))
