"""Class 24: a session is made by a sign-in, anew each time, and no value planted before it becomes one."""

from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.office import Office

SESSION = "__Host-keystead-contoso"


def test_every_sign_in_gives_another_session(office: Office, browser: HttpBrowser) -> None:
    first = browser.cookies[SESSION]

    browser.sign_in("contoso", office.passkey)

    assert browser.cookies[SESSION] != first


def test_a_planted_cookie_is_not_taken_for_the_session_that_follows(office: Office) -> None:
    attacker = office.http()
    attacker.sign_in_with_pass("contoso", "mallory", office.issue_pass(office.add_person("mallory")).code)
    planted = attacker.cookies[SESSION]
    victim = office.http()
    victim.cookies[SESSION] = planted

    victim.sign_in("contoso", office.passkey)

    assert victim.cookies[SESSION] != planted
    assert "ada@contoso.example" in victim.get("/contoso/account").text
    assert "ada@contoso.example" not in attacker.get("/contoso/account").text


def test_a_browser_name_that_an_attacker_planted_opens_nothing_to_them(office: Office) -> None:
    attacker, victim = office.http(), office.http()
    attacker.get("/contoso/sign-in")
    victim.cookies = dict(attacker.cookies)

    victim.sign_in("contoso", office.passkey)

    assert attacker.get("/contoso/account").status_code == 303


def test_a_pass_then_a_passkey_are_two_sessions(office: Office) -> None:
    browser = office.http()
    browser.sign_in_with_pass("contoso", office.ada.username, office.issue_pass().code)
    with_pass = browser.cookies[SESSION]

    browser.sign_in("contoso", office.passkey)

    assert browser.cookies[SESSION] != with_pass


def test_a_refused_sign_in_leaves_the_session_as_it_was(office: Office, browser: HttpBrowser) -> None:
    before = browser.cookies[SESSION]

    assert browser.sign_in("contoso", office.passkey, spoil_signature=True).status_code == 401

    assert browser.cookies[SESSION] == before


def test_a_session_is_not_in_any_address(office: Office, browser: HttpBrowser) -> None:
    stranger = office.http()

    assert stranger.get(f"/contoso/account?session={browser.cookies[SESSION]}").status_code == 303
    assert browser.cookies[SESSION] not in browser.get("/contoso/account").text
