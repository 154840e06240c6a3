"""Tenants, people and groups, and what the campaign remembers of people."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.app import App
from keystead_server.domain.ids import UserId
from keystead_server.domain.snoozes import Snoozes
from keystead_server.domain.user import Group, Role, User, fold
from keystead_server.ports.changes import (
    Add,
    BumpPolicyVersion,
    Conflict,
    Join,
    Leave,
    Remove,
    Replace,
    Snooze,
    TakeBackSnooze,
    Written,
)
from keystead_server.ports.store import NameOrder

from keystead_testkit.store_suite.world import World


class TenantTests:
    def test_a_tenant_is_found_by_its_name_and_by_its_id(self, world: World) -> None:
        tenant = world.add_tenant()

        assert world.run(world.store.tenants.by_name("contoso")) == tenant
        assert world.run(world.store.tenants.by_name(tenant.id)) == tenant
        assert world.run(world.store.tenants.by_name("fabrikam")) is None

    def test_tenants_come_oldest_first(self, world: World) -> None:
        tenants = [world.add_tenant(name) for name in ("zeta", "alpha", "mu")]

        assert list(world.run(world.store.tenants.all())) == tenants

    def test_two_tenants_cannot_have_one_name(self, world: World) -> None:
        tenant = world.add_tenant()

        again = Add(replace(tenant, id=world.new_id()))

        assert world.write(again) == Conflict(again)

    def test_a_changed_policy_raises_the_version(self, world: World) -> None:
        tenant = world.add_tenant()

        assert world.write(BumpPolicyVersion(tenant.id)) == Written()

        assert world.run(world.store.tenants.by_name("contoso")) == replace(tenant, policy_version=2)

    def test_the_policies_of_no_tenant_cannot_change(self, world: World) -> None:
        bump = BumpPolicyVersion(world.new_id())

        assert world.write(bump) == Conflict(bump)

    def test_replacing_a_tenant_never_takes_its_policy_version_back(self, world: World) -> None:
        tenant = world.add_tenant()
        world.write(BumpPolicyVersion(tenant.id))

        world.write(Replace(replace(tenant, display_name="Contoso Ltd")))

        expected = replace(tenant, display_name="Contoso Ltd", policy_version=2)
        assert world.run(world.store.tenants.by_name("contoso")) == expected


class UserTests:
    def test_every_field_of_a_user_comes_back(self, world: World) -> None:
        tenant = world.add_tenant()
        roles = frozenset({Role.GLOBAL_ADMINISTRATOR, Role.GLOBAL_READER})
        later = world.clock.now() + timedelta(days=1, microseconds=1)

        user = world.add_user(tenant, "Ada@Contoso", roles=roles, enabled=False, sessions_valid_from=later)

        assert world.run(world.store.users.get(tenant.id, user.id)) == user

    @pytest.mark.parametrize(
        "typed", ["ada@strasse.example", " ADA@STRASSE.EXAMPLE ", "Ada@Straße.example", "ａda@straße.example"]
    )
    def test_a_username_is_compared_folded(self, world: World, typed: str) -> None:
        user = world.add_user(world.add_tenant(), "Ada@Straße.Example")

        assert world.run(world.store.users.by_username(user.tenant_id, typed)) == user

    def test_two_usernames_that_fold_alike_cannot_both_be_in_a_tenant(self, world: World) -> None:
        tenant, other = world.add_tenant(), world.add_tenant("fabrikam")
        world.add_user(tenant, "straße")

        second = Add(world.user(tenant, "STRASSE"))

        assert world.write(second) == Conflict(second)
        assert world.write(Add(world.user(other, "straße"))) == Written()

    def test_a_user_needs_a_tenant(self, world: World) -> None:
        tenant = replace(world.add_tenant(), id=world.new_id())
        add = Add(world.user(tenant))

        assert world.write(add) == Conflict(add)

    def test_a_renamed_user_is_found_by_the_new_name_only(self, world: World) -> None:
        user = world.add_user(world.add_tenant(), "ada")
        renamed = replace(user, username="lovelace", display_name="Ada Lovelace", enabled=False)

        assert world.write(Replace(renamed)) == Written()

        assert world.run(world.store.users.by_username(user.tenant_id, "ada")) is None
        assert world.run(world.store.users.by_username(user.tenant_id, "lovelace")) == renamed
        world.add_user(world.run(world.store.tenants.all())[0], "ada")

    def test_a_user_cannot_take_anothers_name(self, world: World) -> None:
        tenant = world.add_tenant()
        ada, bob = world.add_user(tenant, "ada"), world.add_user(tenant, "bob")

        change = Replace(replace(bob, username="Ada"))

        assert world.write(change) == Conflict(change)
        assert world.run(world.store.users.by_username(tenant.id, "ada")) == ada
        assert world.run(world.store.users.by_username(tenant.id, "bob")) == bob

    def test_replacing_who_is_not_there_is_refused(self, world: World) -> None:
        tenant, other = world.add_tenant(), world.add_tenant("fabrikam")
        user = world.add_user(tenant)

        for absent in (replace(user, id=world.new_id()), replace(user, tenant_id=other.id)):
            change = Replace(absent)
            assert world.write(change) == Conflict(change)

    def test_what_somebody_changed_meanwhile_is_not_replaced_by_whoever_read_it_before(self, world: World) -> None:
        user = world.add_user(world.add_tenant(), "ada")
        closed = replace(user, enabled=False)
        assert world.write(Replace(closed, user)) == Written()
        late = Replace(replace(user, display_name="Countess"), user)

        assert world.write(late) == Conflict(late)
        assert world.run(world.store.users.get(user.tenant_id, user.id)) == closed
        assert world.write(Replace(replace(closed, display_name="Countess"), closed)) == Written()

    def test_users_are_paged_in_order_of_id(self, world: World) -> None:
        tenant = world.add_tenant()
        users = [world.add_user(tenant, name) for name in ("zoe", "ada", "mia", "bob", "eve")]

        first = world.run(world.store.users.page(tenant.id, limit=2))
        rest = world.run(world.store.users.page(tenant.id, limit=9, after=first[-1].id))

        assert [*first, *rest] == users
        assert len(first) == 2
        assert world.run(world.store.users.count(tenant.id)) == 5

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize(
        ("order", "expected"),
        [(NameOrder.USERNAME, ["ada", "Bob", "mia", "zoe"]), (NameOrder.DISPLAY_NAME, ["ada", "mia", "Bob", "zoe"])],
    )
    def test_users_are_paged_in_order_of_a_name_and_each_comes_once(
        self, world: World, order: NameOrder, expected: list[str], descending: bool
    ) -> None:
        tenant = world.add_tenant()
        world.add_user(world.add_tenant("other"), "abe")
        # Two are called the same, and stand in the order in which they came.
        for username, display_name in {"zoe": "Álvaro", "ada": "lovelace", "mia": "Lovelace", "Bob": "Marley"}.items():
            world.add_user(tenant, username, display_name=display_name)

        found: list[User] = []
        place: tuple[str, UserId] | None = None
        while page := world.run(
            world.store.users.by_name(tenant.id, order, limit=1, descending=descending, after=place)
        ):
            found += page
            name = page[-1].username if order is NameOrder.USERNAME else page[-1].display_name
            place = fold(name), page[-1].id

        assert [user.username for user in found] == (expected[::-1] if descending else expected)
        assert list(world.run(world.store.users.by_name(tenant.id, order, limit=9, descending=descending))) == found

    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ("LOVE", ["ada"]),
            ("o%", ["bob"]),
            ("_", ["eve_x"]),
            ("/", ["n/a"]),
            ("a", ["ada", "zoë", "n/a"]),
            ("ZOË", ["zoë"]),
        ],
    )
    def test_users_are_searched_by_part_of_either_name(self, world: World, typed: str, found: list[str]) -> None:
        tenant = world.add_tenant()
        names = {"ada": "Lovelace", "bob": "50%o% off", "eve_x": "Eve", "zoë": "Anna", "n/a": "None"}
        for username, display_name in names.items():
            world.add_user(tenant, username, display_name=display_name)

        page = world.run(world.store.users.page(tenant.id, limit=9, search=typed))

        assert [user.username for user in page] == found

    def test_administrators_are_the_enabled_users_with_that_role(self, world: World) -> None:
        tenant = world.add_tenant()
        administrator = frozenset({Role.GLOBAL_ADMINISTRATOR})
        ada = world.add_user(tenant, "ada", roles=administrator)
        world.add_user(tenant, "bob", roles=frozenset({Role.GLOBAL_READER}))
        world.add_user(tenant, "eve", roles=administrator, enabled=False)
        world.add_user(tenant, "mia")

        assert list(world.run(world.store.users.administrators(tenant.id))) == [ada]

    def test_role_holders_are_the_enabled_users_with_any_role(self, world: World) -> None:
        tenant = world.add_tenant()
        reader = frozenset({Role.GLOBAL_READER})
        bob = world.add_user(tenant, "bob", roles=reader)
        world.add_user(tenant, "eve", roles=reader, enabled=False)
        world.add_user(tenant, "mia")

        assert list(world.run(world.store.users.role_holders(tenant.id))) == [bob]


class SnoozeTests:
    def test_being_asked_is_counted_for_a_person_and_goes_with_them(self, world: World) -> None:
        ada = world.add_user(tenant := world.add_tenant(), "ada")
        bob = world.add_user(tenant, "bob")
        first, second = world.clock.now(), world.clock.now() + timedelta(days=1)

        def of(user: User) -> Snoozes:
            return world.run(world.store.users.snoozes(tenant.id, user.id))

        assert of(ada) == Snoozes()
        assert world.write(Snooze(tenant.id, ada.id, first)) == Written()
        assert of(ada) == Snoozes(1, first)
        world.write(Snooze(tenant.id, ada.id, second))
        assert (of(ada), of(bob)) == (Snoozes(2, second), Snoozes())

        world.write(Remove(tenant.id, User, ada.id))
        assert of(ada) == Snoozes()

    def test_an_asking_is_taken_back_but_never_under_none(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.write(Snooze(tenant.id, user.id, world.clock.now()))

        for _ in range(2):
            assert world.write(TakeBackSnooze(tenant.id, user.id)) == Written()

        assert world.run(world.store.users.snoozes(tenant.id, user.id)) == Snoozes()

    def test_nobody_who_is_not_there_is_counted(self, world: World) -> None:
        user = world.user(world.add_tenant())
        elsewhere = world.add_user(other := world.add_tenant("fabrikam"))

        gone = Snooze(user.tenant_id, user.id, world.clock.now())
        assert world.write(gone) == Conflict(gone)
        foreign = Snooze(user.tenant_id, elsewhere.id, world.clock.now())
        assert world.write(foreign) == Conflict(foreign)
        assert world.run(world.store.users.snoozes(other.id, elsewhere.id)) == Snoozes()


class GroupTests:
    def test_groups_and_members_come_in_order_of_name(self, world: World) -> None:
        tenant = world.add_tenant()
        groups = [world.group(tenant, name) for name in ("beta", "Alpha", "gamma")]
        users = [world.add_user(tenant, name) for name in ("zoe", "Ada")]
        world.add(*groups)
        joins = [Join(tenant.id, group.id, user.id) for group in groups[:2] for user in users]

        assert world.write(*joins) == Written()

        store, run = world.store, world.run
        assert [g.name for g in run(store.groups.all(tenant.id))] == ["Alpha", "beta", "gamma"]
        assert [g.name for g in run(store.users.groups_of(tenant.id, users[0].id))] == ["Alpha", "beta"]
        assert [u.username for u in run(store.groups.members(tenant.id, groups[0].id))] == ["Ada", "zoe"]
        assert run(store.groups.get(tenant.id, groups[0].id)) == groups[0]
        assert run(store.groups.by_name(tenant.id, "ALPHA")) == groups[1]

    def test_group_names_are_unique_folded(self, world: World) -> None:
        tenant = world.add_tenant()
        world.add(world.group(tenant, "Staff"))
        second = Add(world.group(tenant, "STAFF"))

        assert world.write(second) == Conflict(second)

    def test_joining_twice_and_leaving_twice_are_fine(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(group := world.group(tenant))
        join, leave = Join(tenant.id, group.id, user.id), Leave(tenant.id, group.id, user.id)

        assert world.write(join, join) == Written()
        assert world.write(join) == Written()
        assert world.write(leave) == Written()
        assert world.write(leave) == Written()
        assert list(world.run(world.store.users.groups_of(tenant.id, user.id))) == []

    def test_nobody_joins_another_tenants_group(self, world: World) -> None:
        tenant, other = world.add_tenant(), world.add_tenant("fabrikam")
        user, stranger = world.add_user(tenant), world.add_user(other)
        world.add(group := world.group(tenant))

        for join in (
            Join(tenant.id, group.id, stranger.id),
            Join(other.id, group.id, stranger.id),
            Join(other.id, group.id, user.id),
        ):
            assert world.write(join) == Conflict(join)

    def test_with_a_group_go_its_memberships_and_nothing_else(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        kept, gone = world.group(tenant, "Kept"), world.group(tenant, "Gone")
        world.add(kept, gone)
        world.write(Join(tenant.id, kept.id, user.id), Join(tenant.id, gone.id, user.id))

        assert world.write(Remove(tenant.id, Group, gone.id)) == Written()

        assert list(world.run(world.store.users.groups_of(tenant.id, user.id))) == [kept]
        assert world.run(world.store.users.get(tenant.id, user.id)) == user
        world.add(world.group(tenant, "gone"))

    @pytest.mark.parametrize("kind", [User, Group, App])
    def test_removing_what_is_not_there_is_refused(self, world: World, kind: type[User]) -> None:
        tenant, other = world.add_tenant(), world.add_tenant("fabrikam")
        there: Any = {User: world.user(tenant), Group: world.group(tenant), App: world.app(tenant)}[kind]
        world.add(there)

        elsewhere, remove = Remove(other.id, kind, there.id), Remove(tenant.id, kind, there.id)

        assert world.write(elsewhere) == Conflict(elsewhere)
        assert world.write(remove) == Written()
        assert world.write(remove) == Conflict(remove)
