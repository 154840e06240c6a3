"""Opens the store that a URL names."""

from keystead_server.ports.clock import Entropy
from keystead_server.storage import migrations
from keystead_server.storage.lines import Lines
from keystead_server.storage.postgres import PostgresStore
from keystead_server.storage.sqlite import SqliteStore
from keystead_server.storage.url import PostgresLocation, locate


async def open_store(
    url: str, *, entropy: Entropy, migrate: bool = False, connections: int = 8
) -> SqliteStore | PostgresStore:
    """The store at `sqlite:///path` or `postgresql://…`, its tables at this version's revision.

    Args:
        entropy: spreads retries; nothing that has to be secret comes from it.
        migrate: bring an older or empty database forward first.
        connections: how many to PostgreSQL at most; SQLite needs two and takes no more.

    Raises:
        StorageUrlInvalid: we know no such database.
        StorageUnavailable: it did not answer.
        DatabaseNotMigrated: it is older, and *migrate* was not asked for.
        DatabaseTooNew: a newer version of this program has migrated it.
    """
    location = locate(url)
    if migrate:
        await migrations.upgrade(url)
    await migrations.check(url)
    if isinstance(location, PostgresLocation):
        return PostgresStore(Lines(location.dsn, entropy, connections))
    return SqliteStore(location.path, entropy)
