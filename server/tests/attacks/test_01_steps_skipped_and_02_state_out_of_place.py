"""Classes 1 and 2: steps left out, repeated, out of order, or taken with another flow's state."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from keystead_core.wire import b64url_decode
from keystead_server.http.route import Route
from keystead_server.http.table import routes
from keystead_testkit.http_browser import HttpBrowser, form_token
from keystead_testkit.office import Office
from keystead_testkit.relying_party import authorization_parameters

POSTS = [route for route in routes() if route.method == "POST"]
# These hand something out to anybody who asks, and open nothing.
OPEN = {"/{tenant}/sign-in/options"}


def named(route: Route) -> str:
    return route.path


def filled(path: str) -> str:
    return re.sub(r"\{(?!tenant)\w+\}", "00000000-0000-7000-8000-000000000000", path).replace("{tenant}", "contoso")


@pytest.mark.parametrize("route", POSTS, ids=named)
@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[]", b"x=1", b"\0"])
def test_an_empty_or_meaningless_post_opens_nothing(office: Office, route: Route, body: bytes) -> None:
    browser = office.http()
    content_type = route.body.content_type if route.body else "application/json"

    answer = browser.send("POST", filled(route.path), content=body, headers={
        "content-type": content_type, "origin": browser.origin, "sec-fetch-site": "same-origin",
    })  # fmt: skip

    assert answer.status_code < 500, answer.text
    if route.path not in OPEN:
        assert answer.status_code >= 400 or answer.headers.get("location", "").startswith("/contoso/sign")
    assert not any("keystead-contoso=" in line and "Max-Age=0" not in line for line in browser.set_cookies)


def test_an_answer_without_a_question_opens_nothing(office: Office) -> None:
    browser = office.http()

    answer = browser.post_json("/contoso/sign-in/assertion", office.passkey.answer(b"x" * 86))

    assert (answer.status_code, answer.json()["code"]) == (401, "challenge_not_ours")


def test_an_answer_sent_twice_opens_one_session(office: Office) -> None:
    browser, again = office.http(), office.http()
    browser.get("/contoso/sign-in")
    again.cookies = dict(browser.cookies)
    answer = office.passkey.answer_to(browser.post_json("/contoso/sign-in/options", {}).json())

    first = browser.post_json("/contoso/sign-in/assertion", answer)
    second = again.post_json("/contoso/sign-in/assertion", answer)

    assert (first.status_code, second.status_code, second.json()["code"]) == (200, 401, "challenge_spent")
    assert "__Host-keystead-contoso" not in again.cookies


def test_an_answer_from_another_browser_opens_nothing(office: Office) -> None:
    victim, thief = office.http(), office.http()
    victim.get("/contoso/sign-in")
    thief.get("/contoso/sign-in")
    answer = office.passkey.answer_to(victim.post_json("/contoso/sign-in/options", {}).json())

    assert thief.post_json("/contoso/sign-in/assertion", answer).json()["code"] == "challenge_not_ours"


def test_a_registration_needs_its_own_question_under_its_own_session(office: Office, browser: HttpBrowser) -> None:
    passkey = office.new_passkey()
    sign_in = browser.post_json("/contoso/sign-in/options", {}).json()
    from_sign_in = passkey.register(b64url_decode(sign_in["challenge"]))

    assert browser.post_json("/contoso/account/passkeys", from_sign_in).json()["code"] == "challenge_not_ours"
    assert office.http().post_json("/contoso/account/passkeys", from_sign_in).status_code == 401


def test_a_form_of_one_session_is_worth_nothing_in_the_next(office: Office, browser: HttpBrowser) -> None:
    token = form_token(browser.get("/contoso/account"))
    browser.sign_in("contoso", office.passkey)

    answer = browser.post_form("/contoso/account/sign-out", {"form_token": token})

    assert answer.status_code == 403


def test_a_form_of_the_sign_in_page_is_worth_nothing_once_signed_in(office: Office) -> None:
    browser = office.http()
    token = form_token(browser.get("/contoso/sign-in/pass"))
    browser.sign_in("contoso", office.passkey)

    assert browser.post_form("/contoso/account/sign-out", {"form_token": token}).status_code == 403


def continuation(office: Office) -> str:
    query = urlencode(authorization_parameters(office.app().app.id))
    location = office.http().get(f"/contoso/oauth2/v2.0/authorize?{query}").headers["location"]
    return dict(parse_qsl(urlsplit(location).query))["continue"]


def test_what_was_sealed_for_signing_in_is_no_code_no_form_and_no_session(office: Office, browser: HttpBrowser) -> None:
    sealed = continuation(office)
    app = office.app()

    redeemed = office.redeem(app, sealed)
    assert getattr(redeemed, "code", None) == "code_not_ours"
    assert browser.post_form("/contoso/account/sign-out", {"form_token": sealed}).status_code == 403
    stranger = office.http()
    stranger.cookies["__Host-keystead-contoso"] = sealed
    assert stranger.get("/contoso/account").status_code == 303


def test_no_seal_of_ours_passes_for_another(office: Office, browser: HttpBrowser) -> None:
    code = office.code(office.app())
    form, session = form_token(browser.get("/contoso/account")), browser.cookies["__Host-keystead-contoso"]

    for sealed in (code, form, session):
        assert browser.get(f"/contoso/oauth2/v2.0/resume?continue={sealed}").status_code == 400
    for sealed in (code, form):
        stranger = office.http()
        stranger.cookies["__Host-keystead-contoso"] = sealed
        assert stranger.get("/contoso/account").status_code == 303


def test_a_request_to_sign_in_does_not_sign_anybody_out(office: Office, browser: HttpBrowser) -> None:
    browser.get(f"/contoso/sign-out?request={continuation(office)}")

    assert browser.get("/contoso/account").status_code == 200


def test_resuming_without_having_signed_in_leads_to_signing_in(office: Office) -> None:
    answer = office.http().get(f"/contoso/oauth2/v2.0/resume?continue={continuation(office)}")

    assert answer.headers["location"].startswith("/contoso/sign-in?continue=")
