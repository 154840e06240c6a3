"""What only PostgreSQL has: round trips, retries, connections that end."""

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from keystead_server.domain.sign_in import Attempt
from keystead_server.ports.changes import Add, BumpPolicyVersion, PasskeyUsed, Replace, Written
from keystead_server.storage import batches, lines
from keystead_server.storage.batches import shape_of
from keystead_server.storage.errors import StorageUnavailable
from keystead_server.storage.lines import Lines
from keystead_server.storage.postgres import PostgresStore
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.postgres import Cluster
from keystead_testkit.store_suite.chains import links, verdict
from keystead_testkit.store_suite.units import together
from keystead_testkit.store_suite.world import Run, World

pytestmark = pytest.mark.postgres


class CountingLines(Lines):
    """Counts how often a connection was used."""

    uses = 0

    async def use(self, job: Any) -> Any:
        self.uses += 1
        return await super().use(job)


@pytest.fixture
def line(postgres_url: str) -> CountingLines:
    return CountingLines(postgres_url, SeededEntropy(), 4)


@pytest.fixture
def store(line: CountingLines, run: Run) -> Iterator[PostgresStore]:
    store = PostgresStore(line)
    yield store
    run(store.close())


@pytest.fixture
def world(store: PostgresStore, run: Run) -> World:
    return World(store, run)


@pytest.fixture
def sabotage(cluster: Cluster, postgres_url: str) -> Iterator[Any]:
    """Make the next *times* writes of an attempt fail with an SQLSTATE."""
    database = postgres_url.rpartition("/")[2]

    def fail(sqlstate: str, times: int) -> None:
        cluster.psql(
            f"""
            CREATE SEQUENCE sabotage;
            CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                -- A sequence is not taken back with the transaction, so it counts the tries.
                IF nextval('sabotage') <= {times} THEN RAISE 'sabotage' USING ERRCODE = '{sqlstate}'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER sabotage BEFORE INSERT ON attempts FOR EACH STATEMENT EXECUTE FUNCTION sabotage();
            """,
            database,
        )

    yield fail
    cluster.psql("DROP TRIGGER IF EXISTS sabotage ON attempts", database)
    cluster.psql("DROP FUNCTION IF EXISTS sabotage; DROP SEQUENCE IF EXISTS sabotage", database)


def sign_in(world: World) -> tuple[Attempt, tuple[Any, ...]]:
    user = world.add_user(tenant := world.add_tenant())
    world.add(passkey := world.passkey(user))
    attempt = world.attempt(tenant)
    used = PasskeyUsed(tenant.id, passkey.id, 1, False, attempt.at)
    return attempt, (Add(attempt), used, Add(world.session(user, id=attempt.id)))


def test_a_sign_in_is_written_in_one_round_trip(line: CountingLines, world: World) -> None:
    _, unit = sign_in(world)
    before = line.uses

    assert world.write(*unit) == Written()

    assert line.uses == before + 1


def test_units_that_wait_together_are_one_statement(line: CountingLines, world: World) -> None:
    tenant = world.add_tenant()
    before = line.uses

    assert together(world, *[(Add(world.attempt(tenant)),) for _ in range(50)]) == [Written()] * 50

    assert line.uses == before + 1


def test_more_than_a_statement_can_carry_is_carried_by_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_UNITS_IN_A_STATEMENT", 4)
    tenant = world.add_tenant()
    units = [(Add(world.attempt(tenant)),) for _ in range(15)] + [(Add(world.event(tenant)),) for _ in range(15)]

    assert together(world, *units) == [Written()] * 30


def test_two_changes_of_one_table_are_never_parts_of_one_statement(world: World) -> None:
    _, (attempt, used, session) = sign_in(world)
    user = world.user(world.add_tenant("fabrikam"))

    assert shape_of((attempt, used, session)) is not None
    assert shape_of((used, Add(world.passkey(user)))) is None
    assert shape_of((attempt, BumpPolicyVersion(user.tenant_id))) is None
    assert shape_of((attempt, Replace(user))) is None
    assert shape_of(()) is None


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
@pytest.mark.parametrize("hot", [True, False])
def test_a_write_that_has_to_be_run_again_is(world: World, sabotage: Any, sqlstate: str, hot: bool) -> None:
    attempt, unit = sign_in(world)
    sabotage(sqlstate, 3)

    assert world.write(*unit, *[BumpPolicyVersion(attempt.tenant_id)] * (not hot)) == Written()

    assert world.run(world.store.logs.attempt(attempt.tenant_id, attempt.id)) == attempt


def test_it_is_not_run_again_for_ever(world: World, sabotage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_FIRST_PAUSE_SECONDS", 0.0)
    attempt, unit = sign_in(world)
    sabotage("40001", 1000)

    with pytest.raises(StorageUnavailable) as refused:
        world.write(*unit)

    assert refused.value.code == "storage_unavailable"
    assert world.run(world.store.logs.attempt(attempt.tenant_id, attempt.id)) is None


@pytest.mark.parametrize("sqlstate", ["53100", "22003", "23514"])
@pytest.mark.parametrize("hot", [True, False])
def test_any_other_error_is_unavailable(world: World, sabotage: Any, sqlstate: str, hot: bool) -> None:
    attempt, unit = sign_in(world)
    sabotage(sqlstate, 1000)

    with pytest.raises(StorageUnavailable):
        world.write(*unit, *[BumpPolicyVersion(attempt.tenant_id)] * (not hot))

    assert world.run(world.store.logs.attempt(attempt.tenant_id, attempt.id)) is None


def test_a_database_that_comes_back_is_used_again(cluster: Cluster, line: CountingLines, world: World) -> None:
    tenant = world.add_tenant()
    cluster.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'keystead'")

    async def story() -> object:
        await asyncio.sleep(0.1)
        return await world.store.tenants.by_name("contoso")

    assert world.run(story()) == tenant


def test_a_connection_cut_in_the_middle_is_unavailable(cluster: Cluster, line: CountingLines, world: World) -> None:
    async def story() -> None:
        sleeping = asyncio.ensure_future(line.fetch("SELECT pg_sleep(20)", ()))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(
            cluster.psql, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        )
        await sleeping

    with pytest.raises(StorageUnavailable):
        world.run(story())
    world.run(world.store.ping())


def test_a_connection_that_went_silent_is_not_used_again(
    postgres_url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_ANSWERING_SECONDS", 0.2)
    store = PostgresStore(line := Lines(postgres_url, SeededEntropy(), 1))
    backend = run(line.fetch("SELECT pg_backend_pid()", ()))[0][0]
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(StorageUnavailable, match="no answer in time"):
            run(store.ping())
        monkeypatch.setattr(lines, "_ANSWERING_SECONDS", 5.0)
        run(store.ping())
    finally:
        os.kill(backend, signal.SIGCONT)
    run(store.close())


def test_a_cancelled_caller_leaves_no_connection_behind(line: CountingLines, world: World) -> None:
    async def story() -> None:
        for _ in range(6):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(line.fetch("SELECT pg_sleep(2)", ()), 0.02)
        await asyncio.wait_for(asyncio.gather(*[world.store.ping() for _ in range(8)]), 5)

    world.run(story())


def test_no_more_connections_are_opened_than_were_allowed(cluster: Cluster, world: World) -> None:
    async def story() -> str:
        await asyncio.gather(*[world.store.tenants.all() for _ in range(30)])
        return cluster.psql(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'keystead' AND query LIKE '%tenants%'"
        )

    assert 1 <= int(world.run(story())) <= 4


def test_a_server_that_is_not_there_is_unavailable(run: Run) -> None:
    store = PostgresStore(Lines("postgresql://keystead:hush@127.0.0.1:1/nothing", SeededEntropy(), 1))

    for _ in range(2):
        with pytest.raises(StorageUnavailable) as refused:
            run(store.ping())
        assert "hush" not in str(refused.value)


def test_a_standby_does_not_answer_ping(cluster: Cluster, postgres_url: str, run: Run) -> None:
    read_only = f"{postgres_url}?options=-c%20default_transaction_read_only%3Don"
    store = PostgresStore(Lines(read_only, SeededEntropy(), 1))

    with pytest.raises(StorageUnavailable, match="read-only"):
        run(store.ping())
    run(store.close())


def test_closing_lets_what_is_being_written_finish(line: CountingLines, run: Run) -> None:
    store = PostgresStore(line)
    world = World(store, run)
    tenant = world.add_tenant()
    attempts = [world.attempt(tenant) for _ in range(5)]

    async def story() -> list[object]:
        writing = [asyncio.ensure_future(store.write(Add(attempt))) for attempt in attempts]
        await asyncio.sleep(0)
        await store.close()
        return [task.result() for task in writing]

    assert run(story()) == [Written()] * 5


# -- chains ------------------------------------------------------------------------------------------


def test_statements_under_way_at_once_have_a_chain_each(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_UNITS_IN_A_STATEMENT", 2)
    tenant = world.add_tenant()

    for _ in range(3):
        together(world, *[(Add(world.attempt(tenant)),) for _ in range(20)])

    found = verdict(world)
    assert (found.faults, found.rows, found.links, found.chains) == ((), 60, 30, 2)


@pytest.mark.parametrize("hot", [True, False])
def test_a_write_that_was_run_again_is_one_link(world: World, sabotage: Any, hot: bool) -> None:
    attempt, unit = sign_in(world)
    sabotage("40001", 3)

    world.write(*unit, *[BumpPolicyVersion(attempt.tenant_id)] * (not hot))

    assert [[row.id for row in link.rows] for link in links(world)] == [[attempt.id]]
    assert verdict(world).whole


@pytest.mark.parametrize("hot", [True, False])
def test_a_write_whose_end_is_not_known_ends_its_chain(world: World, sabotage: Any, hot: bool) -> None:
    attempt, unit = sign_in(world)
    more = [BumpPolicyVersion(attempt.tenant_id)] * (not hot)
    tenant = world.run(world.store.tenants.all())[0]
    world.write(Add(world.attempt(tenant)), *more)
    sabotage("53100", 1)

    with pytest.raises(StorageUnavailable):
        world.write(*unit, *more)
    world.write(*unit, *more)

    found = verdict(world)
    assert (found.faults, found.rows, found.chains) == ((), 2, 2)


@pytest.mark.parametrize("hot", [True, False])
def test_a_chain_that_somebody_else_went_on_with_is_left_to_them(store: PostgresStore, world: World, hot: bool) -> None:
    attempt, unit = sign_in(world)
    tenant = world.run(world.store.tenants.all())[0]
    more = [BumpPolicyVersion(attempt.tenant_id)] * (not hot)
    world.write(Add(world.attempt(tenant)), *more)
    before = list(store._chains._free)
    world.write(Add(world.attempt(tenant)), *more)
    store._chains._free = before

    assert world.write(*unit, *more) == Written()

    found = verdict(world)
    assert (found.faults, found.links, found.chains) == ((), 3, 2)


def test_a_log_cannot_be_copied_from_a_server_that_is_not_there(run: Run) -> None:
    store = PostgresStore(Lines("postgresql://keystead:hush@127.0.0.1:1/nothing", SeededEntropy(), 1))

    async def story() -> None:
        async with store.chains.whole():
            raise AssertionError("it is not there")

    with pytest.raises(StorageUnavailable):
        run(story())
