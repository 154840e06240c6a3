from dataclasses import replace
from typing import Any
import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import Role
from keystead_server.policy.methods.model import Campaign
from playwright.sync_api import Page
from .test_in_chromium import *  # noqa
from .conftest import run
pytestmark = pytest.mark.browser
OUT = "/tmp/p/shots"

def shoot(page: Page, name: str) -> None:
    for width in (1280, 360):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{OUT}/{name}-{width}-{scheme}.png", full_page=True)

def test_shots(open_office: Any, page: Page) -> None:
    without_autofill(page)
    add_virtual_authenticator(page)
    office = open_office
    person = office.person("grace.hopper@example.org", display_name="Grace Hopper", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    for path, name in (("/sign-in", "sign-in"), ("/sign-in/pass", "sign-in-pass")):
        page.goto(url(office, path)); shoot(page, name)
    sign_in_with_pass(page, office, person)
    shoot(page, "held")
    add_passkey(page, office, "A passkey")
    office.allow_passwords()
    for path, name in (("/sign-in", "sign-in-all"), ("/sign-in/password", "sign-in-password"), ("/account", "account"), ("/account/password", "password"), ("/account/authenticator-apps/new", "totp"),
        (f"/admin/users/{person.id}", "person"), ("/admin", "admin"), ("/admin/passkey-policy", "passkey-policy"), ("/admin/methods-policy", "methods-policy"), ("/admin/sign-ins", "sign-ins"), ("/admin/audit", "audit"), ("/admin/passkey-policy/try", "try")):
        page.goto(url(office, path)); shoot(page, name)
    app = office.register_app(name="Timesheets")
    run(office.services.manage_app.set_permissions(app, delegated={"User.Read"}, application={"AuditLog.Read.All"}, by=OPERATOR))
    page.goto(url(office, f"/admin/apps/{app.id}")); shoot(page, "app")
    bob = office.person("bob@example.org"); office.issue_pass(bob)
    page.goto(url(office, "/admin/methods-policy"))
    page.get_by_label("Security defaults", exact=False).first.check() if False else None
    office.change_methods(campaign=Campaign(enabled=True))
    page.goto(url(office, f"/admin/users/{bob.id}"))
    for d in page.locator("details").all(): d.locator("summary").first.click()
    shoot(page, "person-open")
    page.goto(url(office, "/admin/methods-policy"))
    page.locator("[name=TemporaryAccessPass-enabled]").first.uncheck()
    page.get_by_role("button", name="Save the policy").first.click()
    shoot(page, "preview")
