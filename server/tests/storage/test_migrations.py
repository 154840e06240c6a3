"""A database is brought to the tables that the code knows, once, forward, on both engines."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from keystead_server.storage import migrations
from keystead_server.storage.errors import DatabaseNotMigrated, DatabaseTooNew, StorageUnavailable
from keystead_server.storage.opening import open_store
from keystead_server.storage.schema import metadata
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.postgres import Cluster
from keystead_testkit.store_suite.world import Run
from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.ext.asyncio import create_async_engine


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.fresh_database()


def execute(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute(statement)
        connection.close()
        return

    async def work() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(work())


def differences(url: str) -> list[Any]:
    def compare(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    if url.startswith("sqlite"):
        with create_engine(url, poolclass=pool.NullPool).connect() as connection:
            return compare(connection)

    async def work() -> list[Any]:
        engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), poolclass=pool.NullPool)
        async with engine.connect() as connection:
            return await connection.run_sync(compare)

    return asyncio.run(work())


def definitions(url: str) -> list[list[str]]:
    """What the comparison does not look at: SQLite's own text of every table and index."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE name <> 'alembic_version' AND sql IS NOT NULL")
    # The order of a table's constraints means nothing.
    found = sorted(sorted(part.strip() for part in re.split("[,()]", sql)) for (sql,) in rows)
    connection.close()
    return found


def test_a_migrated_database_is_what_the_schema_says(empty: str, run: Run) -> None:
    run(migrations.upgrade(empty))

    assert differences(empty) == []
    assert run(migrations.current(empty)) == migrations.HEAD


def test_a_migrated_file_has_the_very_definitions_of_the_schema(tmp_path: Path, run: Run) -> None:
    migrated, made = (f"sqlite:///{tmp_path}/{name}.db" for name in ("migrated", "made"))

    run(migrations.upgrade(migrated))
    metadata.create_all(create_engine(made, poolclass=pool.NullPool))

    assert definitions(migrated) == definitions(made)


@pytest.mark.postgres
def test_ids_are_ordered_by_code_point_whatever_the_locale(cluster: Cluster, migrated_postgres: str) -> None:
    question = """
        SELECT table_name || '.' || column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND collation_name IS DISTINCT FROM 'C'
        AND (column_name = 'id' OR column_name LIKE '%\\_id' OR column_name LIKE '%\\_folded')
        AND data_type = 'text' AND column_name NOT IN ('target_id')
    """

    assert cluster.psql(question, migrated_postgres.rpartition("/")[2]) == ""


def test_migrating_twice_is_harmless(empty: str, run: Run) -> None:
    run(migrations.upgrade(empty))
    execute(empty, "INSERT INTO tenants VALUES ('id', 'kept', 'Kept', 0, 1)")

    run(migrations.upgrade(empty))

    store = run(open_store(empty, entropy=SeededEntropy()))
    assert run(store.tenants.by_name("kept")) is not None
    run(store.close())


def test_servers_that_start_at_once_do_not_migrate_twice(empty: str) -> None:
    program = (
        "import asyncio, sys; from keystead_server.storage import migrations as m; asyncio.run(m.upgrade(sys.argv[1]))"
    )
    command = [sys.executable, "-W", "error", "-c", program, empty]

    servers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    complaints = [server.communicate(timeout=60)[1] for server in servers]

    assert complaints == [""] * 2
    assert asyncio.run(migrations.current(empty)) == migrations.HEAD


@pytest.mark.parametrize("migrate", [True, False])
def test_a_database_newer_than_the_code_is_refused(empty: str, run: Run, migrate: bool) -> None:
    run(migrations.upgrade(empty))
    execute(empty, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(DatabaseTooNew) as refused:
        run(open_store(empty, entropy=SeededEntropy(), migrate=migrate))

    assert (refused.value.code, refused.value.found) == ("database_too_new", "9999")


def test_an_empty_database_is_refused_unless_it_may_be_migrated(empty: str, run: Run) -> None:
    with pytest.raises(DatabaseNotMigrated) as refused:
        run(open_store(empty, entropy=SeededEntropy()))
    assert (refused.value.code, refused.value.found) == ("database_not_migrated", None)

    store = run(open_store(empty, entropy=SeededEntropy(), migrate=True))

    assert list(run(store.tenants.all())) == []
    run(store.close())


def test_looking_at_a_file_does_not_make_it(tmp_path: Path, run: Run) -> None:
    assert run(migrations.current(f"sqlite:///{tmp_path}/new.db")) is None
    assert not (tmp_path / "new.db").exists()


def test_a_migration_that_fails_leaves_nothing_behind(empty: str, run: Run) -> None:
    execute(empty, "CREATE TABLE signing_keys (kid INTEGER)")

    with pytest.raises(StorageUnavailable, match="signing_keys"):
        run(migrations.upgrade(empty))

    execute(empty, "DROP TABLE signing_keys")
    run(migrations.upgrade(empty))
    assert differences(empty) == []


def test_the_code_knows_every_revision_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    assert tuple(reversed([revision.revision for revision in script.walk_revisions()])) == migrations.REVISIONS


def test_a_server_that_is_not_there_is_unavailable(run: Run) -> None:
    question: Coroutine[Any, Any, Any] = migrations.current("postgresql://keystead:hush@127.0.0.1:1/nothing")

    with pytest.raises(StorageUnavailable):
        run(question)
