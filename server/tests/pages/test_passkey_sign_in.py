"""Signing in with a passkey, as the page's script does it."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

OPTIONS, ASSERTION = "/example/sign-in/options", "/example/sign-in/assertion"


def test_a_passkey_signs_in_without_a_name(office: Any) -> None:
    browser = office.signed_in(office.ada)

    assert browser.get("/example/account").status_code == 200


def test_a_passkey_signs_in_with_the_name_first(office: Any) -> None:
    office.signed_in(office.ada)
    browser = office.browser()
    browser.get("/example/sign-in")

    options = browser.post_json(OPTIONS, {"username": "ada@example.org"}).json()
    answer = browser.post_json(ASSERTION, office.passkeys["ada@example.org"].answer_to(options))

    assert answer.json() == {"redirect": "/example/account"}


def test_options_for_an_unknown_name_look_like_those_for_a_known_one(office: Any) -> None:
    office.signed_in(office.ada)
    browser = office.browser()

    known = browser.post_json(OPTIONS, {"username": "ada@example.org"}).json()
    unknown = browser.post_json(OPTIONS, {"username": "nobody@example.org"}).json()

    assert len(known.pop("challenge")) == len(unknown.pop("challenge"))
    assert known == unknown


@pytest.mark.parametrize("body", [b"", b"[]", b'{"username": 7}', b'{"username"', b"\xff"])
def test_a_request_for_options_that_is_none_is_a_400(office: Any, body: bytes) -> None:
    headers = {"content-type": "application/json", "origin": "https://id.example.org"}

    answer = office.browser().send("POST", OPTIONS, content=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_a_removed_passkey_is_refused_in_plain_words_with_the_number_of_the_log(office: Any) -> None:
    office.signed_in(office.ada)
    office.forget_passkeys(office.ada)

    answer = office.sign_in("ada@example.org")

    assert answer.status_code == 401
    body = answer.json()
    assert body["code"] == "passkey_unknown"
    assert body["message"] == "This passkey is not known here; it may have been removed. Use another one."
    assert body["correlationId"] == office.attempts()[0].id


def test_the_operators_detail_is_not_told_to_the_person(office: Any) -> None:
    office.signed_in(office.ada)

    answer = office.sign_in("ada@example.org", origin="https://id.example.org.evil.test")

    assert answer.json()["code"] == "origin_not_allowed"
    assert "evil.test" in office.attempts()[0].detail
    assert "evil.test" not in answer.text


def test_what_the_policy_refuses_is_said_with_its_reason(office: Any) -> None:
    office.signed_in(office.ada)
    browser = office.sign_in_with_pass(office.person("syn@example.org"))
    office.add_passkey(browser, "syn@example.org", backup_eligible=True)
    office.allow_only_device_bound()

    answer = office.sign_in("syn@example.org")

    assert answer.json()["message"] == (
        "Your organisation does not accept this passkey: synced passkeys are not allowed. Use a device-bound passkey."
    )


def test_an_answer_is_taken_once(office: Any) -> None:
    office.signed_in(office.ada)
    browser = office.browser()
    browser.get("/example/sign-in")
    signed = office.passkeys["ada@example.org"].answer_to(browser.post_json(OPTIONS, {}).json())

    answers = [browser.post_json(ASSERTION, signed) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1].json()["code"] == "challenge_spent"


def test_a_challenge_is_good_in_the_browser_it_was_given_to_only(office: Any) -> None:
    office.signed_in(office.ada)
    browser, other = office.browser(), office.browser()
    for each in (browser, other):
        each.get("/example/sign-in")
    signed = office.passkeys["ada@example.org"].answer_to(browser.post_json(OPTIONS, {}).json())

    answer = other.post_json(ASSERTION, signed)

    assert answer.json()["code"] == "challenge_not_ours"


def test_a_page_open_for_too_long_is_said_so(office: Any) -> None:
    office.signed_in(office.ada)
    browser = office.browser()
    browser.get("/example/sign-in")
    signed = office.passkeys["ada@example.org"].answer_to(browser.post_json(OPTIONS, {}).json())
    office.clock.advance(timedelta(minutes=5))

    answer = browser.post_json(ASSERTION, signed)

    assert answer.json()["message"] == "This page was open for too long. Try again."


def test_the_session_is_a_new_one_at_each_sign_in(office: Any) -> None:
    browser = office.signed_in(office.ada)
    before = browser.cookies["__Host-keystead-example"]

    office.sign_in("ada@example.org", browser)

    assert browser.cookies["__Host-keystead-example"] != before


def test_a_passkey_sign_in_for_an_app_goes_back_to_it_and_names_it_in_the_log(office: Any) -> None:
    office.signed_in(office.ada)
    app = office.register_app()
    sealed = office.sealed_continuation("client_id=x", app_id=app.id)
    browser = office.browser()
    browser.get(f"/example/sign-in?continue={sealed}")
    signed = office.passkeys["ada@example.org"].answer_to(browser.post_json(OPTIONS, {}).json())

    answer = browser.post_json(f"{ASSERTION}?continue={sealed}", signed)

    assert answer.json() == {"redirect": f"/example/oauth2/v2.0/resume?continue={sealed}"}
    assert office.attempts()[0].app_id == app.id


def test_a_forged_continuation_leads_to_the_account_and_nowhere_else(office: Any) -> None:
    office.signed_in(office.ada)
    elsewhere = office.sealed_continuation("/other/account", tenant_id="00000000-0000-7000-8000-000000000000")
    own = office.sealed_continuation("/example/admin")
    forged = [elsewhere, own[:-4] + "AAAA", "https://evil.test/", "//evil.test", "%2F%2Fevil.test", "=", "\u00e9"]

    for sealed in forged:
        browser = office.browser()
        browser.get("/example/sign-in")
        options = browser.post_json(OPTIONS, {}).json()
        signed = office.passkeys["ada@example.org"].answer_to(options)
        answer = browser.post_json(f"{ASSERTION}?continue={sealed}", signed)
        assert answer.json() == {"redirect": "/example/account"}


@pytest.mark.parametrize("path", ["//example/account", "///example/account"])
def test_an_address_that_could_be_another_host_comes_back_as_ours(office: Any, path: str) -> None:
    office.signed_in(office.ada)
    browser = office.browser()
    sign_in = browser.get(f"https://id.example.org{path}").headers["location"]
    sealed = sign_in.partition("continue=")[2]

    options = browser.post_json(OPTIONS, {}).json()
    answer = browser.post_json(f"{ASSERTION}?continue={sealed}", office.passkeys["ada@example.org"].answer_to(options))

    assert answer.json() == {"redirect": "/example/account"}


def test_a_signed_in_person_is_sent_on_unless_they_are_to_sign_in_again(office: Any) -> None:
    browser = office.signed_in(office.ada)

    assert browser.get("/example/sign-in").headers["location"] == "/example/account"
    again = browser.get(f"/example/sign-in?continue={office.sealed_continuation('/example/admin')}")
    assert again.status_code == 200


def test_the_page_says_that_a_passkey_needs_javascript(office: Any) -> None:
    page = office.browser().get("/example/sign-in").text

    without_script = page[page.index("<noscript>") : page.index("</noscript>")]
    assert "JavaScript" in without_script
    # What works without scripts stands outside of what only scripts show.
    assert 'href="/example/sign-in/pass"' in page.replace(without_script, "")
    assert not re.search(r'class="[^"]*needs-script[^"]*"[^>]*>[^<]*<a href="/example/sign-in/pass"', page)
    assert 'autocomplete="username webauthn"' in page


def test_another_tenants_session_is_not_ours(office: Any) -> None:
    browser = office.signed_in(office.ada)
    office.found_tenant("other")
    browser.cookies["__Host-keystead-other"] = browser.cookies["__Host-keystead-example"]

    assert browser.get("/other/account").headers["location"].startswith("/other/sign-in?continue=")


def test_where_a_container_finds_us(office: Any) -> None:
    answer = office.browser().get("/example/.well-known/keystead")

    assert json.loads(answer.text) == {
        "issuer": "https://id.example.org/example/v2.0",
        "tenant": {"id": office.tenant.id, "name": "example", "display_name": "Example Works"},
        "rp_id": "id.example.org",
        "origins": ["https://id.example.org"],
        "name": "Keystead",
    }
