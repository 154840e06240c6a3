"""Every route of the server has a row here: who may open it, written out apart from the routes themselves.

What a page says of its own access, and whether the dispatcher keeps to it, is walked role by role in
`pages/test_routes.py` and `graph/test_routes.py`; here stands what it *should* say, so that neither a new route nor
another permission on an old one goes unseen. The doors of apps and containers have no permission: a role must change
nothing there.
"""

import re
from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_server.http.graph.routes import ROUTES as GRAPH
from keystead_server.http.pages.routes import ROUTES as PAGES
from keystead_server.http.route import UNLIMITED, Access, Route
from keystead_server.http.table import routes
from keystead_server.policy.api_permissions import ByToken
from keystead_server.policy.permissions import Permission
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.office import Office

OTHERS = [route for route in routes() if route not in PAGES and route not in GRAPH]
ROLES = [None, *Role]

# Without the tenant in front.
MAY_OPEN = {
    Access.PUBLIC: {
        "GET /", "GET /assets/{name}", "GET /{tenant}", "GET /.well-known/keystead", "GET /sign-in",
        "GET /sign-in/link/{link}", "GET /sign-in/pass", "GET /sign-in/password", "GET /signed-out",
        "POST /sign-in/assertion", "POST /sign-in/code", "POST /sign-in/link/{link}", "POST /sign-in/options",
        "POST /sign-in/pass", "POST /sign-in/password",
    },
    Access.SIGNED_IN: {
        "GET /account", "GET /account/authenticator-apps/new", "GET /account/devices/new",
        "GET /account/methods/{method}/remove", "GET /account/passkeys/new", "GET /account/passkeys/suggested",
        "GET /account/passkeys/{passkey}/remove", "GET /account/password", "GET /account/recovery-codes",
        "GET /account/unlock", "GET /sign-out", "GET /terms",
        "POST /account/authenticator-apps", "POST /account/devices/new", "POST /account/methods/{method}/remove",
        "POST /account/methods/{method}/rename", "POST /account/passkeys", "POST /account/passkeys/abandoned",
        "POST /account/passkeys/options", "POST /account/passkeys/suggested/failed",
        "POST /account/passkeys/{passkey}/acknowledge", "POST /account/passkeys/{passkey}/remove",
        "POST /account/passkeys/{passkey}/rename", "POST /account/password", "POST /account/recovery-codes",
        "POST /account/sign-out", "POST /account/sign-out-everywhere", "POST /account/unlock", "POST /terms",
    },
    Permission.READ_DIRECTORY: {
        "GET /admin", "GET /admin/access", "GET /admin/access/analyse", "GET /admin/access/what-if",
        "GET /admin/apps", "GET /admin/apps/{app}", "GET /admin/devices", "GET /admin/devices/{device}",
        "GET /admin/groups", "GET /admin/groups/{group}", "GET /admin/methods-policy",
        "GET /admin/methods-policy/history", "GET /admin/passkey-policy", "GET /admin/passkey-policy/history",
        "GET /admin/passkey-policy/quarantine", "GET /admin/passkey-policy/try", "GET /admin/pin-rules",
        "GET /admin/users", "GET /admin/users/{user}",
        "POST /admin/access/analyse", "POST /admin/access/analyse/stop",
        "GET /admin/access/emergency", "GET /admin/access/history", "GET /admin/access/policies/{policy}",
        "GET /admin/access/templates", "GET /admin/access/terms", "GET /admin/access/terms/{terms}",
        "GET /admin/access/trial",
    },
    Permission.WRITE_USERS: {
        "POST /admin/users", "POST /admin/users/{user}/disable", "POST /admin/users/{user}/enable",
        "POST /admin/users/{user}/mail", "POST /admin/users/{user}/remove", "POST /admin/users/{user}/rename",
        "POST /admin/users/{user}/roles",
    },
    Permission.MANAGE_RISK: {
        "POST /admin/users/{user}/risk",
    },
    Permission.ISSUE_PASSES: {
        "POST /admin/users/{user}/pass",
    },
    Permission.REMOVE_PASSKEYS: {
        "POST /admin/users/{user}/passkeys/{passkey}/remove",
    },
    Permission.REMOVE_METHODS: {
        "POST /admin/users/{user}/methods/{method}/remove",
    },
    Permission.WRITE_GROUPS: {
        "POST /admin/groups", "POST /admin/groups/{group}/members",
        "POST /admin/groups/{group}/members/{user}/remove", "POST /admin/groups/{group}/remove",
    },
    Permission.MANAGE_DEVICES: {
        "POST /admin/devices/{device}/disable", "POST /admin/devices/{device}/enable",
        "POST /admin/devices/{device}/remove", "POST /admin/devices/{device}/withdraw",
        "POST /admin/devices/{device}/withdraw-chip",
    },
    Permission.WRITE_APPS: {
        "POST /admin/apps", "POST /admin/apps/{app}/permissions", "POST /admin/apps/{app}/redirect-uris",
        "POST /admin/apps/{app}/remove", "POST /admin/apps/{app}/secret",
    },
    Permission.WRITE_POLICY: {
        "GET /admin/access/new", "POST /admin/access/confirm", "POST /admin/access/edit",
        "POST /admin/access/emergency", "POST /admin/access/emergency/{user}/remove",
        "POST /admin/access/history/{version}/restore", "POST /admin/access/new",
        "POST /admin/access/policies/{policy}", "POST /admin/access/policies/{policy}/remove",
        "POST /admin/access/policies/{policy}/state", "POST /admin/access/preview",
        "POST /admin/access/terms", "POST /admin/access/terms/{terms}", "POST /admin/access/terms/{terms}/remove",
        "POST /admin/access/trial/confirm", "POST /admin/access/trial/take-back",
        "POST /admin/methods-policy", "POST /admin/methods-policy/confirm", "POST /admin/methods-policy/edit",
        "POST /admin/methods-policy/history/{version}/restore", "POST /admin/methods-policy/preview",
        "POST /admin/passkey-policy", "POST /admin/passkey-policy/confirm", "POST /admin/passkey-policy/edit",
        "POST /admin/passkey-policy/history/{version}/restore", "POST /admin/passkey-policy/preview",
        "POST /admin/pin-rules",
    },
    Permission.READ_LOGS: {
        "GET /admin/access/impact", "GET /admin/access/replay", "GET /admin/audit", "GET /admin/sign-ins",
        "POST /admin/access/impact/stop", "POST /admin/access/replay", "POST /admin/access/replay/stop",
    },
}  # fmt: skip

# What an empty request is told: somebody unknown, and whoever is signed in, in whatever role.
ANSWERS = {
    "GET /healthz": (200, 200),
    "GET /openapi.json": (200, 200),
    "GET /.well-known/webauthn": (200, 200),
    "GET /.well-known/passkey-endpoints": (200, 200),
    "GET /v2.0/.well-known/openid-configuration": (200, 200),
    "GET /discovery/v2.0/keys": (200, 200),
    # No client, or no token, of which a role is none.
    "GET /oauth2/v2.0/authorize": (400, 400),
    "POST /oauth2/v2.0/authorize": (400, 400),
    "GET /oauth2/v2.0/resume": (400, 400),
    "GET /oauth2/v2.0/form-post.js": (200, 200),
    "POST /oauth2/v2.0/token": (401, 401),
    "GET /oidc/userinfo": (401, 401),
    "POST /oidc/userinfo": (401, 401),
    "OPTIONS /oidc/userinfo": (204, 204),
    "GET /oauth2/v2.0/logout": (303, 303),
    "POST /oauth2/v2.0/logout": (303, 303),
    # A form without the token of its page.
    "POST /oauth2/v2.0/logout/confirm": (401, 403),
    # No TPM's answer, for which no session stands in.
    "POST /devices/enrol/begin": (400, 400),
    "POST /devices/enrol/finish": (400, 400),
    "POST /devices/renew/begin": (400, 400),
    "POST /devices/renew/finish": (400, 400),
    "POST /devices/unlock/begin": (400, 400),
    "POST /devices/unlock/finish": (400, 400),
    "POST /devices/unlock/collect": (400, 400),
}
UNCOUNTED = {"GET /healthz", "GET /assets/{name}"}


def name(route: Route) -> str:
    return f"{route.method} {re.sub('^/{tenant}(?=/)', '', route.path)}"


@pytest.fixture(scope="module")
def house() -> Office:
    return Office()


@pytest.fixture(scope="module")
def browsers(house: Office) -> dict[Role | None, HttpBrowser]:
    """One for each role, signed in."""
    found = {}
    for number, role in enumerate(ROLES):
        person = house.add_person(f"person{number}@contoso.example", *([role] if role else []))
        found[role] = house.http()
        assert found[role].sign_in("contoso", house.with_passkey(person)).status_code == 200
    return found


def ask(browser: HttpBrowser, route: Route, content: bytes = b"") -> Any:
    """As one of our own pages would, so that nothing but the caller is what is judged."""
    headers = {"origin": browser.origin, "sec-fetch-site": "same-origin"}
    if route.body is None:
        return browser.send(route.method, route.path.replace("{tenant}", "contoso"), headers=headers)
    headers["content-type"] = route.body.content_type
    return browser.send(route.method, route.path.replace("{tenant}", "contoso"), headers=headers, content=content)


def test_every_route_has_its_row() -> None:
    said: dict[object, set[str]] = {}
    for route in PAGES:
        said.setdefault(route.access, set()).add(name(route))

    assert said == MAY_OPEN
    assert {name(route) for route in OTHERS} == set(ANSWERS)
    assert len(routes()) == len(PAGES) + len(GRAPH) + len(OTHERS)
    assert all(isinstance(route.access, ByToken) for route in GRAPH)


@pytest.mark.parametrize("route", OTHERS, ids=name)
def test_a_door_for_apps_and_containers_opens_alike_for_every_role(
    house: Office, browsers: dict[Role | None, HttpBrowser], route: Route
) -> None:
    stranger, anybody = ANSWERS[name(route)]

    assert ask(house.http(), route).status_code == stranger
    assert {role: ask(browsers[role], route).status_code for role in ROLES} == dict.fromkeys(ROLES, anybody)


@pytest.mark.parametrize("route", [route for route in OTHERS if route.body], ids=name)
def test_a_door_for_apps_and_containers_takes_no_more_than_it_says(house: Office, route: Route) -> None:
    assert route.body is not None

    assert ask(house.http(), route, b" " * (route.body.max_bytes + 1)).status_code == 413


def test_every_route_is_counted() -> None:
    assert {name(route) for route in routes() if route.limit is UNLIMITED} == UNCOUNTED
