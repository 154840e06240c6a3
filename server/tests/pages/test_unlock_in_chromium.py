"""The pages about PINs in a real browser: a computer is unlocked by its code, and what is asked of PINs is set."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from .in_chromium import NEEDS_CHROMIUM, administrator, look, sign_in_with_pass, url

pytestmark = NEEDS_CHROMIUM
REFUSED_WITH = ("422",)


def type_code(page: Page, code: str) -> None:
    page.get_by_role("textbox", name="Code").fill(code)
    page.get_by_role("button", name="Unlock the computer").click()


def test_a_wrong_code_an_expired_one_and_the_right_one(open_office: Any, page: Page) -> None:
    person = administrator(page, open_office, "unlocks", passkey="Telephone")
    over = open_office.keep_device(person, name="An old tower with a name that is rather long for a telephone")
    expired = open_office.show_unlock_code(over, minutes=-1)
    page.goto(url(open_office, "/account"))
    page.get_by_role("link", name="Unlock this computer").click()
    look(page, "unlock")

    type_code(page, "wrong")
    expect(page.get_by_role("textbox", name="Code")).to_have_accessible_description(
        re.compile("No computer of yours shows this code")
    )
    look(page, "unlock-wrong")
    type_code(page, expired)
    expect(page.get_by_role("textbox", name="Code")).to_have_accessible_description(re.compile("This code is over"))
    look(page, "unlock-over")
    type_code(page, open_office.show_unlock_code(over).replace("-", " ").lower())

    expect(page.get_by_role("heading", name="You may try your PIN again")).to_be_visible()
    look(page, "unlock-done")


def test_who_signed_in_with_a_pass_has_another_way_to_take(open_office: Any, page: Page) -> None:
    person = administrator(page, open_office, "passes", passkey="Telephone")
    device = open_office.keep_device(person, name="Tower")
    code = open_office.show_unlock_code(device)
    page.context.clear_cookies()
    sign_in_with_pass(page, open_office, person)
    page.goto(url(open_office, "/account/unlock"))

    type_code(page, code)

    expect(page.get_by_text("sign in with what you have besides")).to_be_visible()
    look(page, "unlock-sign-in-again")
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/account/unlock")
    expect(page.get_by_role("textbox", name="Code")).to_be_visible()


def test_the_rules_for_pins_are_set_and_mistakes_stand_beside_their_fields(open_office: Any, page: Page) -> None:
    administrator(page, open_office, "rules", passkey="Telephone")
    page.goto(url(open_office, "/admin"))
    page.get_by_role("link", name="PIN rules").first.click()
    look(page, "pin-rules")

    page.get_by_label("Shortest length").fill("3")
    page.get_by_label("Days until another one is due").fill("soo")
    page.get_by_role("button", name="Save").click()
    look(page, "pin-rules-wrong")
    page.get_by_label("Days until another one is due").fill("365")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Shortest length")).to_have_accessible_description(
        re.compile("A PIN's minimum length must be 4 to 127")
    )
    for name in ("Digits", "Lower-case letters", "Upper-case letters", "Everything else"):
        page.get_by_label(name).select_option("Not allowed")
    page.get_by_label("Shortest length").fill("8")
    page.get_by_role("button", name="Save").click()
    look(page, "pin-rules-nothing")
    page.get_by_label("Digits").select_option("Required")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_contain_text("The PIN rules were saved.")
    look(page, "pin-rules-saved")
