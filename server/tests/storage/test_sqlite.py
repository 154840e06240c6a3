"""What only SQLite has: one file, one writer, a disk, and other processes."""

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_server.domain.sign_in import Method
from keystead_server.ports.changes import Add, BumpPolicyVersion, Written
from keystead_server.storage import group_commit, sqlite
from keystead_server.storage.errors import StorageUnavailable
from keystead_server.storage.opening import open_store
from keystead_server.storage.reads import activity, credentials
from keystead_server.storage.sqlite import SqliteStore
from keystead_server.storage.statement import Statement
from keystead_testkit.clock import SeededEntropy
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


def test_confirmed_writes_survive_the_process_being_killed(sqlite_path: Path) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from keystead_server.domain.tenant import Tenant
from keystead_server.ports.changes import Add
from keystead_server.storage.sqlite import SqliteStore
from keystead_server.storage.statement import Statement
from keystead_testkit.clock import NOON, SeededEntropy

async def main():
    entropy = SeededEntropy()
    store = SqliteStore(Path(sys.argv[1]), entropy)
    while True:
        tenants = [Tenant(entropy.new_id(NOON), f"t{entropy.token(8).hex()}", "", NOON) for _ in range(3)]
        await asyncio.gather(*[store.write(Add(tenant)) for tenant in tenants])
        print(*[tenant.id for tenant in tenants], flush=True)

asyncio.run(main())
"""
    command = [sys.executable, "-c", program, str(sqlite_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        confirmed = [process.stdout.readline() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        confirmed += [line for line in process.stdout if line.endswith("\n")]

    with sqlite3.connect(sqlite_path) as again:
        kept = {row[0] for row in again.execute("SELECT id FROM tenants")}
        assert again.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again.close()
    assert {id_ for line in confirmed for id_ in line.split()} <= kept


def test_every_commit_waits_for_the_disk_and_the_log_is_ahead(store: SqliteStore) -> None:
    answers = [writer_of(store).execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]

    assert answers == [2, "wal"]
    assert store.fsync_time.total_seconds() > 0


def test_writes_of_one_turn_share_a_transaction(store: SqliteStore, world: World) -> None:
    tenant = world.add_tenant()
    statements: list[str] = []
    writer_of(store).set_trace_callback(statements.append)

    outcomes = together(world, *[(Add(world.attempt(tenant)),) for _ in range(20)])

    assert outcomes == [Written()] * 20
    assert [s for s in statements if s.startswith(("BEGIN", "COMMIT"))] == ["BEGIN IMMEDIATE", "COMMIT"]


def test_more_than_a_commit_can_carry_is_carried_by_the_next(
    store: SqliteStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_JOBS_IN_A_COMMIT", 8)
    tenant = world.add_tenant()

    assert together(world, *[(BumpPolicyVersion(tenant.id),)] * 20) == [Written()] * 20


def test_the_loop_turns_while_another_process_writes(store: SqliteStore, world: World, sqlite_path: Path) -> None:
    tenant = world.add_tenant()
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def story() -> tuple[int, object]:
        writing, turns = asyncio.ensure_future(store.write(BumpPolicyVersion(tenant.id))), 0
        while turns < 10:
            await asyncio.sleep(0.005)
            assert await store.tenants.by_name("contoso") == tenant
            turns += 1
        assert not writing.done()
        other.execute("COMMIT")
        return turns, await writing

    assert world.run(story()) == (10, Written())
    other.close()


def test_a_file_that_stays_locked_is_unavailable(store: SqliteStore, world: World, sqlite_path: Path) -> None:
    tenant = world.add_tenant()
    store._commits._patience = 0.05
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageUnavailable) as refused:
        world.write(BumpPolicyVersion(tenant.id))

    assert refused.value.code == "storage_unavailable"
    other.execute("ROLLBACK")
    other.close()
    assert world.write(BumpPolicyVersion(tenant.id)) == Written()


def test_a_lock_lost_in_the_middle_is_tried_again(store: SqliteStore, world: World) -> None:
    tries: list[int] = []

    def job(cursor: sqlite3.Cursor) -> str:
        cursor.execute("UPDATE alembic_version SET version_num = version_num")
        tries.append(1)
        if len(tries) < 3:
            busy = sqlite3.OperationalError("database is locked")
            busy.sqlite_errorcode = sqlite3.SQLITE_BUSY_SNAPSHOT
            raise busy
        return "done"

    assert world.run(store._commits.submit(job)) == "done"
    assert len(tries) == 3


def test_a_full_disk_is_unavailable_and_nothing_is_half_written(store: SqliteStore, world: World) -> None:
    tenant = world.add_tenant()
    pages = writer_of(store).execute("PRAGMA page_count").fetchone()[0]
    writer_of(store).execute(f"PRAGMA max_page_count = {pages}")
    attempts = [world.attempt(tenant, detail="x" * 9000) for _ in range(2)]

    outcomes = together(world, *[(Add(attempt),) for attempt in attempts])

    assert all(isinstance(outcome, StorageUnavailable) for outcome in outcomes)
    assert list(world.run(store.logs.attempts(tenant.id, limit=9))) == []
    writer_of(store).execute("PRAGMA max_page_count = 1000000")
    assert world.write(Add(attempts[0])) == Written()


def test_a_cancelled_caller_does_not_hurt_its_neighbours(store: SqliteStore, world: World) -> None:
    tenant = world.add_tenant()
    given_up, kept = world.attempt(tenant), world.attempt(tenant)

    async def story() -> object:
        first = asyncio.ensure_future(store.write(Add(given_up)))
        second = asyncio.ensure_future(store.write(Add(kept)))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert world.run(story()) == Written()


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        sqlite.connect(tmp_path / "new.db").close()
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600


def test_opening_waits_for_whoever_is_making_the_file(tmp_path: Path) -> None:
    first = sqlite3.connect(tmp_path / "new.db", isolation_level=None, check_same_thread=False)
    first.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.1, first.rollback)
    done.start()

    sqlite.connect(tmp_path / "new.db").close()

    done.join()
    first.close()


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="nowhere"):
        sqlite.connect(tmp_path / "nowhere" / "keystead.db")


def test_a_file_of_another_kind_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam,\n" * 99)

    with pytest.raises(StorageUnavailable, match="not a database"):
        sqlite.connect(tmp_path / "letter.txt")


def test_a_database_that_cannot_be_written_does_not_answer_ping(store: SqliteStore, world: World) -> None:
    writer_of(store).execute("PRAGMA query_only = ON")

    with pytest.raises(StorageUnavailable):
        world.run(store.ping())


def test_reads_cannot_write(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store._read_connection.execute("DELETE FROM attempts")


def test_a_broken_read_is_unavailable(store: SqliteStore, world: World) -> None:
    writer_of(store).execute("DROP TABLE attempts")
    tenant = world.add_tenant()

    with pytest.raises(StorageUnavailable):
        world.run(store.logs.attempts(tenant.id, limit=1))
    with pytest.raises(StorageUnavailable):
        world.run(store.logs.guesses(tenant.id, world.new_id(), Method.PASSWORD, world.clock.now()))


@pytest.mark.parametrize(
    "statement",
    [
        credentials._OWNER,
        activity._SESSION,
        activity._GRANT,
        activity._GUESSES,
        activity._AUDIT_OF,
        credentials._PASSWORD,
        credentials._RECOVERY_CODES,
        *activity._ATTEMPTS.values(),
        activity._AUDIT,
    ],
)
def test_what_is_asked_all_day_is_found_through_an_index(store: SqliteStore, statement: Statement) -> None:
    values = tuple(range(statement.sqlite.sql.count("?")))

    plan = writer_of(store).execute(f"EXPLAIN QUERY PLAN {statement.sqlite.sql}", values).fetchall()

    steps = [row[3] for row in plan]
    assert steps
    assert [step for step in steps if step.startswith("SCAN") or "TEMP B-TREE" in step] == []


def test_a_sweep_leaves_the_loop_between_its_batches(
    store: SqliteStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = world.add_user(world.add_tenant())
    old = user.created_at.replace(year=2020)
    together(world, *[(Add(world.session(user, expires_at=old)),) for _ in range(1100)])
    turns = 0

    async def story() -> int:
        nonlocal turns
        sweeping = asyncio.ensure_future(store.sweep(user.created_at))
        while not sweeping.done():
            await asyncio.sleep(0)
            turns += 1
        return await sweeping

    assert world.run(story()) == 1100
    assert turns > 3


def test_two_processes_may_write_the_same_file(store: SqliteStore, world: World, sqlite_path: Path) -> None:
    """The command line does, while the server runs."""
    tenant = world.add_tenant()
    outcomes: list[object] = []

    def elsewhere() -> None:
        async def work() -> None:
            other = SqliteStore(sqlite_path, SeededEntropy(1))
            for _ in range(30):
                outcomes.append(await other.write(BumpPolicyVersion(tenant.id)))
            await other.close()

        asyncio.run(work())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    for _ in range(30):
        outcomes.append(world.write(BumpPolicyVersion(tenant.id)))
    thread.join()

    found = world.run(store.tenants.by_name("contoso"))
    assert outcomes == [Written()] * 60
    assert found is not None
    assert found.policy_version == 61


def test_others_have_their_turn_between_two_pages_of_passkeys(world: World, store: SqliteStore, run: Run) -> None:
    user = world.add_user(tenant := world.add_tenant())
    world.add(*(world.passkey(user) for _ in range(3)))
    order: list[str] = []

    async def read_all() -> None:
        after = None
        while page := await store.passkeys.page(tenant.id, limit=1, after=after):
            order.append("page")
            after = page[-1].passkey.id

    async def sign_in() -> None:
        order.append("somebody else")

    async def both() -> None:
        await asyncio.gather(read_all(), sign_in())

    run(both())

    assert order.index("somebody else") < order.index("page")


def test_a_program_beside_the_server_does_not_take_its_log_away(sqlite_path: Path, run: Run) -> None:
    """The command line opens and closes the database while the server has it open."""
    store = run(open_store(f"sqlite:///{sqlite_path}", entropy=SeededEntropy()))
    world = World(store, run)
    world.add_tenant("before")

    # In a process of its own: locks are a process's, and the last to close a database clears its log.
    program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('select * from tenants'); c.close()"
    subprocess.run([sys.executable, "-c", program, str(sqlite_path)], check=True)
    world.add_tenant("after")

    beside = sqlite3.connect(sqlite_path)
    assert [name for (name,) in beside.execute("select name from tenants order by name")] == ["after", "before"]
    beside.close()
    run(store.close())
