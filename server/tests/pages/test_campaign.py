"""The registration campaign on the pages: asked after a sign-in by hand, once, twice, three times, then forced."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from keystead_server.flows.registration_checks import MAX_PASSKEYS
from keystead_server.policy.methods.model import Campaign
from keystead_server.policy.people import Principal, PrincipalType

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


def test_whoever_has_a_session_and_may_put_it_off_is_not_asked(office: Any, grace: Any) -> None:
    """An app that sends prompt=none, or finds an open session, meets no sign-in and so no question."""
    browser = office.browser()
    office.sign_in("grace@example.org", browser)
    asked = [e.name for e in office.audit()].count("campaign.asked")

    browser.get("/example/oauth2/v2.0/authorize?client_id=x&prompt=none")
    browser.get("/example/account")

    assert [e.name for e in office.audit()].count("campaign.asked") == asked


# -- an app that finds an open session ---------------------------------------------------------------


def ask_as_app(app: Any, browser: Any, **more: str) -> str:
    """Where an app's authorization request leads to."""
    answer = browser.get(f"/example/oauth2/v2.0/authorize?{urlencode(authorization_request(app, **more))}")
    assert answer.status_code == 303, answer.text
    found: str = answer.headers["location"]
    return found


def authorization_request(app: Any, **more: str) -> dict[str, str]:
    return {
        "client_id": app.id, "redirect_uri": app.redirect_uris[0], "response_type": "code", "scope": "openid",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256", **more,
    }  # fmt: skip


@pytest.fixture
def waiting(office: Any, grace: Any) -> Any:
    """Grace's browser, signed in while "not now" was offered for the last time, and that day is over."""
    office.change_methods(campaign=Campaign(enabled=True, allowed_snoozes=1))
    browser = office.browser()
    assert sign_in(office, browser) == SUGGESTED
    office.clock.advance(timedelta(hours=25))
    return browser


@pytest.fixture
def short_day(office: Any, grace: Any) -> Any:
    """The same within five minutes of the sign-in, so that a passkey can be added at once."""
    office.change_methods(campaign=Campaign(enabled=True, allowed_snoozes=0))
    browser = office.browser()
    assert sign_in(office, browser) == SUGGESTED
    return browser


def test_no_app_gets_a_code_past_the_question_once_not_now_is_used_up(office: Any, short_day: Any) -> None:
    app = office.register_app()

    to_question = ask_as_app(app, short_day)

    assert to_question.startswith(f"{SUGGESTED}?continue=")
    assert "Not now" not in short_day.get(to_question).text
    assert ask_as_app(app, short_day).startswith(f"{SUGGESTED}?continue=")


def test_an_app_that_asks_nobody_is_told_that_somebody_must_be_asked(office: Any, short_day: Any) -> None:
    told = parse_qs(urlsplit(ask_as_app(office.register_app(), short_day, prompt="none")).query)

    assert told["error"] == ["interaction_required"]


def test_the_last_not_now_holds_for_apps_too(office: Any, grace: Any) -> None:
    office.change_methods(campaign=Campaign(enabled=True, allowed_snoozes=1))
    browser = office.browser()
    assert sign_in(office, browser) == SUGGESTED

    assert "code=" in ask_as_app(office.register_app(), browser)


def test_a_not_now_without_length_holds_until_the_next_sign_in(office: Any, grace: Any) -> None:
    office.change_methods(campaign=Campaign(enabled=True, allowed_snoozes=1, snooze=timedelta(0)))
    browser = office.browser()
    assert sign_in(office, browser) == SUGGESTED
    office.clock.advance(timedelta(hours=1))

    assert "code=" in ask_as_app(office.register_app(), browser)


def test_a_session_too_old_to_add_one_signs_in_again_and_is_asked_then(office: Any, waiting: Any) -> None:
    app = office.register_app()

    to_sign_in = ask_as_app(app, waiting)

    assert to_sign_in.startswith("/example/sign-in?continue=")
    query = to_sign_in.removeprefix("/example/sign-in").partition("&")[0]
    assert sign_in(office, waiting, query=query) == f"{SUGGESTED}{query}"
    assert "Not now" not in waiting.get(f"{SUGGESTED}{query}").text


def test_what_is_added_lets_the_app_go_on(office: Any, short_day: Any) -> None:
    app = office.register_app()
    query = ask_as_app(app, short_day).removeprefix(SUGGESTED)
    options = short_day.post_json("/example/account/passkeys/options", {}).json()

    # A key that says nothing of how it is reached: it might not work here, and nobody is asked for another.
    made = office.new_passkey().register_with(options)
    made["response"]["transports"] = []
    added = short_day.post_json(f"/example/account/passkeys{query}", made)

    assert "code=" in short_day.get(added.json()["redirect"]).headers["location"]


def test_a_device_that_cannot_is_led_in_no_circle_and_asked_at_the_next_sign_in(office: Any, short_day: Any) -> None:
    app = office.register_app()
    page = ask_as_app(app, short_day)

    on = short_day.submit(page, page.replace(SUGGESTED, f"{SUGGESTED}/failed"), {})

    assert "code=" in short_day.get(on.headers["location"]).headers["location"]
    assert "code=" in ask_as_app(app, short_day, prompt="none")
    assert sign_in(office, short_day) == SUGGESTED
    assert ask_as_app(app, short_day).startswith(SUGGESTED)


def test_whom_something_else_keeps_from_adding_one_is_led_in_no_circle(office: Any, grace: Any, short_day: Any) -> None:
    app = office.register_app()
    page = ask_as_app(app, short_day)
    for _ in range(MAX_PASSKEYS):
        office.keep_synced_passkey(grace)

    on = short_day.get(page)

    assert "code=" in short_day.get(on.headers["location"]).headers["location"]


def test_what_lets_one_session_by_lets_no_other(office: Any, short_day: Any) -> None:
    """Class 2: what one sign-in was answered is not carried into another."""
    app = office.register_app()
    page = ask_as_app(app, short_day)
    short_day.submit(page, page.replace(SUGGESTED, f"{SUGGESTED}/failed"), {})
    other = office.browser()
    sign_in(office, other)
    name = "__Host-keystead-example-let-by"
    other.cookies[name] = short_day.cookies[name]

    assert ask_as_app(app, other).startswith(SUGGESTED)


def test_whom_policy_lets_add_none_gets_the_code(office: Any, short_day: Any) -> None:
    office.change_policy(self_service=False)

    assert "code=" in ask_as_app(office.register_app(), short_day, prompt="none")


def test_whom_the_campaign_is_not_for_any_more_gets_the_code(office: Any, grace: Any, short_day: Any) -> None:
    office.change_methods(
        campaign=Campaign(enabled=True, allowed_snoozes=0, exclude=frozenset({Principal(PrincipalType.USER, grace.id)}))
    )

    assert "code=" in ask_as_app(office.register_app(), short_day, prompt="none")


def test_a_passkey_that_works_here_leaves_apps_alone(office: Any, grace: Any, short_day: Any) -> None:
    office.sign_in("grace@example.org", short_day)

    assert "code=" in ask_as_app(office.register_app(), short_day)


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
