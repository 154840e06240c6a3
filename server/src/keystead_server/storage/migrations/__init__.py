"""Bringing a database forward, revision by revision. Forward only: going back is a restored backup.

One step of the tables for each revision, expand before contract, so that the version before can
still work on a database that the version after has migrated. `versions/` holds them.
"""

import sqlite3
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from keystead_server.storage.errors import DatabaseNotMigrated, DatabaseTooNew, StorageUnavailable
from keystead_server.storage.sqlite import connect
from keystead_server.storage.url import PostgresLocation, SqliteLocation, locate

# Every revision, oldest first: what opening compares with.
REVISIONS = ("0001",)
HEAD = REVISIONS[-1]

_FOLDER = Path(__file__).parent
# Any number will do that nobody else on that PostgreSQL uses.
_LOCK = int.from_bytes(b"keystead", "big")


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
    location = locate(url)
    try:
        if isinstance(location, PostgresLocation):
            await _upgrade_postgres(location)
        else:
            _upgrade_sqlite(location)
    except (SQLAlchemyError, sqlite3.Error, asyncpg.PostgresError, OSError) as error:
        raise StorageUnavailable(f"migrating: {error}") from error


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


def _upgrade_sqlite(location: SqliteLocation) -> None:
    engine = create_engine("sqlite://", creator=lambda: connect(location.path), poolclass=pool.NullPool)
    with engine.begin() as connection:
        # The write lock, before looking which revisions are missing: of two processes that start at
        # once the second waits here, and then finds nothing to do.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        _run(connection)


async def _upgrade_postgres(location: PostgresLocation) -> None:
    # The address is asyncpg's to read, so that migrating and serving cannot understand it differently.
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(location.dsn), poolclass=pool.NullPool
    )
    async with engine.begin() as connection:
        # An advisory lock, which nothing on the request path may depend on: here there is no table
        # yet that could be locked, and an engine without such locks only loses the guard.
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        await connection.run_sync(_run)
    await engine.dispose()


def _run(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
