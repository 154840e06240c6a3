"""Class 21: what an address names is what is judged, what a form does not offer is not taken, no secret comes back."""

import re
from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_server.http.route import Access
from keystead_server.http.table import routes
from keystead_server.policy.passkeys.model import FIRST_POLICY
from keystead_testkit.access_policies import with_one_of_each
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.loop import run
from keystead_testkit.office import Office


@pytest.fixture
def administrators_browser(office: Office) -> HttpBrowser:
    browser = office.http()
    assert browser.sign_in("contoso", office.with_passkey(office.administrator)).status_code == 200
    return browser


def submit(browser: HttpBrowser, action: str, fields: dict[str, str], *, tenant: str = "contoso") -> int:
    return browser.submit(f"/{tenant}/account", action, fields).status_code


def test_fields_that_a_form_does_not_offer_change_nothing(office: Office, administrators_browser: HttpBrowser) -> None:
    sneaked = {
        "roles": Role.GLOBAL_ADMINISTRATOR.value, "role": Role.GLOBAL_ADMINISTRATOR.value, "enabled": "no",
        "id": "x", "user_id": office.administrator.id, "tenant_id": "x", "handle": "x", "is_administrator": "true",
    }  # fmt: skip

    path = f"/contoso/admin/users/{office.ada.id}/rename"
    submit(administrators_browser, path, {"username": "ada", "display_name": "Ada", **sneaked})

    ada = office.now_of(office.ada)
    assert (ada.username, ada.display_name) == ("ada", "Ada")
    assert (ada.roles, ada.enabled, ada.id, ada.handle) == (frozenset(), True, office.ada.id, office.ada.handle)


def test_the_person_in_the_address_is_meant_and_not_one_in_the_form(
    office: Office, administrators_browser: HttpBrowser
) -> None:
    grace = office.add_person("grace@contoso.example")

    submit(administrators_browser, f"/contoso/admin/users/{grace.id}/disable", {"user": office.ada.id})

    assert (office.now_of(grace).enabled, office.now_of(office.ada).enabled) == (False, True)


def test_a_passkey_named_beside_another_person_is_not_found(
    office: Office, administrators_browser: HttpBrowser
) -> None:
    grace = office.add_person("grace@contoso.example")
    (passkey,) = run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))

    path = f"/contoso/admin/users/{grace.id}/passkeys/{passkey.id}/remove"

    assert submit(administrators_browser, path, {}) == 404
    assert run(office.store.passkeys.get(office.tenant.id, passkey.id)) == passkey


def test_an_administrator_of_another_tenant_finds_nobody_of_ours(office: Office) -> None:
    _, mallory = office.found("fabrikam")
    browser = office.http()
    assert browser.sign_in("fabrikam", office.with_passkey(mallory)).status_code == 200
    app, group = office.app().app, "00000000-0000-7000-8000-000000000000"
    (passkey,) = run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))
    office.save_policy(FIRST_POLICY)
    # A version of a policy is counted in each organisation, and theirs has none yet.
    ids = {"user": office.ada.id, "passkey": passkey.id, "app": app.id, "group": group, "version": "1", "method": group}
    ids |= {"device": group, "policy": group, "terms": group, "item": with_one_of_each(office)}

    for route in routes():
        if "/admin/" not in route.path or "{" not in route.path.replace("{tenant}", ""):
            continue
        path = re.sub(r"\{(\w+)\}", lambda m: {"tenant": "fabrikam", **ids}[m[1]], route.path)
        status = (
            browser.get(path).status_code if route.method == "GET" else submit(browser, path, {}, tenant="fabrikam")
        )
        assert status in (404, 422), f"{route.method} {path}: {status}"
    assert office.now_of(office.ada) == office.ada
    assert run(office.store.apps.get(office.tenant.id, app.id)) == app


def test_one_tenants_administrator_is_nobody_in_the_next(office: Office) -> None:
    _, mallory = office.found("fabrikam")
    browser = office.http()
    browser.sign_in("fabrikam", office.with_passkey(mallory))

    assert browser.get("/contoso/admin/users").headers["location"].startswith("/contoso/sign-in")


def test_whoever_has_no_role_sees_no_administration(browser: HttpBrowser) -> None:
    for route in routes():
        if route.path.startswith("/{tenant}/admin") and route.method == "GET":
            path = re.sub(r"\{(?!tenant)\w+\}", "x", route.path).replace("{tenant}", "contoso")
            assert browser.get(path).status_code == 403, path


def test_every_administrators_route_asks_for_a_permission() -> None:
    for route in routes():
        if "/admin" in route.path:
            assert not isinstance(route.access, Access), route.path


def test_no_page_and_no_log_shows_a_secret_again(office: Office, administrators_browser: HttpBrowser) -> None:
    registered, issued = office.app(), office.issue_pass()
    assert registered.secret is not None
    kept = run(office.store.signing_keys.all())
    secrets = [registered.secret, issued.code, registered.app.secret_digests[0].hex(), issued.access_pass.digest.hex()]
    secrets += [key.sealed.hex() for key in kept]
    ids = {"tenant": "contoso", "user": office.ada.id, "app": registered.app.id}

    for route in routes():
        names = set(re.findall(r"\{(\w+)\}", route.path))
        if route.method != "GET" or names - set(ids):
            continue
        page: Any = administrators_browser.get(re.sub(r"\{(\w+)\}", lambda m: ids[m[1]], route.path))
        for secret in secrets:
            assert secret not in page.text, route.path
    assert registered.secret not in repr(run(office.store.logs.audit(office.tenant.id, limit=1000)))
