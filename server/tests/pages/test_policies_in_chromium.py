"""What policies ask, in a real browser: their editors and previews, and the passkey that a newcomer must add."""

from datetime import timedelta
from typing import Any

from keystead_server.domain.user import Role
from keystead_server.policy.methods.model import Campaign
from keystead_server.policy.people import user
from keystead_testkit.browser import add_virtual_authenticator
from playwright.sync_api import Page, expect

from .in_chromium import (
    NEEDS_CHROMIUM,
    add_passkey,
    administrator,
    look,
    sign_in_with_pass,
    sign_out,
    url,
    without_autofill,
)

pytestmark = NEEDS_CHROMIUM


def test_the_pages_of_the_passkey_policy_are_accessible_and_fit(open_office: Any, page: Page) -> None:
    office = open_office
    for number in range(3):
        someone = office.person(f"someone-with-a-rather-long-name-{number}@example.org")
        office.keep_synced_passkey(someone)
    administrator(page, office, "policy", passkey="Laptop")
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
    administrator(page, open_office, "methods")

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
