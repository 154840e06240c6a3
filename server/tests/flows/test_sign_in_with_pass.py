"""Temporary Access Passes: issued by somebody else, good for a while, guessed by nobody."""

from datetime import timedelta

import pytest
from keystead_server.domain.access_pass import ALPHABET, readable_code
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method, Result
from keystead_server.domain.user import Role
from keystead_server.flows.pass_codes import pass_digest
from keystead_server.flows.sign_in_with_pass import SignedInWithPass
from keystead_testkit.loop import run, run_together
from keystead_testkit.office import Office, reason_of

WRONG = "BBBBBBBBBBBB"


def test_a_pass_signs_in_whoever_it_was_issued_to(office: Office) -> None:
    outcome = office.sign_in_with_pass(office.issue_pass().code)

    assert isinstance(outcome, SignedInWithPass)
    assert outcome.user.id == office.ada.id
    assert (outcome.session.methods, outcome.session.acr, outcome.session.amr) == (
        (Method.TEMPORARY_ACCESS_PASS,), "mfa", ("tap", "mfa"),
    )  # fmt: skip
    assert [(row.method, row.reason, row.user_id) for row in office.rows] == [
        (Method.TEMPORARY_ACCESS_PASS, "granted", office.ada.id)
    ]


def test_a_pass_may_be_typed_with_spaces_hyphens_and_small_letters(office: Office) -> None:
    code = office.issue_pass().code

    assert reason_of(office.sign_in_with_pass(f" {readable_code(code).lower()} ")) == "granted"
    assert reason_of(office.sign_in_with_pass(code, username="ADA@Contoso.example")) == "granted"


def test_a_session_ends_with_the_pass_it_came_from(office: Office) -> None:
    issued = office.issue_pass(lifetime=timedelta(minutes=10))

    outcome = office.sign_in_with_pass(issued.code)

    assert isinstance(outcome, SignedInWithPass)
    assert outcome.session.expires_at == issued.access_pass.expires_at
    office.advance(minutes=10)
    assert not office.owner(outcome.session).session.is_open(office.ada, office.clock.now())


def test_a_session_lasts_no_longer_than_any_other_under_a_pass_of_a_month(office: Office) -> None:
    outcome = office.sign_in_with_pass(office.issue_pass(lifetime=timedelta(days=30)).code)

    assert isinstance(outcome, SignedInWithPass)
    assert outcome.session.expires_at - outcome.session.signed_in_at == timedelta(hours=24)


# -- refusals --------------------------------------------------------------------------------------


def test_a_wrong_code_is_refused(office: Office) -> None:
    office.issue_pass()

    assert reason_of(office.sign_in_with_pass(WRONG)) == "pass_wrong"


@pytest.mark.parametrize("code", ["", " ", "-", "\0", "x" * 10_000])
def test_what_is_no_code_is_a_wrong_one(office: Office, code: str) -> None:
    office.issue_pass()

    assert reason_of(office.sign_in_with_pass(code)) == "pass_wrong"


def test_whoever_has_no_pass_or_no_account_is_refused(office: Office) -> None:
    grace = office.add_person("grace@contoso.example")

    assert reason_of(office.sign_in_with_pass(WRONG, username=grace.username)) == "no_pass"
    assert reason_of(office.sign_in_with_pass(WRONG, username="nobody@contoso.example")) == "user_unknown"
    assert reason_of(office.sign_in_with_pass(WRONG, username="")) in ("user_unknown", "pass_wrong")


def test_a_name_that_nobody_has_is_in_the_log_as_it_was_typed_and_cut(office: Office) -> None:
    office.sign_in_with_pass(WRONG, username="n" * 1000)

    (row,) = office.rows
    assert (row.username, row.user_id) == ("n" * 256, None)


def test_all_refusals_have_one_shape_and_one_row(office: Office) -> None:
    office.issue_pass()
    outcomes = [
        office.sign_in_with_pass(WRONG),
        office.sign_in_with_pass(WRONG, username="nobody@contoso.example"),
        office.sign_in_with_pass(WRONG, username=office.administrator.username),
    ]

    assert len({type(outcome) for outcome in outcomes}) == 1
    assert [row.result for row in office.rows] == [Result.REFUSED] * 3


def test_a_pass_is_not_yet_valid_before_its_start_and_expired_at_its_end(office: Office) -> None:
    issued = office.issue_pass(starts_at=office.clock.now() + timedelta(hours=1), lifetime=timedelta(hours=1))

    assert reason_of(office.sign_in_with_pass(issued.code)) == "pass_not_yet_valid"
    office.advance(hours=1)
    assert reason_of(office.sign_in_with_pass(issued.code)) == "granted"
    office.advance(hours=1)
    assert reason_of(office.sign_in_with_pass(issued.code)) == "pass_expired"


def test_a_one_time_pass_is_good_for_one_sign_in(office: Office) -> None:
    code = office.issue_pass(usable_once=True).code

    assert reason_of(office.sign_in_with_pass(code)) == "granted"
    assert reason_of(office.sign_in_with_pass(code)) == "pass_already_used"


def test_of_many_who_use_a_one_time_pass_at_once_exactly_one_is_let_in(office_on_disk: Office) -> None:
    office = office_on_disk
    code = office.issue_pass(usable_once=True).code
    flow = office.services.sign_in_with_pass

    outcomes = run_together(*(flow(office.tenant, office.visitor(), office.ada.username, code) for _ in range(8)))

    assert sorted(map(reason_of, outcomes)) == ["granted"] + ["pass_already_used"] * 7


def test_another_persons_pass_is_a_wrong_one(office: Office) -> None:
    grace = office.add_person("grace@contoso.example")
    office.issue_pass()
    code = office.issue_pass(grace).code

    assert reason_of(office.sign_in_with_pass(code)) == "pass_wrong"


def test_the_same_code_of_a_namesake_in_another_tenant_is_worth_nothing_here(office: Office) -> None:
    fabrikam, _ = office.found("fabrikam")
    namesake = office.add_person(office.ada.username, tenant=fabrikam)
    code = office.issue_pass(namesake).code

    assert reason_of(office.sign_in_with_pass(code)) == "pass_wrong"
    assert reason_of(office.sign_in_with_pass(code, tenant=fabrikam)) == "granted"


def test_a_new_pass_takes_the_place_of_the_old_one(office: Office) -> None:
    old, new = office.issue_pass().code, office.issue_pass().code

    assert reason_of(office.sign_in_with_pass(old)) == "pass_wrong"
    assert reason_of(office.sign_in_with_pass(new)) == "granted"


def test_a_disabled_user_is_told_so_only_in_the_log_and_only_with_the_right_code(office: Office) -> None:
    code = office.issue_pass().code
    run(office.services.manage_user.disable(office.ada, by=OPERATOR))

    office.sign_in_with_pass(WRONG)
    office.sign_in_with_pass(code)

    assert office.log == ["pass_wrong", "user_disabled"]


# -- guessing --------------------------------------------------------------------------------------


def test_ten_wrong_codes_lock_even_the_right_one_out_for_a_quarter_of_an_hour(office: Office) -> None:
    code = office.issue_pass(lifetime=timedelta(hours=2)).code
    for _ in range(10):
        assert reason_of(office.sign_in_with_pass(WRONG)) == "pass_wrong"

    assert reason_of(office.sign_in_with_pass(code)) == "too_many_attempts"

    office.advance(minutes=15, seconds=1)
    assert reason_of(office.sign_in_with_pass(code)) == "granted"


def test_nine_wrong_codes_do_not(office: Office) -> None:
    code = office.issue_pass().code
    for _ in range(9):
        office.sign_in_with_pass(WRONG)

    assert reason_of(office.sign_in_with_pass(code)) == "granted"


def test_neither_a_restart_nor_a_new_pass_nor_a_success_clears_the_count(office: Office) -> None:
    code = office.issue_pass().code
    for _ in range(9):
        office.sign_in_with_pass(WRONG)
    assert reason_of(office.sign_in_with_pass(code)) == "granted"
    office.sign_in_with_pass(WRONG)

    office.services = office.started()
    fresh = office.issue_pass().code

    assert reason_of(office.sign_in_with_pass(fresh)) == "too_many_attempts"


def test_a_lock_is_one_persons_and_leaves_their_passkey_and_everybody_else_alone(office: Office) -> None:
    code = office.issue_pass(office.administrator).code
    office.issue_pass()
    for _ in range(11):
        office.sign_in_with_pass(WRONG)

    assert reason_of(office.sign_in()) == "granted"
    assert reason_of(office.sign_in_with_pass(code, username=office.administrator.username)) == "granted"


# -- issuing ---------------------------------------------------------------------------------------


def test_a_code_has_the_length_asked_for_and_only_letters_that_cannot_be_confused(office: Office) -> None:
    codes = [office.issue_pass(length=length).code for length in (8, 12, 48)]

    assert [len(code) for code in codes] == [8, 12, 48]
    assert set("".join(codes)) <= set(ALPHABET)


def test_every_letter_is_about_equally_likely(office: Office) -> None:
    letters = "".join(office.issue_pass(length=48).code for _ in range(200))

    counts = [letters.count(letter) for letter in ALPHABET]
    assert min(counts) > 0.75 * len(letters) / len(ALPHABET)
    assert max(counts) < 1.25 * len(letters) / len(ALPHABET)


def test_what_is_kept_of_a_code_is_not_the_code(office: Office) -> None:
    issued = office.issue_pass()

    assert issued.code.encode() not in issued.access_pass.digest
    assert len(issued.access_pass.digest) == 32


def test_one_code_is_kept_differently_for_each_person(office: Office) -> None:
    # Otherwise whoever reads the database sees who was given the same code, and can move one to another row.
    assert pass_digest(office.sealer, "ada", "CODE") != pass_digest(office.sealer, "grace", "CODE")


@pytest.mark.parametrize("length", [0, 7, 49, -1])
def test_a_length_out_of_range_is_refused(office: Office, length: int) -> None:
    with pytest.raises(Invalid) as refused:
        office.issue_pass(length=length)

    assert (refused.value.code, refused.value.target) == ("length_out_of_range", "length")


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(minutes=9, seconds=59), timedelta(days=30, seconds=1)])
def test_a_lifetime_out_of_range_is_refused(office: Office, lifetime: timedelta) -> None:
    with pytest.raises(Invalid) as refused:
        office.issue_pass(lifetime=lifetime)

    assert (refused.value.code, refused.value.target) == ("lifetime_out_of_range", "lifetime")


def test_a_pass_cannot_start_in_the_past(office: Office) -> None:
    issued = office.issue_pass(starts_at=office.clock.now() - timedelta(days=1))

    assert issued.access_pass.starts_at == office.clock.now()


def test_nobody_issues_a_pass_for_themselves(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        office.issue_pass(office.administrator, by=Actor(office.administrator))

    assert refused.value.code == "pass_for_oneself"


def test_an_authentication_administrator_issues_passes_for_people_but_not_for_administrators(office: Office) -> None:
    helper = Actor(office.add_person("helper@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR))
    reader = office.add_person("reader@contoso.example", Role.GLOBAL_READER)

    assert office.issue_pass(office.ada, by=helper).access_pass.created_by == helper.id
    for user in (office.administrator, reader):
        with pytest.raises(Invalid) as refused:
            office.issue_pass(user, by=helper)
        assert refused.value.code == "pass_for_administrator"


def test_a_global_administrator_issues_passes_for_other_administrators(office: Office) -> None:
    other = office.add_person("other@contoso.example", Role.GLOBAL_ADMINISTRATOR)

    assert office.issue_pass(other, by=Actor(office.administrator)).code


def test_issuing_is_audited_without_the_code(office: Office) -> None:
    issued = office.issue_pass()

    event = run(office.store.logs.audit(office.tenant.id, limit=1))[0]
    assert (event.name, event.target_id) == ("pass.issued", office.ada.id)
    assert issued.code not in str(event)


def test_of_two_passes_issued_at_once_whichever_is_shown_is_good(office_on_disk: Office) -> None:
    office = office_on_disk

    async def issue() -> str:
        try:
            return (await office.services.issue_pass(office.ada, by=OPERATOR)).code
        except Invalid as invalid:
            return invalid.code

    codes = run_together(issue(), issue())

    shown = [code for code in codes if code != "pass_changed_meanwhile"]
    assert len(shown) == 1
    assert reason_of(office.sign_in_with_pass(shown[0])) == "granted"
