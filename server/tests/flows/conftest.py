"""The office in memory, and the same office over a database file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_server.storage.opening import open_store
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.loop import run
from keystead_testkit.office import Office
from keystead_testkit.postgres import Cluster, PostgresMissing, running_postgres


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    try:
        with running_postgres() as cluster:
            yield cluster
    except PostgresMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def office_on_disk(tmp_path: Path) -> Iterator[Office]:
    """For what happens at once: here writes really wait for each other."""
    store = run(open_store(f"sqlite:///{tmp_path / 'keystead.db'}", entropy=SeededEntropy(), migrate=True))
    yield Office(store=store)
    run(store.close())
