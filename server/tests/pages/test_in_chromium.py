"""The pages in a real browser: passkeys, keyboard, accessibility, and a silent console."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from keystead_server.domain.user import Role
from keystead_server.policy.methods.model import Campaign
from keystead_server.policy.people import user
from keystead_testkit.browser import Chromium, add_virtual_authenticator, find_chromium
from playwright.sync_api import Error, Page, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed"),
]

WIDTHS = (360, 1280)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with Chromium(size=(1280, 800)) as browser:
        yield browser


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    """A page of a browser without cookies; whatever it complains about fails the test."""
    chromium.context.clear_cookies()
    chromium.problems.clear()
    page = chromium.new_page()
    yield page
    page.close()
    assert chromium.problems == []


def url(office: Any, path: str) -> str:
    return f"{office.services.relying_party.public_url}/example{path}"


def sign_in_with_pass(page: Page, office: Any, person: Any) -> None:
    page.goto(url(office, f"/sign-in/pass?user={person.username}&pass={office.issue_pass(person)}"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account**")


def add_passkey(page: Page, office: Any, name: str = "") -> None:
    page.goto(url(office, "/account/passkeys/new"))
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url(re.compile(r"/account\?done=passkey_added|/sign-in\?continue="))
    if "/sign-in" in page.url:
        # Administrators go on with the new passkey alone. Where autofill is not held off, it has answered meanwhile.
        with suppress(Error):
            if not page.evaluate("PublicKeyCredential.isConditionalMediationAvailable()"):
                page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url("**/account")


def sign_out(page: Page) -> None:
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signed-out")


def without_autofill(page: Page) -> None:
    """A virtual authenticator answers autofill at once; here the button is to be pressed."""
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")


def test_a_pass_then_a_passkey_then_signed_in_by_it(open_office: Any, page: Page) -> None:
    person = open_office.person("first@example.org", display_name="First")
    authenticator = add_virtual_authenticator(page)
    without_autofill(page)

    sign_in_with_pass(page, open_office, person)
    add_passkey(page, open_office, "Work laptop")
    expect(page.get_by_role("heading", name="Work laptop")).to_be_visible()
    sign_out(page)
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/account")

    expect(page.get_by_role("heading", name="First")).to_be_visible()
    (credential,) = authenticator.credentials()
    assert credential["isResidentCredential"]


def test_a_passkey_signs_in_by_the_username_that_was_typed(open_office: Any, page: Page) -> None:
    person = open_office.person("named@example.org")
    add_virtual_authenticator(page, transport="usb")
    without_autofill(page)
    sign_in_with_pass(page, open_office, person)
    add_passkey(page, open_office)
    sign_out(page)
    page.goto(url(open_office, "/sign-in"))

    page.get_by_label("Username").fill("NAMED@example.org")
    page.keyboard.press("Enter")

    page.wait_for_url("**/account")


def test_enter_works_while_the_browser_has_not_yet_said_whether_it_has_autofill(open_office: Any, page: Page) -> None:
    """An extension may take its time over the answer; a form without its listener went to the page for passes."""
    person = open_office.person("hasty@example.org")
    add_virtual_authenticator(page)
    sign_in_with_pass(page, open_office, person)
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = () => new Promise(() => {})")
    add_passkey(page, open_office)
    sign_out(page)

    page.goto(url(open_office, "/sign-in"))
    page.get_by_role("button", name="Sign in with a passkey").press("Enter")

    page.wait_for_url("**/account")


def test_autofill_signs_in_without_pressing_the_button(open_office: Any, page: Page) -> None:
    person = open_office.person("autofill@example.org")
    add_virtual_authenticator(page)
    sign_in_with_pass(page, open_office, person)
    add_passkey(page, open_office)
    sign_out(page)

    page.goto(url(open_office, "/sign-in"))

    page.wait_for_url("**/account")
    expect(page.get_by_text("autofill@example.org").first).to_be_visible()


def test_after_signing_in_one_is_where_one_wanted_to_be(open_office: Any, page: Page) -> None:
    add_virtual_authenticator(page)
    person = open_office.person("back@example.org", roles=frozenset({Role.GLOBAL_READER}))
    sign_in_with_pass(page, open_office, person)
    add_passkey(page, open_office)
    sign_out(page)

    page.goto(url(open_office, "/admin/users?search=back"))

    page.wait_for_url("**/admin/users?search=back")


def test_a_refusal_of_the_browser_is_said_in_words_and_the_button_works_again(open_office: Any, page: Page) -> None:
    add_virtual_authenticator(page).refuse_user_verification()
    without_autofill(page)
    page.goto(url(open_office, "/sign-in"))

    button = page.get_by_role("button", name="Sign in with a passkey")
    button.click()

    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    expect(button).not_to_have_attribute("aria-disabled", "true")


def test_a_removed_passkey_is_said_with_a_number_and_forgotten_by_the_device(
    open_office: Any, page: Page, chromium: Chromium
) -> None:
    person = open_office.person("removed@example.org")
    authenticator = add_virtual_authenticator(page)
    without_autofill(page)
    sign_in_with_pass(page, open_office, person)
    add_passkey(page, open_office)
    sign_out(page)
    open_office.forget_passkeys(person)
    page.goto(url(open_office, "/sign-in"))

    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("alert")).to_contain_text("This passkey is not known here")
    expect(page.get_by_role("alert")).to_contain_text(open_office.attempts()[0].id)
    assert authenticator.credentials() == []
    # The browser itself notes each answer that is no success.
    assert all("401" in problem for problem in chromium.problems)
    chromium.problems.clear()


def test_a_passkey_removed_here_is_no_longer_offered_by_the_device(open_office: Any, page: Page) -> None:
    authenticator = add_virtual_authenticator(page)
    without_autofill(page)
    sign_in_with_pass(page, open_office, open_office.person("tidy@example.org"))
    add_passkey(page, open_office)
    sign_out(page)
    page.goto(url(open_office, "/sign-in"))
    page.get_by_role("button", name="Sign in with a passkey").click()

    page.get_by_role("link", name="Remove").click()
    page.get_by_label("Remove it although it is my only passkey").check()
    page.get_by_role("button", name="Remove the passkey").click()

    expect(page.get_by_role("status")).to_contain_text("The passkey was removed.")
    assert authenticator.credentials() == []


def test_the_button_works_while_autofill_waits_again_and_again(open_office: Any, page: Page) -> None:
    add_virtual_authenticator(page).refuse_user_verification()
    page.goto(url(open_office, "/sign-in"))
    page.wait_for_load_state("networkidle")

    for _ in range(2):
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("alert")).to_contain_text("No passkey was used")


def test_autofill_gets_a_new_challenge_before_the_old_one_ends(open_office: Any, page: Page) -> None:
    add_virtual_authenticator(page)
    page.clock.install()
    page.goto(url(open_office, "/sign-in"))
    page.wait_for_load_state("networkidle")

    with page.expect_request("**/sign-in/options"):
        page.clock.fast_forward("04:01")


def test_a_second_passkey_on_the_same_device_is_refused_by_the_device(open_office: Any, page: Page) -> None:
    add_virtual_authenticator(page)
    sign_in_with_pass(page, open_office, open_office.person("twice@example.org"))
    add_passkey(page, open_office)

    page.goto(url(open_office, "/account/passkeys/new"))
    page.get_by_role("button", name="Add a passkey").click()

    expect(page.get_by_role("alert")).to_contain_text("already has a passkey for your account")


def test_the_account_is_kept_in_order_with_the_keyboard_alone(open_office: Any, page: Page) -> None:
    add_virtual_authenticator(page)
    without_autofill(page)
    sign_in_with_pass(page, open_office, open_office.person("keys@example.org"))
    add_passkey(page, open_office, "Old name")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_text("Rename").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name", exact=True).fill("New name")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="New name")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("has a new name")


def test_every_page_is_accessible_in_light_and_dark_and_fits_a_small_telephone(open_office: Any, page: Page) -> None:
    without_autofill(page)
    add_virtual_authenticator(page)
    office, person = open_office, open_office.person("every@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    group, app = office.add_group("A group with a name that is rather long for a telephone"), office.register_app()
    for path in ("/sign-in", "/sign-in/pass", "/signed-out"):
        page.goto(url(office, path))
        check_looks(page)
    sign_in_with_pass(page, office, person)
    check_looks(page)
    add_passkey(page, office, "A passkey")
    check_looks(page)
    own = ["/account", f"/account/passkeys/{office.passkeys_of(person)[0].id}/remove"]
    admin = ["", "/users", f"/users/{person.id}", "/groups", f"/groups/{group.id}", "/apps", f"/apps/{app.id}"]
    logs = ["/passkey-policy", "/methods-policy", "/sign-ins", "/audit"]
    for path in [*own, *(f"/admin{p}" for p in [*admin, *logs])]:
        page.goto(url(office, path))
        for details in page.locator("details").all()[:3]:
            details.locator("summary").first.click()
        check_looks(page)


def check_looks(page: Page) -> None:
    where = page.url
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        # What axe finds does not depend on the colours, but for the contrast of them.
        found = _axe.run(page, options={"runOnly": ["color-contrast"]} if scheme == "dark" else None)
        assert found.violations_count == 0, f"{where} ({scheme}): {found.generate_report()}"


_axe = Axe()


def test_an_error_is_accessible_beside_its_field(open_office: Any, page: Page, chromium: Chromium) -> None:
    administrator = open_office.person("errors@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    add_virtual_authenticator(page)
    without_autofill(page)
    sign_in_with_pass(page, open_office, administrator)
    add_passkey(page, open_office)
    page.goto(url(open_office, "/admin/passkey-policy"))
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_role("button", name="Save the policy").first.click()

    expect(page.get_by_label("Name", exact=True)).to_have_accessible_description("Give the profile a name.")
    check_looks(page)
    chromium.problems.clear()


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


def test_the_account_page_tells_the_browser_which_passkeys_are_good_and_what_the_account_is_called(
    open_office: Any, page: Page
) -> None:
    page.add_init_script("""
        window.signals = [];
        for (const name of ["signalAllAcceptedCredentials", "signalCurrentUserDetails"]) {
          if (globalThis.PublicKeyCredential) PublicKeyCredential[name] = (told) => { window.signals.push([name, told]); return Promise.resolve(); };
        }""")
    add_virtual_authenticator(page)
    sign_in_with_pass(page, open_office, open_office.ada)
    add_passkey(page, open_office)

    signals = dict(page.evaluate("window.signals"))
    assert signals["signalAllAcceptedCredentials"]["allAcceptedCredentialIds"]
    told = signals["signalCurrentUserDetails"]
    assert (told["rpId"], told["name"], told["displayName"]) == (
        "localhost", open_office.ada.username, open_office.ada.display_name,
    )  # fmt: skip
    assert told["userId"] == signals["signalAllAcceptedCredentials"]["userId"]


def test_the_pages_of_the_passkey_policy_are_accessible_and_fit(
    open_office: Any, page: Page, chromium: Chromium
) -> None:
    office = open_office
    add_virtual_authenticator(page)
    without_autofill(page)
    administrator = office.person("policy@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    for number in range(3):
        someone = office.person(f"someone-with-a-rather-long-name-{number}@example.org")
        office.keep_synced_passkey(someone)
    sign_in_with_pass(page, office, administrator)
    add_passkey(page, office, "Laptop")
    policy = url(office, "/admin/passkey-policy")

    page.goto(policy)
    for details in page.locator("main details").all():
        details.locator("summary").click()
    look(page, "editor")
    page.get_by_label("Synced: a provider keeps copies").uncheck()
    page.get_by_label("Windows Hello, hardware").check()
    page.get_by_role("button", name="Save the policy").first.click()
    expect(page.get_by_role("heading", name="Before you save")).to_be_visible()
    look(page, "preview")
    page.get_by_role("button", name="Go on editing").click()
    expect(page.get_by_label("Windows Hello, hardware")).to_be_checked()
    page.get_by_role("button", name="Save the policy").first.click()
    page.get_by_role("button", name="Save, and refuse these passkeys").click()
    expect(page.get_by_role("status")).to_contain_text("The policy is in force.")

    page.get_by_role("link", name="Quarantine").click()
    page.wait_for_url("**/quarantine")
    look(page, "quarantine")
    page.get_by_role("link", name="What would change it").first.click()
    expect(page.get_by_role("status")).to_contain_text("may not sign in with this passkey")
    look(page, "try")
    page.get_by_role("link", name="The account of").click()
    expect(page.get_by_text("None of their passkeys can sign in.")).to_be_visible()
    look(page, "person")
    page.goto(f"{policy}/history")
    look(page, "history")
    page.get_by_role("button", name="Go back to this version").last.click()
    expect(page.get_by_role("heading", name="Before you go back to version 0")).to_be_visible()
    look(page, "restore")
    page.get_by_role("button", name="Save the policy").click()
    page.wait_for_url("**/passkey-policy?done=saved")
    page.get_by_role("link", name="Quarantine").click()
    expect(page.get_by_text("the policy accepts every passkey")).to_be_visible()


def look(page: Page, name: str) -> None:
    check_looks(page)
    folder = os.environ.get("KEYSTEAD_SCREENSHOTS")
    if folder:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            for scheme, suffix in (("light", ""), ("dark", "-dark")):
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=f"{folder}/{name}-{width}{suffix}.png", full_page=True)
            page.emulate_media(color_scheme="light")


def test_a_newcomer_registers_before_an_app_and_an_administrator_signs_in_anew(open_office: Any, page: Page) -> None:
    """Security defaults: the pass leads to a passkey and nowhere else."""
    person = open_office.person("newcomer@example.org", roles=frozenset({Role.GLOBAL_READER}))
    add_virtual_authenticator(page)
    without_autofill(page)

    sign_in_with_pass(page, open_office, person)
    page.goto(url(open_office, "/admin/users"))
    expect(page.get_by_text("Your organisation asks for a passkey.")).to_be_visible()
    expect(page.get_by_role("link", name="Not now")).to_have_count(0)
    look(page, "must-register")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/sign-in?continue=*")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/admin/users")

    expect(page.get_by_role("heading", name="People")).to_be_visible()


def test_a_passkey_for_this_device_is_suggested_put_off_and_then_asked_for(open_office: Any, page: Page) -> None:
    person = open_office.person("campaign@example.org")
    key = add_virtual_authenticator(page, transport="usb")
    without_autofill(page)
    sign_in_with_pass(page, open_office, person)
    add_passkey(page, open_office, "Security key")
    # What a security key says of itself would keep the question away everywhere; a telephone's says nothing.
    open_office.say_it_is_on_a_telephone(person)
    only = frozenset({user(person.id)})
    open_office.change_methods(campaign=Campaign(enabled=True, snooze=timedelta(0), allowed_snoozes=1, include=only))

    for forced in (False, True):
        sign_out(page)
        page.goto(url(open_office, "/sign-in"))
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url("**/account/passkeys/suggested")
        expect(page.get_by_role("heading", name="Add a passkey on this device")).to_be_visible()
        expect(page.get_by_role("button", name="It does not work here")).to_be_hidden()
        look(page, f"suggested-{'forced' if forced else 'first'}")
        if not forced:
            page.get_by_role("link", name="Not now").click()
            page.wait_for_url("**/account")

    expect(page.get_by_role("link", name="Not now")).to_have_count(0)
    # The only authenticator here holds a passkey of theirs already, so it makes no second one.
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("already has a passkey")).to_be_visible()
    page.get_by_role("button", name="It does not work here").click()
    page.wait_for_url("**/account")
    key.remove()
    open_office.change_methods(campaign=Campaign())


def test_the_methods_policy_is_changed_with_a_look_at_whom_it_touches(open_office: Any, page: Page) -> None:
    add_virtual_authenticator(page)
    without_autofill(page)
    root = open_office.person("methods@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    sign_in_with_pass(page, open_office, root)
    add_passkey(page, open_office)

    page.goto(url(open_office, "/admin/methods-policy"))
    look(page, "methods-policy")
    # What somebody holds: the pass that root came in with. Nobody is asked about what takes nothing from anybody.
    passes = page.get_by_role("region", name="Temporary Access Pass")
    passes.get_by_label("Switched on").uncheck()
    page.get_by_role("button", name="Save the policy").first.click()
    expect(page.get_by_role("heading", name="Before you save")).to_be_visible()
    look(page, "methods-preview")
    page.get_by_role("button", name="Save it all the same").click()
    page.wait_for_url("**/methods-policy?done=saved")
    page.get_by_role("link", name="History").click()
    look(page, "methods-history")
    page.get_by_role("button", name="Go back to this version").last.click()
    page.get_by_role("button", name="Save the policy").click()

    page.wait_for_url("**/methods-policy?done=saved")
    expect(passes.get_by_label("Switched on")).to_be_checked()
