"""A passkey made without a gesture: for whom, under which challenge, and what it is good for afterwards."""

from typing import Any

import pytest
from keystead_core.wire import b64url_decode
from keystead_server.domain.sign_in import Result
from keystead_server.domain.user import User
from keystead_server.flows.register_passkey import NotOffered, Offer, Offered, Registered
from keystead_server.ports.store import SessionOwner
from keystead_testkit.loop import run
from keystead_testkit.office import OTHER_BROWSER, Office, reason_of
from keystead_testkit.soft_passkey import Json

NO_GESTURE = {"user_present": False, "user_verified": False}


@pytest.fixture
def grace(office: Office) -> User:
    return office.add_person("grace@contoso.example")


@pytest.fixture
def owner(office: Office, grace: User) -> SessionOwner:
    """Grace, who has just signed in with a pass and has no passkey."""
    return office.session_by_pass(grace)


def begin(office: Office, owner: SessionOwner, *, conditional: bool = True) -> Offer:
    flow = office.services.register_passkey
    return run(flow.begin(office.tenant, office.visitor(), owner, conditional=conditional))


def options(office: Office, owner: SessionOwner, *, conditional: bool = True) -> Json:
    offer = begin(office, owner, conditional=conditional)
    assert isinstance(offer, Offered), offer
    return dict(offer.options)


def test_a_first_passkey_may_come_without_a_gesture(office: Office, owner: SessionOwner) -> None:
    asked = options(office, owner)

    outcome = office.finish_registration(office.new_passkey().register_with(asked, **NO_GESTURE), owner)

    assert isinstance(outcome, Registered)
    assert asked["authenticatorSelection"]["userVerification"] == "preferred"


def test_signing_in_with_it_asks_for_the_gesture(office: Office, owner: SessionOwner) -> None:
    passkey = office.new_passkey()
    office.finish_registration(passkey.register_with(options(office, owner), **NO_GESTURE), owner)

    assert reason_of(office.sign_in(passkey, user_verified=False)) == "user_verification_missing"
    assert reason_of(office.sign_in(passkey, user_present=False)) == "user_presence_missing"
    assert reason_of(office.sign_in(passkey)) == "granted"


@pytest.mark.parametrize(
    ("lie", "reason"),
    [({"user_present": False}, "user_presence_missing"), ({"user_verified": False}, "user_verification_missing")],
)
def test_an_ordinary_challenge_asks_for_both(
    office: Office, owner: SessionOwner, lie: dict[str, Any], reason: str
) -> None:
    asked = options(office, owner, conditional=False)

    outcome = office.finish_registration(office.new_passkey().register_with(asked, **lie), owner)

    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert reason_of(outcome) == reason


def test_who_has_a_passkey_makes_the_gesture(office: Office) -> None:
    assert begin(office, office.session_by_pass(office.ada)) == NotOffered("conditional_not_offered")
    assert begin(office, office.session()) == NotOffered("conditional_not_offered")


def test_a_challenge_laid_in_beforehand_makes_no_second_one(office: Office, owner: SessionOwner) -> None:
    laid_in = office.new_passkey().register_with(options(office, owner), **NO_GESTURE)
    office.register(owner=owner)

    assert reason_of(office.finish_registration(laid_in, owner)) == "conditional_not_offered"
    assert len(run(office.store.passkeys.of_user(office.tenant.id, owner.user.id))) == 1


def test_all_other_checks_stay(office: Office, owner: SessionOwner) -> None:
    passkey = office.new_passkey()
    answers = {
        "origin_not_allowed": passkey.register_with(options(office, owner), origin="https://evil.test", **NO_GESTURE),
        "rp_id_mismatch": passkey.register_with(options(office, owner), rp_id="evil.test", **NO_GESTURE),
        "ceremony_type_wrong": passkey.register_with(options(office, owner), type="webauthn.get", **NO_GESTURE),
    }

    assert {reason: reason_of(office.finish_registration(answer, owner)) for reason, answer in answers.items()} == {
        reason: reason for reason in answers
    }


def test_it_is_bound_to_browser_and_person_as_any(office: Office, owner: SessionOwner) -> None:
    answer = office.new_passkey().register_with(options(office, owner), **NO_GESTURE)
    hopper = office.session_by_pass(office.add_person("hopper@contoso.example"))

    assert reason_of(office.finish_registration(answer, owner, browser=OTHER_BROWSER)) == "challenge_not_ours"
    assert reason_of(office.finish_registration(answer, hopper)) == "challenge_not_ours"
    assert isinstance(office.finish_registration(answer, owner), Registered)
    assert reason_of(office.finish_registration(answer, owner)) == "challenge_spent"


def test_ten_minutes_after_signing_in_with_a_pass_it_is_over(office: Office, owner: SessionOwner) -> None:
    office.advance(minutes=10, seconds=1)

    assert begin(office, owner) == NotOffered("sign_in_not_fresh")


# -- when the browser makes none ---------------------------------------------------------------------


def abandon(office: Office, owner: SessionOwner, asked: Json, error: str, **how: Any) -> str | None:
    office.advance(seconds=1)
    flow, challenge = office.services.abandon_registration, b64url_decode(asked["challenge"])
    return run(flow(office.tenant, office.visitor(**how), owner, challenge, error))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("InvalidStateError", "passkey_on_this_device"),
        ("NotAllowedError", "browser_not_allowed"),
        ("NotSupportedError", "browser_not_supported"),
        ("ConstraintError", "browser_cannot_verify"),
        ("SecurityError", "browser_address_refused"),
        ("AbortError", "browser_aborted"),
        ("UnknownError", "browser_error"),
    ],
)
def test_what_the_browser_said_is_a_row_and_spends_the_challenge(
    office: Office, owner: SessionOwner, error: str, code: str
) -> None:
    asked = options(office, owner, conditional=False)

    assert abandon(office, owner, asked, error) == code

    row = office.rows[-1]
    assert (row.reason, row.result, row.user_id) == (code, Result.REFUSED, owner.user.id)
    answer = office.new_passkey().register_with(asked)
    assert reason_of(office.finish_registration(answer, owner)) == "challenge_spent"


@pytest.mark.parametrize("error", ["\x1b[31mgranted\n{}", "InvalidStateError\n", "x" * 100_000, ""])
def test_nothing_that_a_page_sends_gets_into_the_log(office: Office, owner: SessionOwner, error: str) -> None:
    """Attack class 8: the name of an error is looked up, never written."""
    assert abandon(office, owner, options(office, owner), error) == "browser_error"

    row = office.rows[-1]
    assert (row.reason, row.detail) == ("browser_error", "")


def test_a_challenge_that_is_not_theirs_leaves_no_row(office: Office, owner: SessionOwner) -> None:
    asked = options(office, owner)
    before = len(office.rows)

    assert abandon(office, owner, asked, "AbortError", browser=OTHER_BROWSER) is None
    assert abandon(office, office.session(), asked, "AbortError") is None
    assert abandon(office, owner, {"challenge": "AAAA"}, "AbortError") is None
    assert len(office.rows) == before + 1  # ada's sign-in


def test_giving_up_after_the_answer_changes_nothing(office: Office, owner: SessionOwner) -> None:
    asked = options(office, owner)
    office.finish_registration(office.new_passkey().register_with(asked), owner)

    abandon(office, owner, asked, "AbortError")

    assert office.log[-1] == "granted"
