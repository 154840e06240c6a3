"""The registration campaign on the pages: asked after a sign-in by hand, once, twice, three times, then forced."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_server.policy.methods.model import Campaign

from . import test_security_info as security_info

SUGGESTED = "/example/account/passkeys/suggested"


@pytest.fixture
def grace(office: Any) -> Any:
    """Somebody who signs in with a security key that the browser does not keep, in a campaign."""
    person = office.person("grace@example.org")
    office.signed_in(person)
    office.change_methods(campaign=Campaign(enabled=True))
    return person


def sign_in(office: Any, browser: Any = None, *, query: str = "") -> str:
    """Where the sign-in leads to."""
    browser = browser or office.browser()
    browser.get("/example/sign-in")
    options = browser.post_json("/example/sign-in/options", {}).json()
    answer = office.passkeys["grace@example.org"].answer_to(options)
    answer["authenticatorAttachment"] = "cross-platform"
    done = browser.post_json(f"/example/sign-in/assertion{query}", answer)
    assert done.status_code == 200, done.text
    found: str = done.json()["redirect"]
    return found


def test_a_passkey_that_is_carried_along_is_no_passkey_of_this_device(office: Any, grace: Any) -> None:
    browser = office.browser()

    assert sign_in(office, browser) == SUGGESTED
    page = browser.get(SUGGESTED)
    assert "Add a passkey on this device" in page.text
    assert "Not now" in page.text
    assert "campaign.asked" in {e.name for e in office.audit()}


def test_not_now_lasts_a_day_on_every_device_and_is_offered_three_times(office: Any, grace: Any) -> None:
    for _ in range(3):
        browser = office.browser()
        assert sign_in(office, browser) == SUGGESTED
        assert "Not now" in browser.get(SUGGESTED).text
        assert sign_in(office) == "/example/account"
        office.clock.advance(timedelta(days=1))

    browser = office.browser()
    assert sign_in(office, browser) == SUGGESTED
    page = browser.get(SUGGESTED)
    assert "Not now" not in page.text
    assert "asks for it now" in page.text


def test_a_device_that_cannot_uses_up_no_not_now(office: Any, grace: Any) -> None:
    office.change_methods(campaign=Campaign(enabled=True, allowed_snoozes=1))
    for _ in range(3):
        browser = office.browser()
        assert sign_in(office, browser) == SUGGESTED
        on = browser.submit(SUGGESTED, f"{SUGGESTED}/failed", {})
        assert on.headers["location"] == "/example/account"

    assert "Not now" in (sign_in(office, browser), browser.get(SUGGESTED).text)[1]


def test_whoever_adds_one_here_is_not_asked_here_again_but_elsewhere(office: Any, grace: Any) -> None:
    browser = office.browser()
    sign_in(office, browser)

    options = browser.post_json("/example/account/passkeys/options", {}).json()
    added = browser.post_json("/example/account/passkeys", office.new_passkey().register_with(options))

    assert added.status_code == 201
    office.clock.advance(timedelta(days=2))
    assert sign_in(office, browser) == "/example/account"
    assert sign_in(office) == SUGGESTED


def test_a_passkey_of_this_device_is_known_by_its_use(office: Any, grace: Any) -> None:
    browser = office.browser()
    assert office.sign_in("grace@example.org", browser).json()["redirect"] == "/example/account"

    assert sign_in(office, browser) == "/example/account"


def test_the_cookie_of_a_device_is_of_no_use_in_another_browser(office: Any, grace: Any) -> None:
    browser, thief = office.browser(), office.browser()
    office.sign_in("grace@example.org", browser)
    name = "__Host-keystead-example-device"
    thief.cookies[name] = browser.cookies[name]

    assert sign_in(office, thief) == SUGGESTED


@pytest.mark.parametrize("value", ["", "x", "A" * 60, "!"])
def test_a_cookie_that_we_never_made_knows_nothing(office: Any, grace: Any, value: str) -> None:
    browser = office.browser()
    browser.cookies["__Host-keystead-example-device"] = value

    assert sign_in(office, browser) == SUGGESTED


def test_who_was_going_somewhere_goes_on_there(office: Any, grace: Any) -> None:
    app = office.register_app()
    sealed = office.sealed_continuation("client_id=x", app_id=app.id)
    browser = office.browser()

    assert sign_in(office, browser, query=f"?continue={sealed}") == f"{SUGGESTED}?continue={sealed}"
    page = browser.get(f"{SUGGESTED}?continue={sealed}")
    assert f'href="/example/oauth2/v2.0/resume?continue={sealed}"' in page.text


def test_whoever_has_a_session_already_is_never_asked(office: Any, grace: Any) -> None:
    """An app that sends prompt=none, or finds an open session, meets no sign-in and so no question."""
    browser = office.browser()
    office.sign_in("grace@example.org", browser)
    asked = [e.name for e in office.audit()].count("campaign.asked")

    browser.get("/example/oauth2/v2.0/authorize?client_id=x&prompt=none")
    browser.get("/example/account")

    assert [e.name for e in office.audit()].count("campaign.asked") == asked


def test_an_organisation_without_a_campaign_asks_nobody(office: Any, grace: Any) -> None:
    office.change_methods(campaign=Campaign())

    assert sign_in(office) == "/example/account"


def test_whom_the_passkey_policy_lets_add_none_is_not_asked(office: Any, grace: Any) -> None:
    office.change_policy(self_service=False)

    assert sign_in(office) == "/example/account"


def by_password(office: Any, person: Any, secret: bytes) -> str:
    _, answer = security_info.sign_in(office, person.username, security_info.totp(office, secret))
    assert answer.status_code == 303, answer.text
    found: str = answer.headers["location"]
    return found


def test_a_password_with_its_code_is_a_sign_in_like_another(office: Any) -> None:
    """Asked by the campaign; and held to registering where security defaults are on and there is no passkey."""
    office.allow_passwords()
    henry = office.person("henry@example.org")
    browser = office.signed_in(henry)
    security_info.set_password(browser)
    secret = security_info.set_up_totp(office, browser)
    office.say_it_is_on_a_telephone(henry)

    assert by_password(office, henry, secret) == "/example/account"
    office.change_methods(campaign=Campaign(enabled=True))
    office.clock.advance(timedelta(minutes=1))
    assert by_password(office, henry, secret) == SUGGESTED

    office.forget_passkeys(henry)
    office.change_methods(security_defaults=True)
    office.clock.advance(timedelta(minutes=1))
    assert by_password(office, henry, secret) == "/example/account/passkeys/new"


def test_an_administrator_reads_whom_it_would_ask_where_and_why(office: Any, grace: Any) -> None:
    ada = office.signed_in(office.ada)
    page = f"/example/admin/users/{grace.id}"

    before = ada.get(page).text
    sign_in(office)
    after = ada.get(page).text

    assert "asked, and may put it off" in before
    assert "On a device that keeps one of their passkeys: not asked, because a passkey of theirs works there." in before
    assert "not asked, because they were asked a short while ago" in after
    office.change_methods(campaign=Campaign(enabled=False))
    assert "Anywhere: not asked, because the campaign is switched off or not meant" in ada.get(page).text


def test_asking_what_it_would_do_counts_nothing(office: Any, grace: Any) -> None:
    ada = office.signed_in(office.ada)

    for _ in range(5):
        ada.get(f"/example/admin/users/{grace.id}")

    assert "campaign.asked" not in {event.name for event in office.audit()}
