"""Runs the missing revisions, through Alembic."""

import sqlite3
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from keystead_server.storage.errors import StorageUnavailable
from keystead_server.storage.sqlite import connect
from keystead_server.storage.url import Location, PostgresLocation, SqliteLocation

_FOLDER = Path(__file__).parent
# Any number will do that nobody else on that PostgreSQL uses.
_LOCK = int.from_bytes(b"keystead", "big")


async def upgrade(location: Location) -> None:
    try:
        if isinstance(location, PostgresLocation):
            await _upgrade_postgres(location)
        else:
            _upgrade_sqlite(location)
    except (SQLAlchemyError, sqlite3.Error, asyncpg.PostgresError, OSError) as error:
        raise StorageUnavailable(f"migrating: {error}") from error


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
