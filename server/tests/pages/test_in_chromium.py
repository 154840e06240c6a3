"""Passkeys in a real browser: signing in with them, autofill, the keyboard, and what the page tells the browser."""

from typing import Any

from keystead_server.domain.user import Role
from keystead_testkit.browser import Chromium, add_virtual_authenticator
from playwright.sync_api import Page, expect

from .in_chromium import NEEDS_CHROMIUM, add_passkey, sign_in_with_pass, sign_out, url, without_autofill

pytestmark = NEEDS_CHROMIUM


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
