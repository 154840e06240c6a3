"""Every route of ours against every role, every foreign origin, every size."""

import re
from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_server.http.pages.routes import ROUTES
from keystead_server.http.route import UNLIMITED, Access, Face, Route
from keystead_server.policy.access.terms import Terms
from keystead_server.policy.permissions import Permission, may
from keystead_testkit.access_policies import policy_body, under_policies, with_terms

POSTS = [route for route in ROUTES if route.method == "POST"]
FOR_ADMINISTRATORS = [route for route in ROUTES if isinstance(route.access, Permission)]
ROLES = [None, *Role]


def name(value: Any) -> str:
    if isinstance(value, Route):
        return f"{value.method} {value.path}"
    return "nobody's" if value is None else str(value)


@pytest.fixture(scope="module")
def house(found: Any) -> Any:
    """The office with a person for each role, all signed in, and one of everything to look at."""
    house = found()
    people = {
        role: house.person(f"{name(role)}@example.org".replace(" ", "-"), roles=frozenset({role} if role else ()))
        for role in ROLES
    }
    house.browsers = {role: house.signed_in(person) for role, person in people.items()}
    house.people = people
    target = house.person("target@example.org")
    house.signed_in(target)
    with_terms(house, Terms("t1", "House rules", "Be kind."))
    under_policies(
        house, policy_body("Watched", "mfa", state="enabledForReportingButNotEnforced"), security_defaults=True
    )
    house.ids = {
        "tenant": "example",
        "user": target.id,
        "passkey": house.passkeys_of(target)[0].id,
        "method": house.passkeys_of(target)[0].id,
        "group": house.add_group("Staff").id,
        "app": house.register_app().id,
        "device": house.keep_device(target).id,
        "terms": "t1",
        "name": "none.css",
        "link": "none",
        "version": "0",
        "policy": "policy-0",
    }
    return house


def path(house: Any, route: Route) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: house.ids[found[1]], route.path)


def ask(house: Any, route: Route, browser: Any, **headers: str) -> Any:
    """As one of our pages would ask, but with a form that has no token."""
    if route.method == "GET":
        return browser.get(path(house, route))
    headers = {"origin": "https://id.example.org", "sec-fetch-site": "same-origin", **headers}
    return browser.send(
        "POST",
        path(house, route),
        content=b"",
        headers={"content-type": route.body.content_type, **{k: v for k, v in headers.items() if v}},
    )


@pytest.mark.parametrize("route", FOR_ADMINISTRATORS, ids=name)
def test_a_page_for_administrators_opens_for_those_with_its_permission_alone(house: Any, route: Route) -> None:
    for role in ROLES:
        answer = ask(house, route, house.browsers[role])

        if not may(house.people[role], route.access):
            assert answer.status_code == 403, role
            assert "Your account may not do this" in answer.text
        elif route.method == "GET":
            assert answer.status_code == 200, role
        else:
            assert "This form is too old" in answer.text, role


@pytest.mark.parametrize("route", [r for r in ROUTES if r.access is not Access.PUBLIC], ids=name)
def test_nobody_gets_in_without_signing_in(house: Any, route: Route) -> None:
    answer = ask(house, route, house.browser())

    if route.method == "GET":
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/example/sign-in?continue=")
    else:
        assert answer.status_code == 401


# Written out, so that a route that is opened to held sessions is opened here too.
WHILE_HELD = {
    "GET /{tenant}/sign-in",
    "GET /{tenant}/sign-out",
    "GET /{tenant}/account",
    "GET /{tenant}/account/passkeys/new",
    # A policy may ask for them before the first passkey is registered.
    "GET /{tenant}/terms",
    "POST /{tenant}/terms",
    # Where proof is asked for, the passkey needs an enrolled computer first.
    "GET /{tenant}/account/devices/new",
    "POST /{tenant}/account/devices/new",
    # Whose passkey is in a locked computer needs it unlocked first.
    "GET /{tenant}/account/unlock",
    "POST /{tenant}/account/unlock",
    "POST /{tenant}/account/passkeys/options",
    "POST /{tenant}/account/passkeys",
    "POST /{tenant}/account/passkeys/abandoned",
    "POST /{tenant}/account/passkeys/{passkey}/rename",
    "GET /{tenant}/account/passkeys/{passkey}/remove",
    "POST /{tenant}/account/passkeys/{passkey}/remove",
    "POST /{tenant}/account/sign-out",
    "POST /{tenant}/account/sign-out-everywhere",
}


def test_a_session_that_is_held_to_registering_goes_nowhere_else(house: Any) -> None:
    held = house.sign_in_with_pass(house.people[Role.GLOBAL_ADMINISTRATOR])

    opened = set()
    for route in (route for route in ROUTES if route.wants_session):
        answer = ask(house, route, held)
        to_register = answer.headers.get("location", "").startswith("/example/account/passkeys/new?continue=")
        if not (to_register or "Your organisation asks for a passkey" in answer.text):
            opened.add(name(route))

    assert opened - {"GET /{tenant}/account/passkeys/new"} == WHILE_HELD - {"GET /{tenant}/account/passkeys/new"}
    assert {name(route) for route in ROUTES if route.while_held} == WHILE_HELD


@pytest.mark.parametrize("route", POSTS, ids=name)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.test", "sec-fetch-site": ""},
        {"origin": "https://evil.id.example.org", "sec-fetch-site": "same-site"},
        {"origin": "null", "sec-fetch-site": ""},
        {"origin": "", "sec-fetch-site": ""},
    ],
    ids=["another site", "an older browser", "a neighbour", "a sandboxed frame", "no browser"],
)
def test_nothing_is_changed_for_another_sites_page(house: Any, route: Route, headers: dict[str, str]) -> None:
    answer = ask(house, route, house.browsers[Role.GLOBAL_ADMINISTRATOR], **headers)

    assert answer.status_code == 403
    assert "did not come from one of our pages" in answer.text


@pytest.mark.parametrize("route", [r for r in POSTS if r.body and r.body.form], ids=name)
def test_a_form_works_with_the_token_of_its_own_browser_and_session_alone(house: Any, route: Route) -> None:
    administrator = house.browsers[Role.GLOBAL_ADMINISTRATOR]
    another = house.form_token(house.browsers[Role.GLOBAL_READER].get("/example/account"))

    for token in ("", another, another[:-2] + "AA"):
        answer = administrator.post_form(path(house, route), {}, token=token)
        assert answer.status_code == 403
        assert "This form is too old" in answer.text


@pytest.mark.parametrize("route", POSTS, ids=name)
def test_more_than_a_route_takes_is_refused(house: Any, route: Route) -> None:
    headers = {"content-type": route.body.content_type, "origin": "https://id.example.org"}
    too_much = b"x" * (route.body.max_bytes + 1)

    async def in_pieces() -> Any:
        yield too_much

    declared = house.browsers[None].send("POST", path(house, route), content=too_much, headers=headers)
    streamed = house.browsers[None].send("POST", path(house, route), content=in_pieces(), headers=headers)

    assert [declared.status_code, streamed.status_code] == [413, 413]


@pytest.mark.parametrize("route", POSTS, ids=name)
def test_another_content_type_is_refused(house: Any, route: Route) -> None:
    headers = {"content-type": "text/plain", "origin": "https://id.example.org"}

    answer = house.browsers[None].send("POST", path(house, route), content=b"{}", headers=headers)

    assert answer.status_code == 415


def test_every_change_is_asked_from_our_pages_and_counted() -> None:
    for route in POSTS:
        assert route.from_our_pages, route.path
        assert route.body is not None, route.path
        assert route.limit is not UNLIMITED, route.path
        assert route.body.form or route.face is Face.JSON, route.path


def test_guessing_passes_is_slowed_for_an_address(found: Any) -> None:
    office = found(scale=1)
    browser, page = office.browser(), "/example/sign-in/pass"
    token = office.form_token(browser.get(page))

    answers = [browser.post_form(page, {"user": "x", "pass": "y"}, token=token) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert "Too many requests" in answers[-1].text
    assert int(answers[-1].headers["retry-after"]) > 0
