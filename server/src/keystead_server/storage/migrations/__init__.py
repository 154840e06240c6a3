"""Bringing a database forward, revision by revision. Forward only: going back is a restored backup.

One step of the tables for each revision, expand before contract, so that the version before can
still work on a database that the version after has migrated. `versions/` holds them.
"""

import sqlite3

import asyncpg

from keystead_server.storage.errors import DatabaseNotMigrated, DatabaseTooNew, StorageUnavailable
from keystead_server.storage.sqlite import connect
from keystead_server.storage.url import PostgresLocation, SqliteLocation, locate

# Every revision, oldest first: what opening compares with.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012")
HEAD = REVISIONS[-1]


async def current(url: str) -> str | None:
    """The revision of the database, or None when there are no tables of ours.

    Raises:
        StorageUnavailable: it did not answer.
    """
    location = locate(url)
    if isinstance(location, PostgresLocation):
        return await _current_postgres(location)
    return _current_sqlite(location)


async def check(url: str) -> None:
    """Return when the database is at HEAD.

    Raises:
        DatabaseNotMigrated, DatabaseTooNew: it is not.
    """
    found = await current(url)
    _refuse_newer(found)
    if found != HEAD:
        raise DatabaseNotMigrated(found)


async def upgrade(url: str) -> None:
    """Bring the database to HEAD; harmless when it is there, and when two processes try at once.

    All or nothing: both engines take table definitions back with the transaction.

    Raises:
        DatabaseTooNew: a newer version of this program has been here.
        StorageUnavailable: it did not answer, or refused.
    """
    found = await current(url)
    _refuse_newer(found)
    if found == HEAD:
        return
    # Here, because loading Alembic takes longer than most of what the command line does.
    from keystead_server.storage.migrations import upgrading

    await upgrading.upgrade(locate(url))


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in REVISIONS:
        raise DatabaseTooNew(found)


def _current_sqlite(location: SqliteLocation) -> str | None:
    if not location.path.exists():
        return None
    connection = connect(location.path)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise StorageUnavailable(f"{location.path}: {error}") from error
    finally:
        connection.close()
    return None if row is None else str(row[0])


async def _current_postgres(location: PostgresLocation) -> str | None:
    try:
        connection = await asyncpg.connect(location.dsn)
        try:
            found = await connection.fetchval("SELECT version_num FROM alembic_version")
        except asyncpg.UndefinedTableError:
            return None
        finally:
            await connection.close()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise StorageUnavailable(f"PostgreSQL: {error}") from error
    return None if found is None else str(found)
