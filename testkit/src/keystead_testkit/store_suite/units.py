"""What holds for every write: all or nothing, in order, durable, and one winner."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Role, User
from keystead_server.ports.changes import (
    Add,
    BumpPolicyVersion,
    Change,
    CloseSession,
    Conflict,
    Join,
    KeepsAnAdministrator,
    PasskeyUsed,
    Remove,
    Replace,
    SpendPass,
    Written,
)

from keystead_testkit.store_suite.world import World

WRITERS = 20


def together(world: World, *units: tuple[Change, ...]) -> list[Written | Conflict | BaseException]:
    """Write all *units* at the same time."""

    async def all_at_once() -> list[Written | Conflict | BaseException]:
        return await asyncio.gather(*[world.store.write(*unit) for unit in units], return_exceptions=True)

    return world.run(all_at_once())


class UnitTests:
    def test_a_sign_in_is_one_write(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(passkey := world.passkey(user), app := world.app(tenant))
        attempt, now = world.attempt(tenant), world.clock.now()
        session = world.session(user, id=attempt.id)
        grant = world.grant(session, app)

        used = PasskeyUsed(tenant.id, passkey.id, 7, False, now)
        assert world.write(Add(attempt), used, Add(session)) == Written()
        assert world.write(Add(grant)) == Written()

        found = world.run(world.store.sessions.grant(tenant.id, grant.id))
        assert found is not None
        assert found.session == session
        assert world.run(world.store.logs.attempt(tenant.id, attempt.id)) == attempt
        assert world.run(world.store.passkeys.get(tenant.id, passkey.id)) == passkey.used(
            sign_count=7, backed_up=False, at=now
        )

    def test_nothing_of_a_refused_write_is_there_and_the_refused_change_is_named(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(passkey := world.passkey(user), spent := world.access_pass(user))
        world.write(SpendPass(tenant.id, spent.id, world.clock.now()))
        now = world.clock.now()
        refused: list[Change] = [
            PasskeyUsed(tenant.id, world.new_id(), 9, True, now),
            SpendPass(tenant.id, spent.id, now),
            Add(world.passkey(user, credential_id=passkey.credential_id)),
            Add(world.user(tenant, user.username)),
            Replace(world.user(tenant, "nobody")),
            BumpPolicyVersion(world.new_id()),
        ]

        for change in refused:
            attempt, session = world.attempt(tenant), world.session(user)
            unit = (Add(attempt), CloseSession(tenant.id, session.id, now), change, Add(world.event(tenant)))
            assert world.write(*unit) == Conflict(change)
            assert world.run(world.store.logs.attempt(tenant.id, attempt.id)) is None
        assert list(world.run(world.store.logs.audit(tenant.id, limit=9))) == []

    def test_a_refused_last_change_takes_the_first_ones_back(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(passkey := world.passkey(user), taken := world.session(user))
        attempt, last = world.attempt(tenant), Add(taken)

        used = PasskeyUsed(tenant.id, passkey.id, 7, True, world.clock.now())
        assert world.write(Add(attempt), used, last) == Conflict(last)

        assert world.run(world.store.logs.attempt(tenant.id, attempt.id)) is None
        assert world.run(world.store.passkeys.get(tenant.id, passkey.id)) == passkey

    def test_changes_see_those_before_them(self, world: World) -> None:
        tenant = Tenant(world.new_id(), "contoso", "Contoso", world.clock.now())
        ada, group = world.user(tenant, "ada"), world.group(tenant)
        new_ada, first = world.user(tenant, "ada"), world.access_pass(ada)
        passkey = world.passkey(ada)
        used = PasskeyUsed(tenant.id, passkey.id, 3, False, world.clock.now())

        assert (
            world.write(
                Add(tenant),
                Add(ada),
                Add(group),
                Join(tenant.id, group.id, ada.id),
                Add(first),
                Remove(tenant.id, TemporaryAccessPass, first.id),
                Add(second := world.access_pass(ada)),
                Add(passkey),
                used,
            )
            == Written()
        )

        assert world.run(world.store.passes.of_user(tenant.id, ada.id)) == second
        owner = world.run(world.store.passkeys.owner_of(tenant.id, passkey.credential_id))
        assert owner is not None
        assert (owner.passkey.sign_count, owner.groups) == (3, frozenset({group.id}))
        assert world.write(Remove(tenant.id, User, ada.id), Add(new_ada)) == Written()
        assert world.run(world.store.users.by_username(tenant.id, "ada")) == new_ada

    def test_writing_nothing_is_written(self, world: World) -> None:
        assert world.write() == Written()

    def test_the_store_says_that_it_works(self, world: World) -> None:
        world.run(world.store.ping())


class ConcurrencyTests:
    def test_of_many_answers_to_one_challenge_one_is_written(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(passkey := world.passkey(user))
        attempt = world.attempt(tenant)
        used = PasskeyUsed(tenant.id, passkey.id, 1, False, attempt.at)
        first, session = Add(attempt), world.session(user, id=attempt.id)

        outcomes = together(world, *[(first, used, Add(session))] * WRITERS)

        assert sorted(map(repr, outcomes)) == sorted(map(repr, [Written()] + [Conflict(first)] * (WRITERS - 1)))

    def test_of_many_redemptions_of_one_code_one_is_written(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        session, app = world.session(user), world.app(tenant)
        redeem = Add(world.grant(session, app))

        assert together(world, *[(redeem,)] * WRITERS).count(Written()) == 1

    def test_of_many_who_spend_one_pass_one_is_written(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(temporary := world.access_pass(user))
        spend = SpendPass(tenant.id, temporary.id, world.clock.now())

        outcomes = together(world, *[(Add(world.attempt(tenant)), spend) for _ in range(WRITERS)])

        assert outcomes.count(Written()) == 1
        assert outcomes.count(Conflict(spend)) == WRITERS - 1
        assert len(world.run(world.store.logs.attempts(tenant.id, limit=99))) == 1

    def test_a_refused_write_does_not_hurt_its_neighbours(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(passkey := world.passkey(user))
        good, spent = [world.attempt(tenant) for _ in range(WRITERS)], world.attempt(tenant)
        world.add(spent)
        used = PasskeyUsed(tenant.id, passkey.id, 1, False, spent.at)
        units: list[tuple[Change, ...]] = [(Add(a), used, Add(world.session(user, id=a.id))) for a in good]
        replay = (Add(spent), used, Add(world.session(user, id=spent.id)))
        gone = (Add(world.attempt(tenant)), replace(used, passkey_id=world.new_id()), Add(world.session(user)))

        outcomes = together(world, *units[:5], replay, *units[5:], gone)

        assert outcomes == [Written()] * 5 + [Conflict(replay[0])] + [Written()] * (WRITERS - 5) + [Conflict(gone[1])]
        log = world.run(world.store.logs.attempts(tenant.id, limit=99))
        assert sorted(a.id for a in log) == sorted(a.id for a in (*good, spent))

    @pytest.mark.parametrize("fault", [{"reason": "\ud800"}, {"at": "yesterday"}, {"id": "me"}])
    def test_a_caller_who_writes_nonsense_does_not_hurt_the_neighbours(
        self, world: World, fault: dict[str, Any]
    ) -> None:
        tenant = world.add_tenant()
        good, bad = [world.attempt(tenant) for _ in range(2)], world.attempt(tenant, **fault)

        outcomes = together(world, (Add(good[0]),), (Add(bad),), (Add(good[1]),))

        # Memory keeps anything; a database refuses what it cannot hold, loudly.
        assert isinstance(outcomes[1], Exception | Written)
        assert [outcomes[0], outcomes[2]] == [Written(), Written()]
        for attempt in good:
            assert world.run(world.store.logs.attempt(tenant.id, attempt.id)) == attempt

    @pytest.mark.parametrize("how", ["disabled", "demoted", "removed"])
    def test_of_two_administrators_who_close_each_others_accounts_one_is_left(self, world: World, how: str) -> None:
        admin = frozenset({Role.GLOBAL_ADMINISTRATOR, Role.GLOBAL_READER})
        tenants = [world.add_tenant(f"tenant-{n}") for n in range(WRITERS)]
        keep = [KeepsAnAdministrator(tenant.id) for tenant in tenants]
        users = [[world.add_user(tenant, name, roles=admin) for name in ("ada", "grace")] for tenant in tenants]
        gone: dict[str, Callable[[User], Change]] = {
            "disabled": lambda user: Replace(user.disabled(), user),
            "demoted": lambda user: Replace(replace(user, roles=frozenset({Role.GLOBAL_READER})), user),
            "removed": lambda user: Remove(user.tenant_id, User, user.id),
        }

        units = [(gone[how](user), kept) for pair, kept in zip(users, keep, strict=True) for user in pair]
        outcomes = together(world, *units)

        for n, tenant in enumerate(tenants):
            assert sorted(map(repr, outcomes[2 * n : 2 * n + 2])) == sorted(map(repr, [Written(), Conflict(keep[n])]))
            assert len(world.run(world.store.users.administrators(tenant.id))) == 1

    def test_an_administrator_of_another_tenant_is_none_of_this_one(self, world: World) -> None:
        world.add_user(world.add_tenant("fabrikam"), roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
        user = world.add_user(tenant := world.add_tenant(), roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
        keep = KeepsAnAdministrator(tenant.id)

        assert world.write(keep) == Written()
        assert world.write(Replace(user.disabled(), user), keep) == Conflict(keep)

        assert world.run(world.store.users.get(tenant.id, user.id)) == user

    def test_concurrent_changes_of_policy_are_all_counted(self, world: World) -> None:
        tenant = world.add_tenant()

        together(world, *[(BumpPolicyVersion(tenant.id),)] * WRITERS)

        found = world.run(world.store.tenants.by_name(tenant.id))
        assert found is not None
        assert found.policy_version == 1 + WRITERS
