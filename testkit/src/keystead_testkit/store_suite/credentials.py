"""What people sign in with: passkeys and Temporary Access Passes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.user import User
from keystead_server.ports.changes import (
    Add,
    BumpPolicyVersion,
    Conflict,
    Join,
    PasskeyUsed,
    Remove,
    Replace,
    SpendPass,
    Written,
)
from keystead_server.ports.store import PasskeyOwner

from keystead_testkit.store_suite.world import World


class PasskeyTests:
    def test_a_credential_id_finds_the_passkey_its_owner_their_groups_and_the_policy_version(
        self, world: World
    ) -> None:
        user = world.add_user(tenant := world.add_tenant())
        groups = [world.group(tenant, name) for name in ("Staff", "Admins", "Others")]
        world.add(passkey := world.passkey(user), *groups)
        world.write(Join(tenant.id, groups[0].id, user.id), Join(tenant.id, groups[1].id, user.id))
        world.write(BumpPolicyVersion(tenant.id))

        owner = world.run(world.store.passkeys.owner_of(tenant.id, passkey.credential_id))

        assert owner == PasskeyOwner(passkey, user, frozenset({groups[0].id, groups[1].id}), 2)
        assert world.run(world.store.passkeys.owner_of(tenant.id, b"nobody's")) is None

    def test_the_owner_of_a_passkey_may_be_in_no_group(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        longest = world.passkey(user, credential_id=b"\xfe" * 1023, transports=(), last_used_at=world.clock.now())
        world.add(longest)

        owner = world.run(world.store.passkeys.owner_of(tenant.id, b"\xfe" * 1023))

        assert owner == PasskeyOwner(longest, user, frozenset(), 1)

    def test_a_credential_id_is_registered_once_in_a_tenant(self, world: World) -> None:
        ada = world.add_user(tenant := world.add_tenant(), "ada")
        bob = world.add_user(tenant, "bob")
        elsewhere = world.add_user(world.add_tenant("fabrikam"))
        world.add(world.passkey(ada, credential_id=b"same"))

        stolen = Add(world.passkey(bob, credential_id=b"same"))

        assert world.write(stolen) == Conflict(stolen)
        assert world.write(Add(world.passkey(elsewhere, credential_id=b"same"))) == Written()

    def test_a_passkey_belongs_to_somebody_of_its_tenant(self, world: World) -> None:
        user = world.add_user(world.add_tenant())
        other = world.add_tenant("fabrikam")

        for nobody in (replace(user, id=world.new_id()), replace(user, tenant_id=other.id)):
            add = Add(world.passkey(nobody))
            assert world.write(add) == Conflict(add)

    def test_use_is_recorded_on_the_passkey(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(passkey := world.passkey(user), bystander := world.passkey(user))
        at = world.clock.advance(timedelta(minutes=1))

        use = PasskeyUsed(tenant.id, passkey.id, 2**32 - 1, True, at, "192.0.2.9", "A browser\0 of its own")
        assert world.write(use) == Written()

        used = passkey.used(
            sign_count=2**32 - 1, backed_up=True, at=at, address="192.0.2.9", agent="A browser\ufffd of its own"
        )
        assert world.run(world.store.passkeys.get(tenant.id, passkey.id)) == used
        assert world.run(world.store.passkeys.get(tenant.id, bystander.id)) == bystander

    def test_those_registered_on_behalf_are_counted_apart(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(world.passkey(user), world.passkey(user, registered_by=world.new_id()))

        assert world.run(world.store.passkeys.count_on_behalf(tenant.id)) == 1
        assert world.run(world.store.passkeys.count_on_behalf(world.new_id())) == 0

    def test_a_passkey_and_a_pass_come_back_whole(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant(), mail="ada@contoso.example")
        now = world.clock.now()
        passkey = world.passkey(
            user, acknowledged_at=now, last_used_at=now, last_used_address="::1", last_used_agent=""
        )
        world.add(passkey, access_pass := world.access_pass(user, delivered_to="ada@contoso.example"))

        assert world.run(world.store.passkeys.get(tenant.id, passkey.id)) == passkey
        assert world.run(world.store.passes.of_user(tenant.id, user.id)) == access_pass
        assert world.run(world.store.users.get(tenant.id, user.id)) == user

    def test_a_removed_passkey_cannot_be_used(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        other = world.add_tenant("fabrikam")
        world.add(passkey := world.passkey(user))
        used, remove = (
            PasskeyUsed(tenant.id, passkey.id, 1, False, world.clock.now()),
            Remove(tenant.id, Passkey, passkey.id),
        )
        elsewhere = replace(used, tenant_id=other.id)

        assert world.write(elsewhere) == Conflict(elsewhere)
        assert world.write(remove) == Written()
        assert world.write(used) == Conflict(used)
        assert world.write(remove) == Conflict(remove)

    def test_a_persons_passkeys_come_oldest_first(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        made = [world.passkey(user) for _ in range(3)]
        world.add(*reversed(made), world.passkey(world.add_user(tenant, "bob")))

        assert list(world.run(world.store.passkeys.of_user(tenant.id, user.id))) == made
        assert world.run(world.store.passkeys.count(tenant.id)) == 4

    def test_the_passkeys_of_a_tenant_come_page_by_page_with_their_owners_and_groups(self, world: World) -> None:
        ada = world.add_user(tenant := world.add_tenant(), "ada")
        bob = world.add_user(tenant, "bob", enabled=False)
        world.add(staff := world.group(tenant))
        world.write(Join(tenant.id, staff.id, bob.id), BumpPolicyVersion(tenant.id))
        world.add(*(made := [world.passkey(user) for user in (bob, ada, bob)]))
        page = world.store.passkeys.page

        first = world.run(page(tenant.id, limit=2))
        second = world.run(page(tenant.id, limit=2, after=first[-1].passkey.id))

        in_staff = frozenset({staff.id})
        assert list(first) == [PasskeyOwner(made[0], bob, in_staff, 2), PasskeyOwner(made[1], ada, frozenset(), 2)]
        assert list(second) == [PasskeyOwner(made[2], bob, in_staff, 2)]
        assert list(world.run(page(tenant.id, limit=2, after=made[2].id))) == []

    def test_a_passkey_can_be_renamed(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(passkey := world.passkey(user))

        assert world.write(Replace(passkey.renamed("Old laptop"))) == Written()

        assert world.run(world.store.passkeys.get(tenant.id, passkey.id)) == passkey.renamed("Old laptop")

    def test_a_passkey_used_since_it_was_read_is_not_replaced(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(passkey := world.passkey(user))
        # Never used, its last use is NULL: that must count as the same too.
        assert world.write(Replace(passkey.renamed("First"), passkey)) == Written()
        read = passkey.renamed("First")
        world.write(PasskeyUsed(tenant.id, passkey.id, 9, False, world.clock.now()))
        late = Replace(read.renamed("Second"), read)

        assert world.write(late) == Conflict(late)
        kept = world.run(world.store.passkeys.get(tenant.id, passkey.id))
        assert kept is not None
        assert (kept.name, kept.sign_count) == ("First", 9)


class PassTests:
    def test_a_person_has_one_pass_which_a_new_one_replaces_in_one_write(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        old, new = world.access_pass(user), world.access_pass(user, usable_once=False, created_by=user.id)
        world.add(old)
        add, remove = Add(new), Remove(tenant.id, TemporaryAccessPass, old.id)

        assert world.write(add) == Conflict(add)
        assert world.write(remove, add) == Written()

        assert world.run(world.store.passes.of_user(tenant.id, user.id)) == new
        assert world.write(remove) == Conflict(remove)

    def test_a_pass_is_spent_once(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(temporary := world.access_pass(user))
        spend = SpendPass(tenant.id, temporary.id, world.clock.now())

        assert world.write(spend) == Written()
        assert world.write(spend) == Conflict(spend)

        assert world.run(world.store.passes.of_user(tenant.id, user.id)) == temporary.spent(at=spend.at)

    def test_a_replaced_pass_cannot_be_spent(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        other = world.add_tenant("fabrikam")
        old, new = world.access_pass(user), world.access_pass(user)
        world.add(old)
        world.write(Remove(tenant.id, TemporaryAccessPass, old.id), Add(new))

        for spend in (SpendPass(tenant.id, old.id, old.starts_at), SpendPass(other.id, new.id, new.starts_at)):
            assert world.write(spend) == Conflict(spend)
        assert world.run(world.store.passes.of_user(tenant.id, user.id)) == new

    def test_a_pass_is_for_somebody(self, world: World) -> None:
        user = replace(world.add_user(world.add_tenant()), id=world.new_id())
        add = Add(world.access_pass(user))

        assert world.write(add) == Conflict(add)

    @pytest.mark.parametrize("rejoin", [False, True])
    def test_with_a_person_go_their_passkeys_pass_and_memberships(self, world: World, rejoin: bool) -> None:
        ada = world.add_user(tenant := world.add_tenant(), "ada")
        bob = world.add_user(tenant, "bob")
        world.add(passkey := world.passkey(ada), world.access_pass(ada), group := world.group(tenant))
        world.add(kept := world.passkey(bob), kept_pass := world.access_pass(bob))
        world.write(*[Join(tenant.id, group.id, user.id) for user in (ada, bob)])

        assert world.write(Remove(tenant.id, User, ada.id)) == Written()

        if rejoin:
            world.add(ada, replace(passkey, id=world.new_id()), world.access_pass(ada))
        else:
            assert world.run(world.store.users.by_username(tenant.id, "ada")) is None
            assert world.run(world.store.passkeys.owner_of(tenant.id, passkey.credential_id)) is None
            assert world.run(world.store.passes.of_user(tenant.id, ada.id)) is None
        assert list(world.run(world.store.groups.members(tenant.id, group.id))) == [bob]
        assert world.run(world.store.passkeys.get(tenant.id, kept.id)) == kept
        assert world.run(world.store.passes.of_user(tenant.id, bob.id)) == kept_pass
