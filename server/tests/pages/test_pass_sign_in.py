"""A Temporary Access Pass on a page that needs no script."""

from datetime import timedelta
from typing import Any

import pytest

PAGE = "/example/sign-in/pass"


def test_the_link_of_the_first_start_fills_in_the_form_and_signs_in(office: Any) -> None:
    browser, code = office.browser(), office.issue_pass(office.ada)

    form = browser.get(f"{PAGE}?user=ada@example.org&pass={code}")

    assert 'value="ada@example.org"' in form.text
    assert f'value="{code}"' in form.text
    signed_in = browser.submit(PAGE, PAGE, {"user": "ada@example.org", "pass": code})
    assert signed_in.status_code == 303
    assert "HttpOnly" in signed_in.headers["set-cookie"]


def test_whoever_has_no_passkey_yet_is_led_to_add_one(office: Any) -> None:
    answer = office.browser().submit(PAGE, PAGE, {"user": "ada@example.org", "pass": office.issue_pass(office.ada)})

    assert answer.headers["location"] == "/example/account/passkeys/new"


def test_whoever_has_a_passkey_is_led_to_the_account(office: Any) -> None:
    grace = office.person("grace@example.org")
    office.signed_in(grace)

    answer = office.browser().submit(PAGE, PAGE, {"user": "grace@example.org", "pass": office.issue_pass(grace)})

    assert answer.headers["location"] == "/example/account"


def test_the_page_somebody_came_for_comes_first(office: Any) -> None:
    grace = office.person("grace@example.org")
    office.signed_in(grace)
    browser = office.browser()
    sign_in = browser.get("/example/sign-out?x=b").headers["location"]
    page = sign_in.replace("/sign-in?", "/sign-in/pass?")

    answer = browser.submit(page, page, {"user": "grace@example.org", "pass": office.issue_pass(grace)})

    assert answer.headers["location"] == "/example/sign-out?x=b"


def test_an_administrator_adds_a_passkey_and_signs_in_with_it_before_the_page_they_came_for(office: Any) -> None:
    browser = office.browser()
    sign_in = browser.get("/example/admin/users?search=b").headers["location"]
    page = sign_in.replace("/sign-in?", "/sign-in/pass?")

    on = browser.submit(page, page, {"user": "ada@example.org", "pass": office.issue_pass(office.ada)})

    sealed = sign_in.partition("continue=")[2]
    assert on.headers["location"] == f"/example/account/passkeys/new?continue={sealed}"
    assert "Your organisation asks for a passkey." in browser.get(on.headers["location"]).text
    passkey = office.new_passkey()
    options = browser.post_json("/example/account/passkeys/options", {}).json()
    added = browser.post_json(f"/example/account/passkeys?continue={sealed}", passkey.register_with(options))
    assert added.json()["redirect"] == f"/example/sign-in?continue={sealed}"
    options = browser.post_json("/example/sign-in/options", {}).json()
    done = browser.post_json(f"/example/sign-in/assertion?continue={sealed}", passkey.answer_to(options))
    assert done.json()["redirect"] == "/example/admin/users?search=b"


def test_somebody_who_adds_their_first_passkey_goes_on_to_the_app_they_came_from(office: Any) -> None:
    grace, app = office.person("grace@example.org"), office.register_app()
    sealed = office.sealed_continuation("client_id=x", app_id=app.id)
    browser, page = office.browser(), f"{PAGE}?continue={sealed}"

    browser.submit(page, page, {"user": "grace@example.org", "pass": office.issue_pass(grace)})
    assert app.name in browser.get(f"/example/account/passkeys/new?continue={sealed}").text
    options = browser.post_json("/example/account/passkeys/options", {}).json()
    answer = office.new_passkey().register_with(options)
    added = browser.post_json(f"/example/account/passkeys?continue={sealed}", answer)

    assert added.json()["redirect"] == f"/example/oauth2/v2.0/resume?continue={sealed}"


def test_a_wrong_pass_keeps_the_name_and_never_the_pass(office: Any) -> None:
    office.issue_pass(office.ada)

    answer = office.browser().submit(PAGE, PAGE, {"user": "ada@example.org", "pass": "WRONGWRONG22"})

    assert answer.status_code == 401
    assert 'value="ada@example.org"' in answer.text
    assert "WRONGWRONG22" not in answer.text
    assert "set-cookie" not in answer.headers


def said(answer: Any) -> str:
    """The page without what is different each time: name, numbers and tokens."""
    start = answer.text.index('role="alert"')
    words = answer.text[start : answer.text.index("</div>", start)]
    return words.split("<code>")[0]


def test_every_refusal_reads_the_same_for_known_and_unknown_names(office: Any) -> None:
    known, switched_off, passless = office.ada, office.person("off@example.org"), office.person("none@example.org")
    code, off_code = office.issue_pass(known), office.issue_pass(switched_off)
    office.disable(switched_off)
    tries = [
        ("ada@example.org", "WRONGWRONG22"),
        ("nobody@example.org", "WRONGWRONG22"),
        ("none@example.org", "WRONGWRONG22"),
        ("off@example.org", off_code),
        *[("ada@example.org", "WRONGWRONG22")] * 10,
        ("ada@example.org", code),
    ]

    answers = [office.browser().submit(PAGE, PAGE, {"user": user, "pass": typed}) for user, typed in tries]

    assert {answer.status_code for answer in answers} == {401}
    assert len({said(answer) for answer in answers}) == 1
    assert "wait 15 minutes" in said(answers[0])
    assert passless.enabled
    reasons = {attempt.reason for attempt in office.attempts()}
    assert reasons == {"pass_wrong", "user_unknown", "no_pass", "user_disabled", "too_many_attempts"}


def test_the_number_on_the_page_is_the_one_in_the_log(office: Any) -> None:
    answer = office.browser().submit(PAGE, PAGE, {"user": "nobody", "pass": "x"})

    (attempt,) = office.attempts()
    assert f"<code>{attempt.id}</code>" in answer.text


def test_a_pass_that_works_once_does_not_work_twice(office: Any) -> None:
    code = office.issue_pass(office.ada, usable_once=True)
    fields = {"user": "ada@example.org", "pass": code}

    first = office.browser().submit(PAGE, PAGE, fields)
    second = office.browser().submit(PAGE, PAGE, fields)

    assert (first.status_code, second.status_code) == (303, 401)


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1}"], ids=["as shown", "with spaces", "small and joined"])
def test_a_pass_may_be_typed_as_people_type(office: Any, typed: str) -> None:
    code = office.issue_pass(office.ada)
    fields = {"user": " ADA@example.org ", "pass": typed.format(code, code.lower().replace("-", ""))}

    assert office.browser().submit(PAGE, PAGE, fields).status_code == 303


def test_control_characters_in_what_is_typed_do_no_harm(office: Any) -> None:
    answer = office.browser().submit(PAGE, PAGE, {"user": "ada\x00\r\n@example.org", "pass": "\x00\ud7ff"})

    assert answer.status_code == 401
    (attempt,) = office.attempts()
    assert attempt.username == "ada@example.org"


def test_the_form_may_end_at_the_app_that_asked_and_at_no_other(office: Any) -> None:
    app = office.register_app(redirect_uris=["https://wiki.example.org:8443/cb", "wiki.app:/cb"])
    sealed = office.sealed_continuation("/x", app_id=app.id)

    policy = office.browser().get(f"{PAGE}?continue={sealed}").headers["content-security-policy"]

    assert policy.endswith("form-action 'self' https://wiki.example.org:8443 wiki.app:")
    assert office.browser().get(PAGE).headers["content-security-policy"].endswith("form-action 'self'")


def test_an_apps_name_is_said_where_people_sign_in_for_it(office: Any) -> None:
    app = office.register_app(name="Wiki <b>bold</b>")
    sealed = office.sealed_continuation("/x", app_id=app.id)

    for page in ("/example/sign-in", PAGE):
        assert "Wiki &lt;b&gt;bold&lt;/b&gt;" in office.browser().get(f"{page}?continue={sealed}").text


def test_a_pass_sign_in_for_an_app_goes_back_to_it_and_names_it_in_the_log(office: Any) -> None:
    app, grace = office.register_app(), office.person("grace@example.org")
    office.signed_in(grace)
    sealed = office.sealed_continuation("client_id=x", app_id=app.id)
    page = f"{PAGE}?continue={sealed}"

    answer = office.browser().submit(page, page, {"user": "grace@example.org", "pass": office.issue_pass(grace)})

    assert answer.headers["location"] == f"/example/oauth2/v2.0/resume?continue={sealed}"
    assert office.attempts()[0].app_id == app.id


def test_a_seal_older_than_an_hour_leads_to_the_account(office: Any) -> None:
    sealed = office.sealed_continuation("/example/admin")
    office.clock.advance(timedelta(hours=1, seconds=1))
    page = f"{PAGE}?continue={sealed}"

    answer = office.browser().submit(page, page, {"user": "ada@example.org", "pass": office.issue_pass(office.ada)})

    assert answer.headers["location"] == "/example/account/passkeys/new"
