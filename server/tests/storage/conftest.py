"""The stores under test, and a PostgreSQL of our own."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_server.ports.store import Store
from keystead_server.storage import migrations
from keystead_server.storage.opening import open_store
from keystead_server.storage.schema import metadata
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.memory_store import MemoryStore
from keystead_testkit.postgres import Cluster, PostgresMissing, running_postgres

pytest.register_assert_rewrite("keystead_testkit.store_suite")
from keystead_testkit.store_suite.world import Run, World  # noqa: E402


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    try:
        with running_postgres() as cluster:
            yield cluster
    except PostgresMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def migrated_postgres(cluster: Cluster) -> str:
    url = cluster.fresh_database()
    asyncio.run(migrations.upgrade(url))
    return url


@pytest.fixture
def postgres_url(cluster: Cluster, migrated_postgres: str) -> str:
    """A migrated database with nothing in it."""
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    cluster.psql(f"TRUNCATE {tables}", migrated_postgres.rpartition("/")[2])
    return migrated_postgres


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(migrations.upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_path(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """A migrated file with nothing in it."""
    return Path(shutil.copy(migrated_sqlite, tmp_path / "keystead.db"))


@pytest.fixture
def run() -> Iterator[Run]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, run: Run) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "sqlite":
        url = f"sqlite:///{request.getfixturevalue('sqlite_path')}"
    else:
        url = request.getfixturevalue("postgres_url")
    opened = run(open_store(url, entropy=SeededEntropy()))
    yield opened
    run(opened.close())


@pytest.fixture
def world(store: Store, run: Run) -> World:
    return World(store, run)
