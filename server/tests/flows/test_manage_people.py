"""Looking after people, groups and their passkeys: what may not be done, and that all of it is audited."""

import pytest
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Role
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of

ADMINISTRATOR = frozenset({Role.GLOBAL_ADMINISTRATOR})


# -- people ----------------------------------------------------------------------------------------


def test_a_new_account_has_a_handle_of_its_own_and_no_way_in(office: Office) -> None:
    grace = office.add_person("grace@contoso.example")

    assert len(grace.handle) == 32
    assert grace.handle != office.ada.handle
    assert run(office.store.passkeys.of_user(office.tenant.id, grace.id)) == []
    assert run(office.store.passes.of_user(office.tenant.id, grace.id)) is None


@pytest.mark.parametrize(
    "taken", ["ada@contoso.example", "ADA@CONTOSO.EXAMPLE", " ada@contoso.example ", "ＡＤＡ@contoso.example"]
)
def test_a_name_is_taken_however_it_is_spelt(office: Office, taken: str) -> None:
    with pytest.raises(Invalid) as refused:
        office.add_person(taken)

    assert (refused.value.code, refused.value.target) == ("username_taken", "username")


@pytest.mark.parametrize("name", ["", " ", "a b", "a@b@c", "ada@", "a\0b", "a\nb", "x" * 114, "a\u200bb", "\u202eada"])
def test_a_name_that_cannot_be_one_is_refused(office: Office, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        office.add_person(name)

    assert refused.value.code == "username_invalid"


def test_the_same_name_may_be_had_in_another_tenant(office: Office) -> None:
    fabrikam, _ = office.found("fabrikam")

    assert office.add_person("ada@contoso.example", tenant=fabrikam).tenant_id == fabrikam.id


def test_a_renamed_person_keeps_their_passkey(office: Office) -> None:
    rename = office.services.manage_user.rename
    run(rename(office.ada, username="ada.lovelace@contoso.example", display_name="Ada Lovelace", by=OPERATOR))

    assert reason_of(office.sign_in()) == "granted"
    assert reason_of(office.sign_in(username="ada.lovelace@contoso.example")) == "granted"
    assert run(office.store.users.by_username(office.tenant.id, "ada@contoso.example")) is None


def test_nobody_is_renamed_to_somebody_else(office: Office) -> None:
    grace = office.add_person("grace@contoso.example")

    with pytest.raises(Invalid) as refused:
        run(office.services.manage_user.rename(grace, username="Ada@contoso.example", display_name="", by=OPERATOR))

    assert refused.value.code == "username_taken"
    assert office.now_of(grace).username == "grace@contoso.example"


def test_disabling_somebody_ends_their_sessions_for_good(office: Office) -> None:
    owner = office.session()
    office.advance(seconds=1)
    manage = office.services.manage_user

    disabled = run(manage.disable(office.ada, by=OPERATOR))
    run(manage.enable(disabled, by=OPERATOR))

    now = office.owner(owner.session)
    assert now.user.enabled
    assert not now.session.is_open(now.user, office.clock.now())


def test_removing_somebody_removes_their_passkeys_and_pass_and_keeps_the_log(office: Office) -> None:
    code = office.issue_pass().code
    office.sign_in()

    run(office.services.manage_user.remove(office.ada, by=OPERATOR))

    assert reason_of(office.sign_in()) == "passkey_unknown"
    assert reason_of(office.sign_in_with_pass(code)) == "user_unknown"
    assert office.log == ["granted", "passkey_unknown", "user_unknown"]


@pytest.mark.parametrize("act", ["disable", "remove", "set_roles"])
def test_the_last_administrator_is_kept(office: Office, act: str) -> None:
    manage, last = office.services.manage_user, office.administrator
    acts = {
        "disable": lambda: manage.disable(last, by=OPERATOR),
        "remove": lambda: manage.remove(last, by=OPERATOR),
        "set_roles": lambda: manage.set_roles(last, frozenset({Role.GLOBAL_READER}), by=OPERATOR),
    }

    with pytest.raises(Invalid) as refused:
        run(acts[act]())

    assert refused.value.code == "last_administrator"
    assert office.now_of(last) == last


def test_a_disabled_administrator_is_no_administrator_to_fall_back_on(office: Office) -> None:
    other = office.add_person("other@contoso.example", Role.GLOBAL_ADMINISTRATOR)
    manage = office.services.manage_user
    run(manage.disable(other, by=OPERATOR))

    with pytest.raises(Invalid) as refused:
        run(manage.disable(office.administrator, by=OPERATOR))

    assert refused.value.code == "last_administrator"


def test_an_administrator_beside_another_may_go(office: Office) -> None:
    office.add_person("other@contoso.example", Role.GLOBAL_ADMINISTRATOR)

    run(office.services.manage_user.remove(office.administrator, by=OPERATOR))

    assert [user.username for user in run(office.store.users.administrators(office.tenant.id))] == [
        "other@contoso.example"
    ]


def test_an_administrator_of_another_tenant_does_not_count(office: Office) -> None:
    office.found("fabrikam")

    with pytest.raises(Invalid):
        run(office.services.manage_user.remove(office.administrator, by=OPERATOR))


def test_every_change_is_audited_with_who_did_it(office: Office) -> None:
    manage, by = office.services.manage_user, Actor(office.administrator)
    grace = run(manage.create(office.tenant.id, username="grace@contoso.example", by=by))
    for act in (
        lambda user: manage.rename(user, username="grace", display_name="Grace", by=by),
        lambda user: manage.set_roles(user, ADMINISTRATOR, by=by),
        lambda user: manage.disable(user, by=by),
        lambda user: manage.enable(user, by=by),
    ):
        office.advance(milliseconds=1)
        grace = run(act(grace))
    office.advance(milliseconds=1)
    run(manage.remove(grace, by=by))

    events = run(office.store.logs.audit(office.tenant.id, limit=6))
    assert [event.name for event in sorted(events, key=lambda event: event.at)] == [
        "user.created", "user.renamed", "user.roles_changed", "user.disabled", "user.enabled", "user.removed",
    ]  # fmt: skip
    assert {(event.actor_id, event.target_id) for event in events} == {(office.administrator.id, grace.id)}


# -- tenants ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "Contoso", "a b", "-a", "a-", "a/b", "assets", "healthz", "x" * 64, "ü", "a."])
def test_a_tenants_name_stands_in_addresses_and_must_fit_there(office: Office, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        office.found(name)

    assert refused.value.code == "tenant_name_invalid"


def test_a_tenants_name_is_taken_once(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        office.found("contoso")

    assert refused.value.code == "tenant_name_taken"


# -- groups ----------------------------------------------------------------------------------------


def test_a_group_is_made_filled_emptied_and_removed_and_all_of_it_audited(office: Office) -> None:
    manage = office.services.manage_group
    staff = run(manage.create(office.tenant.id, name="Staff", by=OPERATOR))

    run(manage.add_member(staff, office.ada, by=OPERATOR))
    assert [user.id for user in run(office.store.groups.members(office.tenant.id, staff.id))] == [office.ada.id]
    run(manage.remove_member(staff, office.ada, by=OPERATOR))
    assert run(office.store.groups.members(office.tenant.id, staff.id)) == []
    run(manage.remove(staff, by=OPERATOR))

    assert run(office.store.groups.all(office.tenant.id)) == []
    assert set(office.audit) >= {"group.created", "group.member_added", "group.member_removed", "group.removed"}


def test_a_groups_name_is_taken_however_it_is_spelt(office: Office) -> None:
    manage = office.services.manage_group
    run(manage.create(office.tenant.id, name="Staff", by=OPERATOR))

    with pytest.raises(Invalid) as refused:
        run(manage.create(office.tenant.id, name=" STAFF ", by=OPERATOR))

    assert refused.value.code == "group_name_taken"
