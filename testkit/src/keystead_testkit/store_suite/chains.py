"""The logs prove themselves: what a write adds to them is one link of a chain."""

from datetime import timedelta
from uuid import UUID

import pytest
from keystead_core.jose import KeySet
from keystead_server.domain.log_chain import Head, LogCheckpoint, LogLink
from keystead_server.domain.log_proof import Verdict
from keystead_server.flows.verify_log import VerifyLog
from keystead_server.ports.changes import Add, CloseSession, Conflict, HeadBound, PasskeyUsed, Written

from keystead_testkit.store_suite.units import WRITERS, together
from keystead_testkit.store_suite.world import World

# A few more than a slow database would take one by one.
BUSY_ROUNDS = 5


def links(world: World) -> list[LogLink]:
    async def read() -> list[LogLink]:
        async with world.store.chains.whole() as log:
            return [link async for page in log.links() for link in page]

    return world.run(read())


def verdict(world: World) -> Verdict:
    return world.run(VerifyLog(world.store)(KeySet({}, {})))


def unbound(world: World) -> list[Head]:
    return list(world.run(world.store.chains.unbound(limit=99)))


class ChainTests:
    def test_what_a_write_logs_is_one_link_behind_the_one_before(self, world: World) -> None:
        tenant = world.add_tenant()
        first, second, event = world.attempt(tenant), world.attempt(tenant), world.event(tenant)

        world.write(Add(first))
        world.write(Add(second), Add(event))

        one, two = links(world)
        assert [row.id for row in one.rows] == [first.id]
        assert [row.id for row in two.rows] == [second.id, event.id]
        assert (one.number, two.number, two.previous) == (1, 2, one.digest)
        assert one.chain_id == two.chain_id
        assert verdict(world).whole

    def test_a_write_that_logs_nothing_leaves_no_link(self, world: World) -> None:
        user = world.add_user(world.add_tenant())
        world.add(session := world.session(user))
        world.write(CloseSession(user.tenant_id, session.id, world.clock.now()))

        assert links(world) == []
        assert unbound(world) == []

    def test_a_refused_write_leaves_no_link_and_no_gap(self, world: World) -> None:
        tenant = world.add_tenant()
        world.add(taken := world.attempt(tenant))
        used = PasskeyUsed(tenant.id, world.new_id(), 1, False, taken.at)

        for refused in ((Add(taken),), (Add(world.attempt(tenant)), used), (Add(world.event(tenant)), Add(taken))):
            assert isinstance(world.write(*refused), Conflict)
        world.add(after := world.attempt(tenant))

        assert [[row.id for row in link.rows] for link in links(world)] == [[taken.id], [after.id]]
        assert verdict(world).whole

    def test_whatever_is_written_at_once_the_chains_are_whole(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(passkey := world.passkey(user), spent := world.attempt(tenant))
        used = PasskeyUsed(tenant.id, passkey.id, 1, False, spent.at)

        for _ in range(BUSY_ROUNDS):
            attempts = [world.attempt(tenant) for _ in range(WRITERS)]
            outcomes = together(
                world,
                *[(Add(a), used, Add(world.session(user, id=a.id))) for a in attempts],
                (Add(spent), used),
                *[(Add(world.event(tenant)),) for _ in range(WRITERS)],
                *[(Add(world.event(tenant)), Add(world.event(tenant))) for _ in range(3)],
            )
            assert outcomes.count(Written()) == 2 * WRITERS + 3

        found = verdict(world)
        assert found.faults == ()
        assert found.rows == 1 + BUSY_ROUNDS * (2 * WRITERS + 6)

    def test_what_strangers_typed_is_proven_as_it_is_kept(self, world: World) -> None:
        tenant = world.add_tenant()
        world.add(world.attempt(tenant, username="a\0b\ud800", user_agent='"\\\u2028\x7f\n', detail="ü \U0001f511"))
        world.add(world.attempt(tenant, credential_id=b"\xff" * 16, at=world.clock.now() + timedelta(microseconds=1)))

        assert verdict(world).faults == ()

    @pytest.mark.parametrize("shape", ["{0.hex}", "{{{0}}}", "me", ""])
    def test_an_id_that_would_come_back_as_another_text_cannot_be_logged(self, world: World, shape: str) -> None:
        tenant = world.add_tenant()

        with pytest.raises(ValueError, match=r"UUID|hexadecimal"):
            world.write(Add(world.attempt(tenant, id=shape.format(UUID(world.new_id())))))

        assert links(world) == []

    def test_a_chain_is_unbound_until_a_checkpoint_binds_it_where_it_stands(self, world: World) -> None:
        tenant = world.add_tenant()
        world.add(world.attempt(tenant))
        (first,) = unbound(world)
        world.add(world.attempt(tenant))
        (second,) = unbound(world)

        world.write(HeadBound(first.chain_id, first.number))
        assert unbound(world) == [second]
        world.write(HeadBound(second.chain_id, second.number))
        assert unbound(world) == []

        world.add(world.attempt(tenant))
        assert [head.number for head in unbound(world)] == [3]
        assert links(world)[-1].head == unbound(world)[0]

    def test_of_two_checkpoints_with_one_number_one_is_written(self, world: World) -> None:
        first, second = (LogCheckpoint(1, world.clock.now(), token) for token in ("one", "two"))

        outcomes = together(world, (Add(first),), (Add(second),))

        # Which of them comes first is the engine's to say.
        assert outcomes.count(Written()) == 1
        assert [o for o in outcomes if o != Written()] in ([Conflict(Add(first))], [Conflict(Add(second))])
        world.add(third := LogCheckpoint(2, world.clock.now(), "three"))

        assert world.run(world.store.chains.last_checkpoint()) == third

    def test_a_sweep_takes_nothing_from_the_logs(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        old = world.clock.now() - timedelta(days=9999)
        world.add(world.session(user, expires_at=old), world.attempt(tenant, at=old), world.event(tenant))
        before = verdict(world)

        assert world.run(world.store.sweep(world.clock.now())) == 1

        assert verdict(world) == before
        assert (before.whole, before.rows, before.links) == (True, 2, 2)

    def test_the_whole_log_is_of_every_tenant_and_of_one_moment(self, world: World) -> None:
        here, there = world.add_tenant(), world.add_tenant("fabrikam")
        ours, theirs = world.attempt(here), world.attempt(there)
        world.add(theirs, ours, event := world.event(there))

        async def read() -> tuple[list[object], int]:
            async with world.store.chains.whole() as log:
                await world.store.write(Add(world.attempt(here)))
                rows: list[object] = [row async for page in log.attempts() for row in page]
                rows += [row async for page in log.audit() for row in page]
                return rows, (await log.size()).total

        assert world.run(read()) == ([ours, theirs, event], 6)
