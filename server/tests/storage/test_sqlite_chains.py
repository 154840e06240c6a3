"""Chains in one SQLite file: one for each process, whatever happens to it."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_server.ports.changes import Add
from keystead_server.storage.errors import StorageUnavailable
from keystead_server.storage.sqlite import SqliteStore
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.store_suite.chains import links, verdict
from keystead_testkit.store_suite.units import together
from keystead_testkit.store_suite.world import Run, World


@pytest.fixture
def store(sqlite_path: Path, run: Run) -> Iterator[SqliteStore]:
    store = SqliteStore(sqlite_path, SeededEntropy())
    yield store
    run(store.close())


@pytest.fixture
def world(store: SqliteStore, run: Run) -> World:
    return World(store, run)


def writer_of(store: SqliteStore) -> sqlite3.Connection:
    return store._write_connection


def test_the_units_of_one_transaction_are_one_link_without_the_refused(store: SqliteStore, world: World) -> None:
    tenant = world.add_tenant()
    world.add(taken := world.attempt(tenant))
    good = [world.attempt(tenant) for _ in range(6)]

    together(world, *[(Add(each),) for each in (*good[:3], taken, *good[3:])])

    assert [[row.id for row in link.rows] for link in links(world)] == [[taken.id], [each.id for each in good]]


def test_a_transaction_whose_end_is_not_known_ends_its_chain(store: SqliteStore, world: World) -> None:
    """A disk that fails at COMMIT may have kept the transaction; whoever went on would fork the chain."""
    tenant = world.add_tenant()
    world.add(world.attempt(tenant))
    writer_of(store).execute("CREATE TRIGGER sabotage BEFORE INSERT ON log_heads BEGIN SELECT RAISE(FAIL, 'disk'); END")
    refused = world.attempt(tenant)

    with pytest.raises(StorageUnavailable):
        world.write(Add(refused))
    writer_of(store).execute("DROP TRIGGER sabotage")
    world.add(world.attempt(tenant))

    found = verdict(world)
    assert (found.faults, found.rows, found.chains) == ((), 2, 2)


def test_a_chain_that_somebody_else_went_on_with_is_left_to_them(store: SqliteStore, world: World) -> None:
    """A machine that is put back to an earlier moment while its database is not."""
    tenant = world.add_tenant()
    world.add(world.attempt(tenant))
    chains = store._commits._chains
    (before,) = chains._free
    world.add(world.attempt(tenant))
    chains._free = [before]

    world.add(world.attempt(tenant))

    found = verdict(world)
    assert (found.faults, found.links, found.chains) == ((), 3, 2)


def test_two_processes_have_a_chain_each(store: SqliteStore, world: World, sqlite_path: Path) -> None:
    tenant = world.add_tenant()
    other = SqliteStore(sqlite_path, SeededEntropy(1))

    for each in (store, other, store, other):
        world.run(each.write(Add(world.attempt(tenant))))

    assert (verdict(world).whole, verdict(world).chains) == (True, 2)
    world.run(other.close())


def test_a_process_that_is_killed_leaves_whole_chains(sqlite_path: Path, run: Run) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from keystead_server.ports.changes import Add
from keystead_server.storage.sqlite import SqliteStore
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.store_suite.world import World

async def main():
    store = SqliteStore(Path(sys.argv[1]), SeededEntropy())
    world = World(store, None)
    world.add = lambda *_: None
    tenant = world.add_tenant()
    while True:
        await asyncio.gather(*[store.write(Add(world.attempt(tenant))) for _ in range(5)])
        print("written", flush=True)

asyncio.run(main())
"""
    child = subprocess.Popen([sys.executable, "-c", program, str(sqlite_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    for _ in range(20):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.communicate()

    store = SqliteStore(sqlite_path, SeededEntropy(2))
    found = verdict(World(store, run))
    run(store.close())

    assert found.faults == ()
    assert found.rows >= 100
    assert found.chains == 1


def test_a_row_that_holds_nonsense_is_named_all_the_same(store: SqliteStore, world: World) -> None:
    tenant = world.add_tenant()
    rows = [world.attempt(tenant) for _ in range(3)]
    world.add(*rows, event := world.event(tenant))
    for change in (
        f"UPDATE attempts SET method = 'magic' WHERE id = '{rows[0].id}'",
        f"UPDATE attempts SET at = 'yesterday', aaguid = x'00' WHERE id = '{rows[2].id}'",
        f"UPDATE audit_events SET detail = '[' WHERE id = '{event.id}'",
    ):
        writer_of(store).execute(change)

    assert [(f.code, f.id) for f in verdict(world).faults] == [
        ("log_row_changed", rows[0].id), ("log_row_changed", rows[2].id), ("log_row_changed", event.id),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE log_links SET rows = x'00' WHERE number = 2", "log_link_changed"),
        ("UPDATE log_links SET digest = x'00' WHERE number = 2", "log_link_changed"),
        ("UPDATE log_links SET previous = zeroblob(32) WHERE number = 2", "log_link_changed"),
        ("UPDATE log_links SET previous = 'text' WHERE number = 2", "log_malformed"),
        ("DELETE FROM log_links WHERE number = 2", "log_link_dropped"),
        ("DELETE FROM attempts WHERE id = (SELECT min(id) FROM attempts)", "log_row_dropped"),
    ],
)
def test_what_is_done_to_the_tables_is_found(store: SqliteStore, world: World, change: str, code: str) -> None:
    tenant = world.add_tenant()
    world.add(*[world.attempt(tenant) for _ in range(4)])

    writer_of(store).execute(change)

    assert verdict(world).faults[0].code == code
