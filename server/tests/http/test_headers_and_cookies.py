"""What goes out with every answer: security headers, and cookies that no neighbour can plant or read."""

import re

import pytest
from keystead_server.http.cookies import parse, read_session
from keystead_testkit.http_browser import form_token
from keystead_testkit.office import Office

PATHS = ["/contoso/sign-in", "/contoso/account", "/healthz", "/nowhere", "/assets/nothing.css", "/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers_once(office: Office, path: str) -> None:
    headers = office.http().get(path).headers

    for name, value in {
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "strict-transport-security": "max-age=31536000",
    }.items():
        assert headers.get_list(name) == [value]
    assert len(headers.get_list("cache-control")) == 1


@pytest.mark.parametrize("path", ["/contoso/sign-in", "/contoso/sign-in/pass", "/nowhere", "/contoso/signed-out"])
def test_pages_hold_a_policy_without_anything_inline(office: Office, path: str) -> None:
    answer = office.http().get(path)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|\son\w+=|<style|style=", answer.text)


def test_pages_about_people_are_kept_by_no_cache(office: Office) -> None:
    browser = office.http()
    browser.sign_in("contoso", office.passkey)

    assert browser.get("/contoso/account").headers["cache-control"] == "no-store"


def test_over_https_all_cookies_are_the_hosts_own(office: Office) -> None:
    browser = office.http()
    browser.get("/contoso/sign-in")
    (browser_cookie,) = browser.set_cookies
    browser.sign_in("contoso", office.passkey)
    session_cookie, device_cookie = browser.set_cookies

    assert re.fullmatch(
        r"__Host-keystead-browser=[\w-]{22}; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=31536000", browser_cookie
    )
    assert re.fullmatch(r"__Host-keystead-contoso=[\w-]+; Path=/; HttpOnly; SameSite=Lax; Secure", session_cookie)
    assert re.fullmatch(
        r"__Host-keystead-contoso-device=[\w-]+; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=31536000",
        device_cookie,
    )


def test_on_this_computer_they_work_without_https() -> None:
    office = Office(public_url="http://localhost:8400")
    browser = office.http()
    browser.get("/contoso/sign-in")
    (browser_cookie,) = browser.set_cookies
    answer = browser.sign_in("contoso", office.passkey)

    assert answer.status_code == 200
    assert browser_cookie.startswith("keystead-browser=")
    assert "Secure" not in browser_cookie + browser.set_cookies[0]
    assert browser.set_cookies[0].startswith("keystead-contoso=")
    assert "strict-transport-security" not in answer.headers


def test_a_browser_that_is_known_gets_no_new_name(office: Office) -> None:
    browser = office.http()
    browser.get("/contoso/sign-in")

    browser.get("/contoso/sign-in")

    assert browser.set_cookies == []


@pytest.mark.parametrize("value", ["", "x", "AAAA", "!" * 22, "A" * 23, "A" * 5000, "é"])
def test_a_browser_cookie_that_we_never_made_is_replaced(office: Office, value: str) -> None:
    browser = office.http()
    browser.cookies["__Host-keystead-browser"] = value

    browser.get("/contoso/sign-in")

    assert browser.set_cookies[0].startswith("__Host-keystead-browser=")


@pytest.mark.parametrize("value", ["", "x", "A" * 59, "A" * 60, "!" * 59, "é"])
def test_a_session_cookie_that_we_never_made_signs_nobody_in(office: Office, value: str) -> None:
    browser = office.http()
    browser.cookies["__Host-keystead-contoso"] = value

    assert browser.get("/contoso/account").status_code == 303


def test_a_session_cookie_opens_in_the_tenant_it_was_sealed_for_alone(office: Office) -> None:
    fabrikam, _ = office.found("fabrikam")
    browser = office.http()
    browser.sign_in("contoso", office.passkey)
    value = browser.cookies["__Host-keystead-contoso"]

    assert read_session(office.services, office.tenant, {"__Host-keystead-contoso": value}) is not None
    # Already here, and not only because the store finds no such session there.
    assert read_session(office.services, fabrikam, {"__Host-keystead-fabrikam": value}) is None


def test_a_form_of_one_browser_is_worth_nothing_in_another(office: Office) -> None:
    attacker, victim = office.http(), office.http()
    token = form_token(attacker.get("/contoso/sign-in/pass"))
    victim.get("/contoso/sign-in/pass")
    fields = {"user": "mallory", "pass": "x", "form_token": token}

    assert attacker.post_form("/contoso/sign-in/pass", fields).status_code == 401
    assert victim.post_form("/contoso/sign-in/pass", fields).status_code == 403


def test_signing_out_takes_the_cookie_and_the_session(office: Office) -> None:
    browser = office.http()
    browser.sign_in("contoso", office.passkey)
    kept = browser.cookies["__Host-keystead-contoso"]

    assert browser.submit("/contoso/account", "/contoso/account/sign-out", {}).status_code == 303

    assert any(line.startswith("__Host-keystead-contoso=; ") and "Max-Age=0" in line for line in browser.set_cookies)
    browser.cookies["__Host-keystead-contoso"] = kept
    assert browser.get("/contoso/account").status_code == 303


def test_of_two_cookies_with_one_name_the_first_counts() -> None:
    assert parse("a=1; b=2; a=3; c; =x; d=e=f") == {"a": "1", "b": "2", "": "x", "d": "e=f"}
