"""One's own passkeys and sessions, and those that an administrator looks after."""

from dataclasses import replace

import pytest
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.ids import PasskeyId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import PasskeyType
from keystead_server.domain.user import Role, User
from keystead_server.flows.manage_passkey import Done, NotDone
from keystead_server.flows.register_passkey import Registered
from keystead_server.policy.passkeys.model import FIRST_POLICY
from keystead_server.ports.store import SessionOwner
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of

ADMINISTRATOR = frozenset({Role.GLOBAL_ADMINISTRATOR})


def passkey_of(office: Office, user: User) -> PasskeyId:
    return run(office.store.passkeys.of_user(user.tenant_id, user.id))[0].id


@pytest.fixture
def owner(office: Office) -> SessionOwner:
    return office.session()


def test_a_person_renames_and_removes_their_own_passkey(office: Office, owner: SessionOwner) -> None:
    manage, passkey = office.services.manage_passkey, passkey_of(office, office.ada)

    renamed = run(manage.rename(owner, passkey, "Work laptop"))
    assert isinstance(renamed, Done)
    assert renamed.passkey.name == "Work laptop"

    assert isinstance(run(manage.remove_own(owner, passkey, even_the_last=True)), Done)
    assert reason_of(office.sign_in()) == "passkey_unknown"


def test_nobody_touches_somebody_elses_passkey(office: Office, owner: SessionOwner) -> None:
    grace = office.add_person("grace@contoso.example")
    office.with_passkey(grace)
    manage, theirs = office.services.manage_passkey, passkey_of(office, grace)

    assert run(manage.rename(owner, theirs, "Mine")) == NotDone("passkey_not_found")
    assert run(manage.remove_own(owner, theirs, even_the_last=True)) == NotDone("passkey_not_found")


def test_the_last_passkey_goes_only_knowingly(office: Office, owner: SessionOwner) -> None:
    manage, passkey = office.services.manage_passkey, passkey_of(office, office.ada)

    assert run(manage.remove_own(owner, passkey)) == NotDone("last_passkey")

    assert isinstance(office.register(owner=owner), Registered)
    assert isinstance(run(manage.remove_own(owner, passkey)), Done)


def test_the_last_that_can_sign_in_goes_only_knowingly_whatever_stands_beside_it(
    office: Office, owner: SessionOwner
) -> None:
    manage, passkey = office.services.manage_passkey, passkey_of(office, office.ada)
    synced = office.register(office.new_passkey(backup_eligible=True), owner=owner)
    assert isinstance(synced, Registered)
    (profile,) = FIRST_POLICY.profiles
    device_bound = replace(profile, passkey_types=frozenset({PasskeyType.DEVICE_BOUND}))
    office.save_policy(replace(FIRST_POLICY, profiles=(device_bound,)))
    owner = office.session()

    assert run(manage.remove_own(owner, passkey)) == NotDone("last_passkey")
    # In quarantine: nothing that works is lost with it.
    assert isinstance(run(manage.remove_own(owner, synced.passkey.id)), Done)


def test_removing_asks_for_a_fresh_sign_in(office: Office, owner: SessionOwner) -> None:
    office.advance(minutes=5, seconds=1)

    outcome = run(office.services.manage_passkey.remove_own(owner, passkey_of(office, office.ada), even_the_last=True))

    assert outcome == NotDone("sign_in_not_fresh")


def test_a_pass_however_fresh_does_not_remove_a_passkey(office: Office) -> None:
    owner = office.session_by_pass(office.ada)

    outcome = run(office.services.manage_passkey.remove_own(owner, passkey_of(office, office.ada), even_the_last=True))

    assert outcome == NotDone("stronger_method_needed")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 257])
def test_a_passkeys_name_must_be_one(office: Office, owner: SessionOwner, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        run(office.services.manage_passkey.rename(owner, passkey_of(office, office.ada), name))

    assert (refused.value.code, refused.value.target) == ("display_name_invalid", "name")


def test_an_administrator_removes_a_passkey_of_their_own_tenant_only(office: Office) -> None:
    fabrikam, _ = office.found("fabrikam")
    manage, passkey = office.services.manage_passkey, passkey_of(office, office.ada)

    assert run(manage.remove_for(fabrikam.id, passkey, by=OPERATOR)) == NotDone("passkey_not_found")
    assert isinstance(run(manage.remove_for(office.tenant.id, passkey, by=OPERATOR)), Done)


def test_an_administrator_removes_their_own_passkey_by_no_easier_door(office: Office) -> None:
    office.with_passkey(office.administrator)
    manage, own = office.services.manage_passkey, passkey_of(office, office.administrator)

    with pytest.raises(Invalid) as refused:
        run(manage.remove_for(office.tenant.id, own, by=Actor(office.administrator)))

    assert refused.value.code == "own_passkey"


@pytest.mark.parametrize("role", [Role.GLOBAL_ADMINISTRATOR, Role.GLOBAL_READER])
def test_an_authentication_administrator_locks_no_administrator_out(office: Office, role: Role) -> None:
    helper = Actor(office.add_person("helper@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR))
    victim = office.add_person("victim@contoso.example", role)
    office.with_passkey(victim)
    manage = office.services.manage_passkey

    with pytest.raises(Invalid) as refused:
        run(manage.remove_for(office.tenant.id, passkey_of(office, victim), by=helper))

    assert refused.value.code == "passkey_of_administrator"
    assert isinstance(run(manage.remove_for(office.tenant.id, passkey_of(office, office.ada), by=helper)), Done)


def test_signing_out_everywhere_ends_all_of_ones_sessions_and_nobody_elses(office: Office) -> None:
    grace = office.session_by_pass(office.add_person("grace@contoso.example"))
    first, second = office.session(), office.session()
    office.advance(seconds=1)

    run(office.services.sign_out.everywhere(second))

    now = office.clock.now()
    owners = [office.owner(owner.session) for owner in (first, second, grace)]
    assert [owner.session.is_open(owner.user, now) for owner in owners] == [False, False, True]


def test_signing_out_here_ends_one_session(office: Office) -> None:
    first, second = office.session(), office.session()

    run(office.services.sign_out.here(second))

    now = office.clock.now()
    owners = [office.owner(owner.session) for owner in (first, second)]
    assert [owner.session.is_open(owner.user, now) for owner in owners] == [True, False]
