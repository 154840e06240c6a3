"""What one signs in with goes: by its owner, by an administrator, and when a passkey takes its place."""

from dataclasses import replace

import pytest
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import PasskeyType
from keystead_server.domain.user import Role, User
from keystead_server.flows.manage_methods import Done
from keystead_server.flows.method_gate import NotDone
from keystead_server.flows.register_passkey import Registered
from keystead_server.policy.passkeys.model import FIRST_POLICY
from keystead_server.ports.store import Secrets
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of

from .own_methods import events_of, remove, secrets_of


@pytest.fixture
def office(office: Office) -> Office:
    office.allow_passwords()
    return office


@pytest.fixture
def grace(office: Office) -> User:
    """Has no passkey."""
    return office.add_person("grace@contoso.example")


def test_what_leaves_no_way_in_goes_only_after_a_word_of_confirmation(office: Office, grace: User) -> None:
    secret = office.with_password(grace)
    owner = office.session_by_password(office.totp(secret), username=grace.username)
    password, app = secrets_of(office, grace).all

    for each in (password, app):
        assert remove(office, owner, each.id) == "last_method"
    assert remove(office, owner, app.id, even_the_last=True) == "granted"
    # What is left leads nowhere by itself, so nothing more is lost with it.
    assert remove(office, owner, password.id) == "granted"
    assert secrets_of(office, grace) == Secrets()


def test_with_a_passkey_left_nothing_is_the_last(office: Office) -> None:
    office.with_password()
    owner = office.session()

    for secret in secrets_of(office, office.ada).all:
        assert remove(office, owner, secret.id) == "granted"
    assert [event.name for event in events_of(office, office.ada)[:2]] == ["totp.removed", "password.removed"]


def test_one_removes_only_what_is_ones_own(office: Office, grace: User) -> None:
    office.with_password(grace)

    for secret in secrets_of(office, grace).all:
        assert remove(office, office.session(), secret.id, even_the_last=True) == "method_not_found"


# -- administrators ------------------------------------------------------------------------------


def test_an_administrator_removes_what_somebody_signs_in_with_and_it_is_audited(office: Office) -> None:
    office.with_password()
    helper = office.add_person("helper@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR)
    remove_for = office.services.manage_methods.remove_for

    for secret in secrets_of(office, office.ada).all:
        assert isinstance(run(remove_for(office.tenant.id, office.ada.id, secret.id, by=Actor(helper))), Done)

    assert secrets_of(office, office.ada) == Secrets()
    assert [(e.name, e.actor_id) for e in events_of(office, office.ada)[:2]] == [
        ("totp.removed", helper.id), ("password.removed", helper.id),
    ]  # fmt: skip


def test_an_administrators_door_is_no_way_around_ones_own_nor_to_other_administrators(office: Office) -> None:
    helper = office.add_person("helper@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR)
    office.with_password(helper)
    office.with_password(office.administrator)
    own, theirs = secrets_of(office, helper).all[0], secrets_of(office, office.administrator).all[0]
    remove_for = office.services.manage_methods.remove_for

    for user, secret, code in (
        (helper, own, "own_method"),
        (office.administrator, theirs, "method_of_administrator"),
    ):
        with pytest.raises(Invalid) as refused:
            run(remove_for(office.tenant.id, user.id, secret.id, by=Actor(helper)))
        assert refused.value.code == code
    assert run(remove_for(office.tenant.id, office.ada.id, own.id, by=Actor(helper))) == NotDone("method_not_found")


# -- retired by a passkey ------------------------------------------------------------------------


def test_a_new_passkey_takes_the_place_of_what_is_weaker_where_the_policy_says_so(office: Office, grace: User) -> None:
    secret = office.with_password(grace)
    by_two = office.session_by_password(office.totp(secret), username=grace.username)
    office.with_recovery_codes(by_two)
    office.allow_passwords(retire_weaker_on_passkey=True)

    assert isinstance(office.register(owner=office.owner(by_two.session)), Registered)

    left = secrets_of(office, grace)
    assert (left.password, left.totp) == (None, ())
    # For the day the passkey is lost.
    assert left.recovery_codes is not None
    assert run(office.store.passes.of_user(office.tenant.id, grace.id)) is None
    names = [event.name for event in events_of(office, grace)]
    assert {"passkey.registered", "password.retired", "totp.retired", "pass.retired"} <= set(names)


def test_elsewhere_a_passkey_retires_nothing(office: Office, grace: User) -> None:
    secret = office.with_password(grace)
    by_two = office.session_by_password(office.totp(secret), username=grace.username)

    assert isinstance(office.register(owner=by_two), Registered)

    assert len(secrets_of(office, grace).all) == 2


def test_a_passkey_in_quarantine_is_no_reason_to_lock_the_password_out(office: Office) -> None:
    office.with_password()
    office.allow_passwords(retire_weaker_on_passkey=True)
    assert reason_of(office.type_password()) == "weaker_method_retired"

    (profile,) = FIRST_POLICY.profiles
    office.save_policy(
        replace(FIRST_POLICY, profiles=(replace(profile, passkey_types=frozenset({PasskeyType.SYNCED})),))
    )

    assert reason_of(office.type_password()) == "granted"


def test_with_an_account_goes_everything_it_signed_in_with(office: Office) -> None:
    office.with_password()
    office.type_password("wrong")

    run(office.services.manage_user.remove(office.ada, by=OPERATOR))

    assert secrets_of(office, office.ada) == Secrets()
