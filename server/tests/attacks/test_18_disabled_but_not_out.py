"""Class 18: who is disabled, removed or signed out is out at the next request, everywhere."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import Role
from keystead_server.http.route import Access, Route
from keystead_server.http.table import routes
from keystead_server.policy.api_permissions import ByToken
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of

WITH_SESSION = [
    route for route in routes() if route.access is not Access.PUBLIC and not isinstance(route.access, ByToken)
]


def disable(office: Office, user: Any) -> Any:
    return office.services.manage_user.disable(user, by=OPERATOR)


def remove(office: Office, user: Any) -> Any:
    return office.services.manage_user.remove(user, by=OPERATOR)


@pytest.mark.parametrize("end", [disable, remove])
def test_every_page_is_closed_at_once(office: Office, end: Callable[..., Any]) -> None:
    second = office.add_person("second@contoso.example", Role.GLOBAL_ADMINISTRATOR)
    passkey = office.with_passkey(second)
    browser = office.http()
    assert browser.sign_in("contoso", passkey).status_code == 200
    assert browser.get("/contoso/admin").status_code == 200

    run(end(office, second))

    for route in WITH_SESSION:
        answer = _ask(browser, route)
        assert answer.status_code in (303, 401), route.path
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/contoso/sign-in?continue="), route.path


def _ask(browser: Any, route: Route) -> Any:
    path = re.sub(r"\{(?!tenant)\w+\}", "x", route.path).replace("{tenant}", "contoso")
    if route.method == "GET":
        return browser.get(path)
    headers = {"content-type": route.body.content_type} if route.body else {}
    return browser.send("POST", path, content=b"", headers={
        **headers, "origin": browser.origin, "sec-fetch-site": "same-origin",
    })  # fmt: skip


@pytest.mark.parametrize("end", [disable, remove])
def test_codes_and_tokens_are_worth_nothing_any_more(office: Office, end: Callable[..., Any]) -> None:
    app, owner = office.app(), office.session()
    code, tokens = office.code(app, owner), office.tokens(app, owner)

    run(end(office, office.ada))

    info = run(office.services.user_info(office.tenant, tokens.access_token, issuer=office.issuer()))
    assert reason_of(office.redeem(app, code)) == "session_over"
    assert reason_of(info) in ("session_over", "grant_revoked")


def test_a_role_that_was_taken_is_gone_at_the_next_request(office: Office) -> None:
    second = office.add_person("second@contoso.example", Role.GLOBAL_ADMINISTRATOR)
    browser = office.http()
    browser.sign_in("contoso", office.with_passkey(second))
    assert browser.get("/contoso/admin/users").status_code == 200

    run(office.services.manage_user.set_roles(second, frozenset(), by=OPERATOR))

    assert browser.get("/contoso/admin/users").status_code == 403


def test_a_scope_that_was_not_asked_for_is_not_given(office: Office) -> None:
    app, owner = office.app(), office.session()
    tokens = office.tokens(app, owner, scope="openid")

    info = run(office.services.user_info(office.tenant, tokens.access_token, issuer=office.issuer()))

    assert tokens.scope == "openid"
    assert set(info.claims) == {"sub", "oid", "tid"}  # type: ignore[union-attr]


def test_scopes_we_do_not_know_are_not_repeated_in_tokens(office: Office) -> None:
    tokens = office.tokens(office.app(), office.session(), scope="openid admin https://graph.example/.default")

    assert tokens.scope == "openid"


def test_a_session_ends_after_a_day_on_its_own(office: Office) -> None:
    browser = office.http()
    browser.sign_in("contoso", office.passkey)
    office.advance(hours=23, minutes=59)
    assert browser.get("/contoso/account").status_code == 200

    office.advance(minutes=1)
    assert browser.get("/contoso/account").status_code == 303
