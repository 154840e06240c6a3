"""Class 4: what asks for a fresh passkey is not satisfied by a pass, an old session or another door."""

from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_server.flows.authorize import Reply, SignInFirst
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.loop import run
from keystead_testkit.office import Office


def passkey_path(office: Office) -> str:
    (passkey,) = run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))
    return f"/contoso/account/passkeys/{passkey.id}/remove"


def try_to_remove(browser: HttpBrowser, path: str) -> int:
    return browser.submit("/contoso/account", path, {"even_the_last": "yes"}).status_code


def test_a_fresh_pass_does_not_remove_a_passkey(office: Office) -> None:
    browser = office.http()
    browser.sign_in_with_pass("contoso", office.ada.username, office.issue_pass().code)

    assert try_to_remove(browser, passkey_path(office)) == 422


def test_an_old_passkey_session_does_not_and_a_fresh_one_does(office: Office, browser: HttpBrowser) -> None:
    office.advance(minutes=5, seconds=1)
    assert try_to_remove(browser, passkey_path(office)) == 422

    browser.sign_in("contoso", office.passkey)
    assert try_to_remove(browser, passkey_path(office)) == 303


def test_a_pass_typed_into_an_old_passkey_session_makes_it_no_fresh_passkey_session(
    office: Office, browser: HttpBrowser
) -> None:
    office.advance(minutes=6)
    browser.sign_in_with_pass("contoso", office.ada.username, office.issue_pass().code)

    assert try_to_remove(browser, passkey_path(office)) == 422


def test_an_administrators_page_is_no_way_around_for_ones_own_passkey(office: Office) -> None:
    office.with_passkey(office.administrator)
    (passkey,) = run(office.store.passkeys.of_user(office.tenant.id, office.administrator.id))
    browser = office.http()
    browser.sign_in_with_pass("contoso", office.administrator.username, office.issue_pass(office.administrator).code)

    path = f"/contoso/admin/users/{office.administrator.id}"
    browser.submit("/contoso/account", f"{path}/passkeys/{passkey.id}/remove", {})

    assert list(run(office.store.passkeys.of_user(office.tenant.id, office.administrator.id))) == [passkey]


def test_nobody_issues_themselves_a_pass_with_a_stolen_session(office: Office) -> None:
    passkey = office.with_passkey(office.administrator)
    browser = office.http()
    browser.sign_in("contoso", passkey)
    path = f"/contoso/admin/users/{office.administrator.id}/pass"

    assert browser.submit("/contoso/account", path, {"lifetime": "60"}).status_code == 422


def test_an_app_is_told_that_it_was_a_pass(office: Office) -> None:
    owner = office.session_by_pass(office.add_person("grace@contoso.example", Role.GLOBAL_READER))

    assert (owner.session.acr, owner.session.amr) == ("mfa", ("tap", "mfa"))


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "60"}])
def test_an_app_that_asks_for_a_new_sign_in_gets_one(office: Office, asked: dict[str, Any]) -> None:
    app, owner = office.app(), office.session()
    office.advance(minutes=2)
    asked_at = office.clock.now()

    assert isinstance(office.authorize(app, owner, **asked), SignInFirst)
    # Coming back from the sign-in page without having signed in is no sign-in.
    assert isinstance(office.authorize(app, owner, asked_at=asked_at, **asked), SignInFirst)
    office.advance(seconds=1)
    assert isinstance(office.authorize(app, office.session(), asked_at=asked_at, **asked), Reply)
