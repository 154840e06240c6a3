"""Class 20: whatever people, administrators and apps call themselves is text on every page, and no page runs it.

One organisation is named throughout in markup; then every page of the route table is opened as its
administrator, and as a stranger with markup in every parameter.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import quote

import httpx2
import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import Role
from keystead_server.http.route import Face, Route
from keystead_server.http.table import routes
from keystead_server.policy.passkeys.model import FIRST_POLICY
from keystead_server.ports.changes import Replace
from keystead_testkit.access_policies import with_one_of_each
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.loop import run
from keystead_testkit.office import Office

SCRIPT = "<script>alert(1)</script>"
NAME = f"\"'><img src=x onerror=alert(1)>{SCRIPT}{{{{7*7}}}}"
# A username has no spaces.
USERNAME = "\"'><svg/onload=alert(1)>@x.example"
PAGES = [route for route in routes() if route.method == "GET" and route.face is Face.PAGE]


class Elements(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def assert_harmless(answer: httpx2.Response, what: str) -> None:
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy, what
    assert "unsafe-inline" not in policy, what
    assert "unsafe-eval" not in policy, what
    assert answer.headers["x-content-type-options"] == "nosniff", what
    for tag, attributes in Elements(answer.text).found:
        assert not [name for name in attributes if name.startswith("on")], f"{what}: <{tag}> {attributes}"
        assert tag != "script" or (attributes.get("src") or "").startswith("/assets/"), f"{what}: <{tag}> {attributes}"
        assert (tag, attributes.get("src")) != ("img", "x"), what
        for name in ("href", "src", "action", "formaction"):
            address = (attributes.get(name) or "").strip().lower()
            assert not address.startswith(("javascript:", "data:text", "vbscript:")), f"{what}: {address}"
    assert "49@" not in answer.text, what


@pytest.fixture
def named() -> Office:
    """An office in which everything that has a name is called NAME."""
    office = Office()
    office.allow_passwords()
    services = office.services
    run(office.store.write(Replace(replace(office.tenant, display_name=NAME), office.tenant)))
    office.tenant = replace(office.tenant, display_name=NAME)
    office.with_totp(office.session(), NAME[:64])
    office.register(office.new_passkey(), owner=office.session(), name=NAME[:64])
    office.ada = run(services.manage_user.rename(office.ada, username=USERNAME, display_name=NAME, by=OPERATOR))
    office.add_person("\"'><b>@x.example", Role.AUTHENTICATION_ADMINISTRATOR)
    group = run(services.manage_group.create(office.tenant.id, name=NAME, by=OPERATOR))
    run(services.manage_group.add_member(group, office.ada, by=OPERATOR))
    (profile,) = FIRST_POLICY.profiles
    office.save_policy(replace(FIRST_POLICY, profiles=(replace(profile, name=NAME),)))
    office.save_policy(replace(FIRST_POLICY, profiles=(replace(profile, name=f"{NAME}2"),)))
    with_one_of_each(office, NAME)
    office.http().sign_in_with_pass("contoso", NAME, NAME)
    return office


def administrators_browser(office: Office) -> HttpBrowser:
    browser = office.http()
    assert browser.sign_in("contoso", office.with_passkey(office.administrator)).status_code == 200
    return browser


def addresses(office: Office, route: Route) -> Iterator[str]:
    (group,) = run(office.store.groups.all(office.tenant.id))
    app = office.app(name=NAME).app
    passkey = run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))[0]
    secrets = run(office.store.secrets.of_user(office.tenant.id, office.ada.id))
    ids = {
        "tenant": "contoso", "user": office.ada.id, "group": group.id, "app": app.id, "passkey": passkey.id,
        "version": "1", "method": secrets.all[0].id, "item": "c1",
    }  # fmt: skip
    markup = quote(NAME, safe="")
    for others in (ids, {**ids, "user": markup, "group": markup, "app": markup, "version": markup}):
        path = re.sub(r"\{(\w+)\}", lambda m, known=others: known.get(m[1], markup), route.path)  # type: ignore[misc]
        yield path
        asked = ("q", "search", "user", "username", "login_hint", "continue", "to", "error", "state", "client_id")
        yield f"{path}?" + "&".join(f"{name}={markup}" for name in (*asked, "aaguid", "passkey", "after", "before"))


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.path)
def test_no_page_runs_what_somebody_is_called_or_what_stands_in_its_address(named: Office, route: Route) -> None:
    administrator, stranger = administrators_browser(named), named.http()
    ada = named.http()
    assert ada.sign_in("contoso", named.passkey).status_code == 200

    for path in addresses(named, route):
        for browser in (administrator, ada, stranger):
            answer = browser.get(path)
            assert answer.status_code < 500, path
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert_harmless(answer, path)


def test_names_are_shown_as_they_are(named: Office) -> None:
    page = administrators_browser(named).get("/contoso/admin/users").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert SCRIPT not in page
    assert "{{7*7}}" in page


@pytest.mark.parametrize("address", [f"x@{SCRIPT}.example", '"><script>@x.example', "javascript:alert(1)@x"])
def test_markup_is_no_mail_address(named: Office, address: str) -> None:
    answer = administrators_browser(named).submit(
        f"/contoso/admin/users/{named.ada.id}", f"/contoso/admin/users/{named.ada.id}/mail", {"mail": address}
    )

    assert answer.status_code == 422
    assert_harmless(answer, "mail")
    assert named.now_of(named.ada).mail is None


@pytest.mark.parametrize("path", ["/contoso/sign-in/pass", "/contoso/sign-in/password"])
def test_what_was_typed_into_a_form_comes_back_as_text(named: Office, path: str) -> None:
    fields = {"user": NAME, "pass": NAME, "password": NAME}

    answer = named.http().submit(path, path, fields)

    assert answer.status_code == 401
    assert_harmless(answer, path)
    assert SCRIPT not in answer.text
