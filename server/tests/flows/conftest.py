"""The office in memory, and the same office over a database file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_server.storage.opening import open_store
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.loop import run
from keystead_testkit.office import Office


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def office_on_disk(tmp_path: Path) -> Iterator[Office]:
    """For what happens at once: here writes really wait for each other."""
    store = run(open_store(f"sqlite:///{tmp_path / 'keystead.db'}", entropy=SeededEntropy(), migrate=True))
    yield Office(store=store)
    run(store.close())
