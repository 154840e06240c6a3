"""Class 12: no other door, header or success leads around a limit."""

import pytest
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of

WRONG = "BBBBBBBBBBBB"


def type_a_code(browser: object, path: str = "/contoso/sign-in/pass", **headers: str) -> int:
    return browser.post_form(path, {"user": "ada", "pass": WRONG}, **headers).status_code  # type: ignore[attr-defined, no-any-return]


def test_made_up_forwarded_addresses_do_not_make_somebody_many() -> None:
    office = Office(rate_limit_scale=1.0)
    browser = office.http()

    statuses = [
        type_a_code(
            browser, x_forwarded_for=f"198.51.100.{n}", forwarded=f"for=198.51.100.{n}", x_real_ip=f"10.0.0.{n}"
        )
        for n in range(12)
    ]

    assert statuses[-2:] == [429, 429]


def test_behind_a_proxy_each_client_is_counted_by_what_the_proxy_added() -> None:
    office = Office(rate_limit_scale=1.0, trusted_proxies=("10.0.0.0/8",))
    proxy = office.http(address="10.0.0.2")

    statuses = [type_a_code(proxy, x_forwarded_for=f"198.51.100.{n}, 203.0.113.9") for n in range(12)]

    assert statuses[-2:] == [429, 429]
    assert type_a_code(proxy, x_forwarded_for="203.0.113.10") != 429


@pytest.mark.parametrize("other", ["/fabrikam/sign-in/pass", "/contoso/sign-in/pass?continue=x", "/{id}/sign-in/pass"])
def test_the_same_limit_stands_at_every_spelling_of_the_door(other: str) -> None:
    office = Office(rate_limit_scale=1.0)
    office.found("fabrikam")
    browser = office.http()
    for _ in range(10):
        assert type_a_code(browser) != 429

    assert type_a_code(browser, other.format(id=office.tenant.id)) == 429


def test_a_success_clears_nothing() -> None:
    office = Office(rate_limit_scale=1.0)
    browser = office.http()
    code = office.issue_pass().code
    for _ in range(8):
        type_a_code(browser)

    assert browser.sign_in_with_pass("contoso", office.ada.username, code).status_code == 303
    assert [type_a_code(browser), type_a_code(browser)][1] == 429


def test_guesses_from_many_addresses_are_counted_together_for_the_person(office: Office) -> None:
    code = office.issue_pass().code
    for number in range(10):
        office.http(address=f"198.51.100.{number}").sign_in_with_pass("contoso", office.ada.username, WRONG)

    answer = office.http(address="203.0.113.9").sign_in_with_pass("contoso", office.ada.username, code)

    assert answer.status_code == 401
    assert office.log[-1] == "too_many_attempts"


@pytest.mark.parametrize("spelling", ["ADA@contoso.example", " ada@contoso.example", "ａda@contoso.example"])
def test_another_spelling_of_the_name_is_the_same_person(office: Office, spelling: str) -> None:
    code = office.issue_pass().code
    for _ in range(10):
        office.sign_in_with_pass(WRONG, username=spelling)

    assert reason_of(office.sign_in_with_pass(code)) == "too_many_attempts"


def test_signing_in_with_a_passkey_does_not_unlock_the_pass(office: Office) -> None:
    code = office.issue_pass().code
    for _ in range(10):
        office.sign_in_with_pass(WRONG)
    office.sign_in()

    assert reason_of(office.sign_in_with_pass(code)) == "too_many_attempts"


@pytest.mark.parametrize("other", ["/contoso/sign-in/password", "/contoso/sign-in/code"])
def test_passes_passwords_and_codes_share_one_limit_for_an_address(other: str) -> None:
    office = Office(rate_limit_scale=1.0)
    browser = office.http()
    for _ in range(10):
        assert type_a_code(browser) != 429

    assert type_a_code(browser, other) == 429


@pytest.mark.parametrize("spelling", ["ADA@contoso.example", " ada@contoso.example", "ａda@contoso.example"])
def test_another_spelling_of_the_name_is_the_same_persons_password(office: Office, spelling: str) -> None:
    office.allow_passwords()
    office.with_password()
    for _ in range(10):
        office.type_password("wrong", username=spelling)

    assert reason_of(office.type_password()) == "too_many_attempts"


def test_a_new_password_does_not_unlock_it(office: Office) -> None:
    office.allow_passwords()
    office.with_password()
    for _ in range(10):
        office.type_password("wrong")
    run(office.services.set_password(office.session(), "another good phrase"))

    assert reason_of(office.type_password("another good phrase")) == "too_many_attempts"
