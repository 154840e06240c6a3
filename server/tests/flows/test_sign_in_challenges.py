"""Challenges: whose they are, how long they last, and that each is answered once."""

import json
from datetime import timedelta

import pytest
from keystead_core.wire import b64url_decode, b64url_encode
from keystead_server.flows.register_passkey import Offered
from keystead_server.ports.sealer import SealBroken
from keystead_testkit.loop import run_together
from keystead_testkit.office import BROWSER, OTHER_BROWSER, Office, reason_of


def test_a_challenge_is_spent_even_by_a_wrong_answer(office: Office) -> None:
    options = office.begin()

    assert reason_of(office.finish(office.passkey.answer_to(options, spoil_signature=True))) == "signature_invalid"
    assert reason_of(office.finish(office.passkey.answer_to(options))) == "challenge_spent"

    assert office.log == ["signature_invalid", "challenge_spent"]


def test_a_challenge_is_spent_by_the_right_answer(office: Office) -> None:
    answer = office.passkey.answer_to(office.begin())

    assert reason_of(office.finish(answer)) == "granted"
    assert reason_of(office.finish(answer)) == "challenge_spent"
    assert office.log == ["granted", "challenge_spent"]


def test_the_row_of_a_second_answer_names_the_challenge_and_leaves_the_first_row_as_it_was(office: Office) -> None:
    options = office.begin()
    office.finish(office.passkey.answer_to(options))
    (first,) = office.rows

    office.finish(office.passkey.answer_to(options))

    again, second = office.rows
    assert again == first
    assert (second.challenge_id, second.user_id) == (first.id, office.ada.id)
    assert second.id != first.id


def test_a_challenge_lives_five_minutes(office: Office) -> None:
    in_time, too_late = office.begin(), office.begin()

    office.advance(minutes=4, seconds=59)
    assert reason_of(office.finish(office.passkey.answer_to(in_time))) == "granted"

    office.advance(seconds=1)
    assert reason_of(office.finish(office.passkey.answer_to(too_late))) == "challenge_expired"
    assert reason_of(office.finish(office.passkey.answer_to(too_late))) == "challenge_spent"


def test_the_browser_is_told_the_same_five_minutes(office: Office) -> None:
    assert office.begin()["timeout"] == timedelta(minutes=5) / timedelta(milliseconds=1)


def test_a_challenge_given_to_one_browser_is_worth_nothing_in_another(office: Office) -> None:
    answer = office.passkey.answer_to(office.begin(browser=BROWSER))

    assert reason_of(office.finish(answer, browser=OTHER_BROWSER)) == "challenge_not_ours"

    assert office.log == ["challenge_not_ours"]


def test_a_challenge_of_another_tenant_is_not_ours(office: Office) -> None:
    fabrikam, _ = office.found("fabrikam")

    answer = office.passkey.answer_to(office.begin(tenant=fabrikam))

    assert reason_of(office.finish(answer)) == "challenge_not_ours"


def test_a_challenge_made_for_registering_does_not_sign_anybody_in(office: Office) -> None:
    offer = office.begin_registration(office.session())
    assert isinstance(offer, Offered)

    answer = office.passkey.answer_to(offer.options)

    assert reason_of(office.finish(answer)) == "challenge_not_ours"


def test_the_two_kinds_of_challenge_are_sealed_for_two_purposes(office: Office) -> None:
    offer = office.begin_registration(office.session())
    assert isinstance(offer, Offered)

    # Before anything in them is compared, one does not even open as the other.
    with pytest.raises(SealBroken):
        office.sealer.open("challenge", b64url_decode(offer.options["challenge"]), bound_to=BROWSER)


def test_an_altered_challenge_is_not_ours(office: Office) -> None:
    challenge = bytearray(b64url_decode(office.begin()["challenge"]))
    challenge[20] ^= 1

    assert reason_of(office.finish(office.passkey.answer(bytes(challenge)))) == "challenge_not_ours"


@pytest.mark.parametrize("challenge", [b"", b"x", bytes(28), bytes(86)])
def test_a_challenge_that_we_never_made_is_not_ours(office: Office, challenge: bytes) -> None:
    assert reason_of(office.finish(office.passkey.answer(challenge))) in ("challenge_not_ours", "malformed_response")


def test_a_challenge_does_not_show_what_is_in_it(office: Office) -> None:
    challenge = b64url_decode(office.begin("ada@contoso.example")["challenge"])

    assert office.ada.id.replace("-", "") not in challenge.hex()


def test_a_challenge_survives_a_restart_of_the_server_and_is_still_spent_once(office: Office) -> None:
    options = office.begin()
    office.services = office.started()

    assert reason_of(office.finish(office.passkey.answer_to(options))) == "granted"

    office.services = office.started()
    assert reason_of(office.finish(office.passkey.answer_to(options))) == "challenge_spent"


def test_of_many_answers_to_one_challenge_at_once_exactly_one_is_granted(office_on_disk: Office) -> None:
    office = office_on_disk
    options = office.begin()
    answers = [office.passkey.answer_to(options) for _ in range(8)]
    finish, visitor = office.services.sign_in.finish, office.visitor()

    outcomes = run_together(*(finish(office.tenant, visitor, json.dumps(answer).encode()) for answer in answers))

    assert sorted(map(reason_of, outcomes)) == ["challenge_spent"] * 7 + ["granted"]
    assert len(office.rows) == 8


def test_answers_under_one_name_have_one_length_whoever_is_named(office: Office) -> None:
    lengths = {len(b64url_encode(b64url_decode(office.begin(name)["challenge"]))) for name in (None, "ada", "nobody")}

    assert len(lengths) == 1
