"""The two pages of a sign-in with a password and what follows it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration, Preference, SystemPreferred

from .security_info import ACCOUNT, PASSWORD, set_password, set_up_totp, sign_in, totp


@pytest.fixture
def office(office: Any) -> Any:
    office.allow_passwords()
    return office


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def test_the_sign_in_page_offers_what_the_organisation_lets_anybody_use(office: Any) -> None:
    def offered() -> list[str]:
        return re.findall(r'href="/example/sign-in/(\w+)"', office.browser().get("/example/sign-in").text)

    assert offered() == ["password", "pass"]
    office.allow_passwords(configurations=FIRST_METHODS.configurations)
    assert offered() == ["pass"]
    # Nobody is led to a page that could only refuse them.
    assert office.browser().get("/example/sign-in/password").headers["location"] == "/example/sign-in"
    off = MethodConfiguration(Method.TEMPORARY_ACCESS_PASS, enabled=False)
    office.allow_passwords(configurations=FIRST_METHODS.having(off).configurations)
    assert offered() == []


def test_who_goes_on_to_an_app_gets_there_by_both_pages(office: Any) -> None:
    app = office.register_app()
    page = office.browser().get(f"/example/sign-in/password?continue={office.sealed_continuation('/x', app_id=app.id)}")

    assert "To go on to" in page.text
    assert "https://wiki.example.org" in page.headers["content-security-policy"]


def test_a_wrong_code_is_said_and_may_be_typed_again(office: Any, ada: Any) -> None:
    set_password(ada)
    secret = set_up_totp(office, ada)

    browser, wrong = sign_in(office, "ada@example.org", "000000")
    assert (wrong.status_code, "That code is not right" in wrong.text) == (401, True)
    assert office.attempts()[0].id in wrong.text
    partial = re.search(r'name="partial" value="([^"]+)"', wrong.text)[1]  # type: ignore[index]
    right = browser.post_form(
        "/example/sign-in/code", {"partial": partial, "code": totp(office, secret)}, token=office.form_token(wrong)
    )

    assert right.headers["location"] == ACCOUNT
    assert "How you sign in" in browser.get(ACCOUNT).text


def test_half_a_sign_in_carried_to_another_browser_starts_again(office: Any, ada: Any) -> None:
    set_password(ada)
    secret = set_up_totp(office, ada)
    page = "/example/sign-in/password"
    half = office.browser().submit(page, page, {"user": "ada@example.org", "password": PASSWORD})
    partial = re.search(r'name="partial" value="([^"]+)"', half.text)[1]  # type: ignore[index]
    thief = office.browser()

    answer = thief.submit(page, "/example/sign-in/code", {"partial": partial, "code": totp(office, secret)})

    assert answer.status_code == 401
    assert "Start again with your password" in answer.text
    assert not any("keystead-example" in name for name in thief.cookies)


def test_with_the_right_password_one_is_told_what_the_policy_says(office: Any, ada: Any) -> None:
    set_password(ada)
    set_up_totp(office, ada)
    office.allow_passwords(retire_weaker_on_passkey=True)
    page = "/example/sign-in/password"

    answers = {
        typed: office.browser().submit(page, page, {"user": "ada@example.org", "password": typed}).text
        for typed in (PASSWORD, "wrong")
    }

    assert "lets nothing weaker stand beside one" in answers[PASSWORD]
    assert "don&#39;t go together" in answers["wrong"]


def after_the_password(office: Any) -> Any:
    page, browser = "/example/sign-in/password", office.browser()
    return browser, browser.submit(page, page, {"user": "ada@example.org", "password": PASSWORD})


def test_after_a_password_the_best_of_what_somebody_has_comes_first(office: Any, ada: Any) -> None:
    set_password(ada)
    set_up_totp(office, ada)

    browser, half = after_the_password(office)

    assert "<h1>Use your passkey</h1>" in half.text
    assert '<a class="button main wide" href="/example/sign-in">' in half.text
    assert "Or type a code" in half.text
    partial = re.search(r'name="partial" value="([^"]+)"', half.text)[1]  # type: ignore[index]
    wrong = {"partial": partial, "code": "000000", "methods": ["passkey", "softwareOath"]}
    again = browser.post_form("/example/sign-in/code", list(_pairs(wrong)), token=office.form_token(half))
    # Whoever types a code has chosen.
    assert "<h1>Type a code</h1>" in again.text
    assert "Use your passkey instead" in again.text


def test_where_nothing_is_system_preferred_the_passkey_is_the_other_choice(office: Any, ada: Any) -> None:
    set_password(ada)
    set_up_totp(office, ada)
    office.allow_passwords(preferred=SystemPreferred(Preference.DISABLED))

    _, half = after_the_password(office)

    assert "<h1>Type a code</h1>" in half.text
    assert '<a href="/example/sign-in">Use your passkey instead</a>' in half.text


def _pairs(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        yield from ((name, each) for each in ([value] if isinstance(value, str) else value))
