"""Setting up, changing and removing what one signs in with: only freshly, only strongly enough, never unseen."""

from base64 import b32decode
from typing import Any

import pytest
from keystead_server.domain.ids import TotpId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.recovery_codes import HOW_MANY
from keystead_server.domain.sign_in import Method
from keystead_server.domain.totp import MAX_TOTP
from keystead_server.domain.user import User
from keystead_server.flows.manage_methods import Done
from keystead_server.flows.method_gate import NotDone
from keystead_server.flows.set_password import PasswordSet
from keystead_server.flows.set_up_totp import TotpKept, TotpOffered
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration
from keystead_server.ports.store import Secrets, SessionOwner
from keystead_testkit.loop import run, run_together
from keystead_testkit.office import PASSWORD, Office, reason_of

from .own_methods import events_of, remove, secrets_of

ANOTHER = "another good phrase"


@pytest.fixture
def office(office: Office) -> Office:
    office.allow_passwords()
    return office


@pytest.fixture
def grace(office: Office) -> User:
    """Has no passkey."""
    return office.add_person("grace@contoso.example")


def try_everything(office: Office, owner: SessionOwner) -> list[str]:
    """What happens when *owner* tries to set up each."""
    services = office.services
    return [
        # Another one each time: what somebody has already is refused.
        reason_of(run(services.set_password(owner, f"{ANOTHER} {office.clock.now()}"))),
        reason_of(run(services.set_up_totp.begin(owner, organisation="Contoso"))),
        reason_of(run(services.make_recovery_codes(owner))),
    ]


# -- who may -------------------------------------------------------------------------------------


def test_a_new_account_has_no_password_and_nothing_else(office: Office, grace: User) -> None:
    assert secrets_of(office, grace) == Secrets()


def test_everything_asks_for_a_sign_in_of_the_last_five_minutes(office: Office) -> None:
    owner = office.session()
    office.with_password()
    codes = office.with_recovery_codes(owner)
    assert codes
    office.advance(minutes=5, seconds=1)

    assert try_everything(office, owner) == ["sign_in_not_fresh"] * 3
    for secret in secrets_of(office, office.ada).all:
        assert remove(office, owner, secret.id) == "sign_in_not_fresh"
    assert len(secrets_of(office, office.ada).all) == 3


def test_a_pass_sets_up_the_first_way_in_and_nothing_beside_it(office: Office, grace: User) -> None:
    owner = office.session_by_pass(grace)
    assert isinstance(run(office.services.set_password(owner, PASSWORD)), PasswordSet)
    office.with_totp(owner)

    # From here on they have a way in without the pass.
    assert try_everything(office, owner) == ["stronger_method_needed"] * 3
    for secret in secrets_of(office, grace).all:
        assert remove(office, owner, secret.id) == "stronger_method_needed"


def test_a_stolen_pass_puts_nothing_beside_a_passkey(office: Office) -> None:
    assert try_everything(office, office.session_by_pass(office.ada)) == ["stronger_method_needed"] * 3
    assert secrets_of(office, office.ada) == Secrets()


def test_what_was_watched_being_typed_does_not_change_itself_where_there_is_a_passkey(office: Office) -> None:
    secret = office.with_password()
    codes = office.with_recovery_codes(office.session())
    by_app = office.session_by_password(office.totp(secret))
    password, app, kept = secrets_of(office, office.ada).all

    assert reason_of(run(office.services.set_password(by_app, ANOTHER))) == "another_method_needed"
    assert remove(office, by_app, password.id) == "another_method_needed"
    assert remove(office, by_app, app.id) == "another_method_needed"
    by_code = office.session_by_password(codes[0])
    assert reason_of(run(office.services.make_recovery_codes(by_code))) == "another_method_needed"
    assert remove(office, by_code, kept.id) == "another_method_needed"

    by_passkey = office.session()
    assert reason_of(run(office.services.set_password(by_passkey, ANOTHER))) == "granted"
    assert remove(office, by_passkey, app.id) == "granted"


def test_without_a_passkey_two_factors_change_themselves(office: Office, grace: User) -> None:
    secret = office.with_password(grace)
    owner = office.session_by_password(office.totp(secret), username=grace.username)

    assert reason_of(run(office.services.set_password(owner, ANOTHER))) == "granted"


@pytest.mark.parametrize("with_code", [False, True])
def test_neither_two_factors_nor_a_recovery_code_remove_a_passkey(office: Office, with_code: bool) -> None:
    secret = office.with_password()
    codes = office.with_recovery_codes(office.session())
    owner = office.session_by_password(codes[0] if with_code else office.totp(secret))
    (passkey,) = run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))

    outcome = run(office.services.manage_passkey.remove_own(owner, passkey.id, even_the_last=True))

    assert reason_of(outcome) == "stronger_method_needed"


@pytest.mark.parametrize("method", [Method.PASSWORD, Method.SOFTWARE_OATH, Method.RECOVERY_CODE])
def test_what_the_policy_does_not_mean_for_somebody_is_not_set_up(office: Office, method: Method) -> None:
    off = MethodConfiguration(method, enabled=False)
    not_alone = MethodConfiguration(method, self_service=False)
    on = FIRST_METHODS.having(MethodConfiguration(Method.PASSWORD))
    at = [Method.PASSWORD, Method.SOFTWARE_OATH, Method.RECOVERY_CODE].index(method)

    office.allow_passwords(configurations=on.having(off).configurations)
    assert try_everything(office, office.session())[at] == "method_disabled"
    office.allow_passwords(configurations=on.having(not_alone).configurations)
    assert try_everything(office, office.session())[at] == "self_service_off"


def test_nothing_weaker_is_set_up_beside_a_passkey_where_it_would_be_retired(office: Office) -> None:
    office.allow_passwords(retire_weaker_on_passkey=True)

    assert try_everything(office, office.session()) == ["weaker_method_retired", "weaker_method_retired", "granted"]


# -- password ------------------------------------------------------------------------------------


def test_setting_and_changing_a_password_is_audited_without_it(office: Office) -> None:
    for password in (PASSWORD, ANOTHER):
        run(office.services.set_password(office.session(), password))

    events = events_of(office, office.ada)
    assert [event.name for event in events[:2]] == ["password.changed", "password.set"]
    assert all(event.actor_id == office.ada.id for event in events[:2])
    assert PASSWORD not in str(events)


def test_a_password_that_cannot_be_one_is_refused(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        run(office.services.set_password(office.session(), "password"))

    assert refused.value.code == "password_too_common"


def test_of_two_passwords_set_at_once_one_is_kept_and_the_other_said_to_be_not(office_on_disk: Office) -> None:
    office = office_on_disk
    office.allow_passwords()
    owner = office.session()

    async def one(password: str) -> str:
        try:
            return reason_of(await office.services.set_password(owner, password))
        except Invalid as invalid:
            return invalid.code

    assert sorted(run_together(one(PASSWORD), one(ANOTHER))) == ["granted", "method_changed_meanwhile"]


# -- authenticator app ---------------------------------------------------------------------------


def begin(office: Office, owner: SessionOwner) -> TotpOffered:
    offer = run(office.services.set_up_totp.begin(owner, organisation="Contoso"))
    assert isinstance(offer, TotpOffered)
    return offer


def finish(office: Office, owner: SessionOwner, offer: TotpOffered, code: str, name: str = "") -> Any:
    return run(office.services.set_up_totp.finish(owner, offer.sealed, code, name))


def test_an_app_is_kept_once_it_has_shown_a_right_code_and_its_secret_is_sealed(office: Office) -> None:
    owner = office.session()
    secret = office.with_totp(owner, "Phone")

    (app,) = secrets_of(office, office.ada).totp
    assert (app.name, app.registered_by) == ("Phone", office.ada.id)
    assert secret not in app.sealed_secret
    assert events_of(office, office.ada)[0].name == "totp.registered"


def test_a_wrong_code_keeps_nothing(office: Office) -> None:
    owner = office.session()

    with pytest.raises(Invalid) as refused:
        finish(office, owner, begin(office, owner), "000000")

    assert (refused.value.code, refused.value.target) == ("totp_wrong", "code")
    assert secrets_of(office, office.ada).totp == ()


def test_a_set_up_belongs_to_one_session_and_ten_minutes_and_is_done_once(office: Office, grace: User) -> None:
    owner, again, other = office.session(), office.session(), office.session_by_pass(grace)
    offer = begin(office, owner)
    secret = office.with_totp(owner)

    for foreign in (again, other):
        assert finish(office, foreign, offer, "000000") == NotDone("set_up_expired")
    assert office.services.set_up_totp.again(owner, offer.sealed, organisation="Contoso") is not None
    office.advance(minutes=10)
    assert finish(office, owner, offer, office.totp(secret)) == NotDone("set_up_expired")
    assert office.services.set_up_totp.again(owner, offer.sealed, organisation="Contoso") is None


def test_a_page_sent_twice_keeps_one_app(office: Office) -> None:
    owner = office.session()
    offer = begin(office, owner)
    code = office.totp(b32decode(offer.text.replace(" ", "")))
    assert isinstance(finish(office, owner, offer, code), TotpKept)

    assert finish(office, owner, offer, code) == NotDone("set_up_expired")
    assert len(secrets_of(office, office.ada).totp) == 1


def test_an_account_has_no_more_than_five_apps(office: Office) -> None:
    for _ in range(MAX_TOTP):
        office.with_totp(office.session())

    assert (
        reason_of(run(office.services.set_up_totp.begin(office.session(), organisation="Contoso"))) == "too_many_totp"
    )


def test_an_app_is_renamed_by_its_owner_alone(office: Office, grace: User) -> None:
    office.with_totp(office.session())
    (app,) = secrets_of(office, office.ada).totp
    rename = office.services.manage_methods.rename_totp

    assert reason_of(run(rename(office.session_by_pass(grace), app.id, "Mine"))) == "method_not_found"
    assert isinstance(run(rename(office.session(), app.id, "Old phone")), Done)
    assert secrets_of(office, office.ada).totp[0].name == "Old phone"
    assert run(rename(office.session(), TotpId("none"), "x")) == NotDone("method_not_found")


# -- recovery codes ------------------------------------------------------------------------------


def test_ten_codes_are_made_and_kept_as_digests_and_new_ones_take_their_place(office: Office) -> None:
    secret = office.with_password()
    old = office.with_recovery_codes(office.session())
    kept = secrets_of(office, office.ada).recovery_codes
    assert kept is not None
    assert len(set(old)) == kept.left == HOW_MANY
    assert not any(code.encode() in digest for code in old for digest in kept.digests)

    new = office.with_recovery_codes(office.session())

    assert reason_of(office.type_code(office.type_password(), old[0])) == "recovery_code_wrong"
    assert reason_of(office.type_code(office.type_password(), new[0])) == "granted"
    assert [event.name for event in events_of(office, office.ada)].count("recovery_codes.made") == 2
    assert secret
