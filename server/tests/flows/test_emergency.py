"""Emergency accounts: every use is told of, and one that would not help is found out before it is needed."""

from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.letter import Occasion
from keystead_server.domain.user import Role, User
from keystead_server.jobs.check_emergency_accounts import CheckEmergencyAccounts
from keystead_server.mail.words import words
from keystead_testkit.access_policies import policy_body, under_policies
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of

WITH_MAIL = {"smtp_url": "smtp://127.0.0.1:25", "mail_from": "id@example.org"}


@pytest.fixture
def office() -> Office:
    return Office(**WITH_MAIL)


def named(office: Office, *accounts: User) -> None:
    under_policies(
        office, policy_body("Nobody", "block", state="disabled"), break_glass=frozenset(one.id for one in accounts)
    )


def troubles(office: Office) -> list[tuple[str, str]]:
    report = run(office.services.check_emergency.report(office.tenant.id))
    return [(name, trouble.code.removeprefix("emergency_account_")) for name, trouble in report.troubles]


def two_ready(office: Office) -> tuple[User, User]:
    accounts = tuple(office.add_person(f"glass-{n}@contoso.example", Role.GLOBAL_ADMINISTRATOR) for n in (1, 2))
    named(office, *accounts)
    for account in accounts:
        passkey = office.with_passkey(account)
        assert reason_of(office.sign_in(passkey)) == "granted"
    return accounts[0], accounts[1]


def test_who_administers_is_told_of_every_use_and_nobody_of_other_sign_ins(office: Office) -> None:
    office.with_mail(office.administrator, "boss@example.org")
    office.sign_in()
    assert not [letter for letter, _ in office.letters if letter.occasion is Occasion.EMERGENCY_USED]

    named(office, office.ada)
    office.sign_in()
    office.sign_in_with_pass(office.issue_pass().code)

    used = [(letter, told) for letter, told in office.letters if letter.occasion is Occasion.EMERGENCY_USED]
    assert [letter.address for letter, _ in used] == ["boss@example.org"] * 2
    assert office.audit.count("break_glass.used") == 2
    said = words(*used[0], office.tenant, "https://id.example.org")
    assert "emergency account ada@contoso.example" in said.text


def test_a_refused_sign_in_of_one_is_no_use_of_it(office: Office) -> None:
    named(office, office.ada)

    office.sign_in(spoil_signature=True)

    assert "break_glass.used" not in office.audit


def test_two_that_work_are_no_trouble(office: Office) -> None:
    two_ready(office)

    assert troubles(office) == []


def test_whatever_would_keep_one_from_helping_is_found(office: Office) -> None:
    one, other = two_ready(office)
    run(office.services.manage_user.disable(one, by=OPERATOR))
    bare = office.add_person("bare@contoso.example")
    named(office, one, other, bare)

    assert set(troubles(office)) == {
        (one.username, "disabled"),
        (bare.username, "not_administrator"),
        (bare.username, "without_method"),
        (bare.username, "not_tried"),
    }


def test_one_that_was_removed_and_one_alone_are_found(office: Office) -> None:
    one = office.add_person("glass@contoso.example", Role.GLOBAL_ADMINISTRATOR)
    named(office, one)
    run(office.services.manage_user.remove(one, by=OPERATOR))

    assert troubles(office) == [(one.id, "missing"), ("", "emergency_accounts_too_few")]


def test_a_sign_in_counts_as_a_trial_for_ninety_days(office: Office) -> None:
    one, other = two_ready(office)
    office.advance(days=91)

    assert troubles(office) == [(one.username, "not_tried"), (other.username, "not_tried")]


def test_they_are_checked_monthly_and_what_is_wrong_is_told(office: Office) -> None:
    office.with_mail(office.administrator, "boss@example.org")
    two_ready(office)
    job = CheckEmergencyAccounts(office.store, office.services.check_emergency)
    assert (run(job()), run(job())) == (1, 0)
    assert not [1 for letter, _ in office.letters if letter.occasion is Occasion.EMERGENCY_UNREADY]

    office.advance(days=91)

    assert (run(job()), run(job())) == (1, 0)
    assert office.audit.count("break_glass.checked") == 2
    (letter, told), *_ = [each for each in office.letters if each[0].occasion is Occasion.EMERGENCY_UNREADY]
    assert letter.address == "boss@example.org"
    assert (
        "nobody has tried the emergency account glass-1@contoso.example"
        in words(letter, told, office.tenant, "https://id.example.org").text
    )


def test_without_policies_and_accounts_nothing_is_checked(office: Office) -> None:
    assert run(CheckEmergencyAccounts(office.store, office.services.check_emergency)()) == 0
    assert troubles(office) == []


def test_the_first_page_of_administration_says_what_is_wrong(office: Office) -> None:
    passkey = office.with_passkey(office.administrator)
    named(office, office.add_person("glass@contoso.example"))
    browser = office.http()
    browser.sign_in("contoso", passkey)

    page = browser.get("/contoso/admin").text

    assert "the emergency account glass@contoso.example has nothing that it could sign in with" in page


@pytest.mark.parametrize(
    "conditions", [{}, {"users": {"includeUsers": ["All"], "includeRoles": ["62e90394-69f5-4237-9190-012177145e10"]}}]
)
def test_no_policy_is_for_one_whoever_it_names(office: Office, conditions: dict[str, Any]) -> None:
    under_policies(office, policy_body("Nobody", "block", **conditions), break_glass=frozenset({office.ada.id}))

    assert reason_of(office.sign_in()) == "granted"
