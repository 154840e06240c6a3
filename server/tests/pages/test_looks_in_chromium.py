"""Every page in a real browser: accessible, in both lights, at both widths, for thumbs and without scripts."""

import re
from typing import Any

from keystead_testkit.browser import Chromium
from playwright.sync_api import Page, expect

from .in_chromium import NEEDS_CHROMIUM, administrator, look, url

pytestmark = NEEDS_CHROMIUM
REFUSED_WITH = ("422",)


def test_every_page_is_accessible_in_light_and_dark_and_fits_a_small_telephone(open_office: Any, page: Page) -> None:
    office = open_office
    group, app = office.add_group("A group with a name that is rather long for a telephone"), office.register_app()
    for path in ("/sign-in", "/sign-in/pass", "/sign-in/password", "/signed-out"):
        page.goto(url(office, path))
        look(page, f"door{path.replace('/', '-')}")
    person = administrator(page, office, "every", passkey="A passkey")
    device = office.keep_device(person, name="A tower with a name that is rather long for a telephone")
    own = ["", f"/passkeys/{office.passkeys_of(person)[0].id}/remove", "/devices/new"]
    people = ["", "/users", f"/users/{person.id}", "/groups", f"/groups/{group.id}", "/apps", f"/apps/{app.id}"]
    logs = ["/devices", f"/devices/{device.id}", "/passkey-policy", "/methods-policy", "/sign-ins", "/audit"]
    for path in [*(f"/account{p}" for p in own), *(f"/admin{p}" for p in [*people, *logs])]:
        page.goto(url(office, path))
        for details in page.locator("details").all()[:3]:
            details.locator("summary").first.click()
        look(page, "every" + re.sub(r"/(?:[0-9a-f]+-[0-9a-f-]+)", "-one", path).replace("/", "-"))


def test_what_is_shown_once_is_accessible_and_fits(open_office: Any, page: Page) -> None:
    administrator(page, open_office, "once")
    person = open_office.person("given@example.org")

    page.goto(url(open_office, "/account/devices/new"))
    page.get_by_role("button", name="Show a code").click()
    look(page, "once-enrolment-code")
    page.goto(url(open_office, f"/admin/users/{person.id}"))
    page.get_by_role("button", name="Issue a pass").click()
    look(page, "once-pass")
    page.goto(url(open_office, "/admin/apps"))
    page.get_by_label("Name").fill("Timesheets")
    page.get_by_label("Redirect URIs").fill(
        "https://timesheets.example.org/signed-in/with/an/address/that/is/rather/long"
    )
    page.get_by_role("button", name="Register").click()
    look(page, "once-app-secret")


def test_an_error_is_accessible_beside_its_field(open_office: Any, page: Page) -> None:
    administrator(page, open_office, "errors")
    page.goto(url(open_office, "/admin/passkey-policy"))
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_role("button", name="Save the policy").first.click()

    expect(page.get_by_label("Name", exact=True)).to_have_accessible_description("Give the profile a name.")
    look(page, "error-beside-its-field")


def test_targets_are_large_enough_for_a_thumb(open_office: Any, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(url(open_office, "/sign-in"))

    for control in page.locator("button, input:visible").all():
        box = control.bounding_box()
        assert box
        assert box["height"] >= 44


def test_without_javascript_a_pass_signs_in(open_office: Any) -> None:
    person = open_office.person("noscript@example.org")
    open_office.keep_synced_passkey(person)
    with Chromium(javascript=False, size=(360, 800)) as chromium:
        page = chromium.new_page(url(open_office, "/admin"))
        # Playwright's finding by text and role passes over what is inside noscript.
        expect(page.locator("noscript p").first).to_be_visible()
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
        page.get_by_role("link", name="Use a Temporary Access Pass").click()
        page.get_by_label("Username").fill(person.username)
        page.get_by_label("Pass", exact=True).fill(open_office.issue_pass(person))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/admin")

        # This person has no role, and is told so on a page.
        expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()
        assert all("403" in problem for problem in chromium.problems)
