"""Userinfo and logout, over HTTP."""

from typing import Any
from urllib.parse import urlencode

import pytest
from keystead_server.flows.manage_app import RegisteredApp
from keystead_testkit.app_over_http import tokens
from keystead_testkit.http_browser import HttpBrowser, form_token
from keystead_testkit.office import Office
from keystead_testkit.relying_party import AFTER_LOGOUT

AUTHORIZE = "/contoso/oauth2/v2.0/authorize"
TOKEN = "/contoso/oauth2/v2.0/token"
LOGOUT = "/contoso/oauth2/v2.0/logout"
DISCOVERY = "/contoso/v2.0/.well-known/openid-configuration"


@pytest.fixture
def app(office: Office) -> RegisteredApp:
    return office.app()


@pytest.fixture
def browser(office: Office) -> HttpBrowser:
    """Ada's, signed in."""
    browser = office.http()
    assert browser.sign_in("contoso", office.passkey).status_code == 200
    return browser


# -- userinfo --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_says_who_it_is(office: Office, app: RegisteredApp, browser: HttpBrowser, method: str) -> None:
    token = tokens(browser, app)["access_token"]

    answer = office.http().send(method, "/contoso/oidc/userinfo", headers={"authorization": f"Bearer {token}"})

    assert answer.json()["sub"] == office.ada.id
    assert answer.headers["cache-control"] == "no-store"


def test_userinfo_may_be_asked_by_an_app_in_a_browser(office: Office) -> None:
    headers = {"origin": "https://app.example.net", "access-control-request-headers": "authorization"}

    answer = office.http().send("OPTIONS", "/contoso/oidc/userinfo", headers=headers)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "authorization"
    assert "access-control-allow-credentials" not in answer.headers


def test_userinfo_without_a_token_asks_for_one_and_with_a_bad_one_says_so(
    office: Office, app: RegisteredApp, browser: HttpBrowser
) -> None:
    path = "/contoso/oidc/userinfo"
    missing = browser.send("GET", path)
    bad = browser.send("GET", path, headers={"authorization": "Bearer x"})
    in_query = browser.send("GET", f"{path}?access_token={tokens(browser, app)['access_token']}")
    other = browser.send("GET", path, headers={"authorization": "Basic eDp5"})

    assert [answer.status_code for answer in (missing, bad, in_query, other)] == [401] * 4
    # RFC 6750 §3.1: without credentials no error code is given.
    assert missing.headers["www-authenticate"] == other.headers["www-authenticate"] == 'Bearer realm="userinfo"'
    assert bad.headers["www-authenticate"] == 'Bearer realm="userinfo", error="invalid_token"'


# -- logout ----------------------------------------------------------------------------------------


def is_signed_in(browser: HttpBrowser) -> bool:
    return browser.get("/contoso/account").status_code == 200


@pytest.mark.parametrize("by", ["GET", "POST"])
def test_an_app_with_this_sessions_id_token_signs_out_and_has_the_person_back(
    app: RegisteredApp, browser: HttpBrowser, by: str
) -> None:
    fields = {
        "id_token_hint": tokens(browser, app)["id_token"], "post_logout_redirect_uri": AFTER_LOGOUT, "state": "s",
    }  # fmt: skip

    answer = browser.get(f"{LOGOUT}?{urlencode(fields)}") if by == "GET" else browser.post_form(LOGOUT, fields)

    assert answer.headers["location"] == f"{AFTER_LOGOUT}?state=s"
    assert any("Max-Age=0" in line for line in browser.set_cookies)
    assert not is_signed_in(browser)


def asking_page(browser: HttpBrowser, **fields: str) -> Any:
    """Our page that asks the person, to which the app's request leads."""
    answer = browser.get(f"{LOGOUT}?{urlencode(fields)}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/contoso/sign-out?")
    return browser.get(answer.headers["location"])


def test_without_it_the_person_is_asked_and_can_agree(app: RegisteredApp, browser: HttpBrowser) -> None:
    fields = {"client_id": app.app.id, "post_logout_redirect_uri": AFTER_LOGOUT}
    asking = asking_page(browser, **fields)
    assert "ada@contoso.example" in asking.text
    # Chromium applies form-action to where the answer redirects to as well.
    assert "https://app.example.net" in asking.headers["content-security-policy"]
    assert is_signed_in(browser)

    answer = browser.post_form(f"{LOGOUT}/confirm", {**fields, "form_token": form_token(asking)})

    assert answer.headers["location"] == AFTER_LOGOUT
    assert not is_signed_in(browser)


def test_another_sites_page_cannot_agree_in_the_persons_place(browser: HttpBrowser) -> None:
    token = form_token(asking_page(browser))

    answers = [
        browser.post_form(f"{LOGOUT}/confirm", {}),
        browser.post_form(f"{LOGOUT}/confirm", {"form_token": "x"}),
        browser.post_form(f"{LOGOUT}/confirm", {"form_token": token}, origin="https://evil.test"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert is_signed_in(browser)


def test_what_an_app_wrote_into_its_request_is_text_on_our_page(browser: HttpBrowser) -> None:
    page = asking_page(browser, state="<b>x", logout_hint="&quot;<script>")

    assert "<b>x" not in page.text
    assert "<script>" not in page.text
