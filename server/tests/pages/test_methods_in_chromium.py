"""Passwords, authenticator apps and recovery codes in a real browser: set up, used, refused, removed."""

from base64 import b32decode
from datetime import UTC, datetime
from typing import Any

from keystead_server.domain.totp import code_at, step_at
from playwright.sync_api import Page, expect

from .in_chromium import NEEDS_CHROMIUM, look, sign_in_with_pass, sign_out, url

pytestmark = NEEDS_CHROMIUM

REFUSED_WITH = ("401", "422")
PASSWORD = "correct horse battery"


def totp(secret: bytes, steps: int = 0) -> str:
    return code_at(secret, step_at(datetime.now(UTC)) + steps)


def set_password(page: Page, office: Any) -> None:
    page.goto(url(office, "/account"))
    page.get_by_role("link", name="Set a password").click()
    look(page, "set-password")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your password was set.")


def set_up_totp(page: Page, office: Any) -> bytes:
    page.goto(url(office, "/account/authenticator-apps/new"))
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    page.get_by_text("I cannot scan it").click()
    secret = b32decode(page.locator(".secret").inner_text().replace(" ", ""))
    look(page, "set-up-totp")
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Add the app").click()
    field = page.get_by_label("Code", exact=True)
    expect(field).to_have_accessible_description(
        "Six digits. This is not the code that the app shows now; check its clock too."
    )
    look(page, "set-up-totp-wrong")
    # The app has the secret of before: it is offered again, not another.
    field.fill(totp(secret, -1))
    page.get_by_label("Name").fill("Telephone")
    page.get_by_role("button", name="Add the app").click()
    expect(page.get_by_role("status")).to_contain_text("Your authenticator app was added.")
    return secret


def type_password(page: Page, office: Any, person: Any, password: str = PASSWORD) -> None:
    page.goto(url(office, "/sign-in"))
    page.get_by_role("link", name="Use a password").click()
    page.get_by_label("Username").fill(person.username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Next").click()


def type_code(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()


def test_set_up_signed_in_refused_replayed_and_removed(open_office: Any, page: Page) -> None:
    office = open_office
    office.allow_passwords()
    person = office.person("two@example.org", display_name="Two Factors")
    sign_in_with_pass(page, office, person)
    set_password(page, office)
    secret = set_up_totp(page, office)
    sign_out(page)

    page.goto(url(office, "/sign-in"))
    look(page, "sign-in")
    type_password(page, office, person, "wrong horse battery")
    expect(page.get_by_role("alert")).to_contain_text("don't go together")
    look(page, "password-wrong")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("Code")).to_be_focused()
    look(page, "code")
    type_code(page, "123456")
    expect(page.get_by_role("alert")).to_contain_text("That code is not right")
    look(page, "code-wrong")
    code = totp(secret)
    type_code(page, code)
    page.wait_for_url("**/account")

    sign_out(page)
    type_password(page, office, person)
    type_code(page, code)
    expect(page.get_by_role("alert")).to_contain_text("used already")
    type_code(page, totp(secret, 1))
    page.wait_for_url("**/account")

    page.get_by_role("link", name="Make codes").click()
    look(page, "make-recovery-codes")
    page.get_by_role("button", name="Make ten codes").click()
    expect(page.get_by_role("listitem").locator("code")).to_have_count(10)
    look(page, "recovery-codes")
    recovery_code = page.get_by_role("listitem").locator("code").first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    look(page, "account")
    sign_out(page)
    type_password(page, office, person)
    look(page, "code-or-recovery-code")
    type_code(page, recovery_code)
    page.wait_for_url("**/account")
    expect(page.get_by_text("9 of 10 are left.")).to_be_visible()

    page.get_by_role("link", name="Remove Recovery codes").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("status")).to_contain_text("It was removed.")
    page.get_by_role("link", name="Remove Telephone").click()
    expect(page.get_by_text("Without it you have no way to sign in.")).to_be_visible()
    look(page, "remove-the-last")
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick the box")
    page.get_by_label("Remove it although I cannot sign in afterwards").check()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("status")).to_contain_text("It was removed.")
    expect(page.get_by_role("heading", name="Telephone")).to_have_count(0)
    look(page, "account-after")


def test_everything_works_with_the_keyboard_alone(open_office: Any, page: Page) -> None:
    office = open_office
    office.allow_passwords()
    person = office.person("keys@example.org")
    sign_in_with_pass(page, office, person)
    set_password(page, office)
    secret = set_up_totp(page, office)
    page.get_by_text("Rename").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name", exact=True).fill("Old telephone")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Old telephone")).to_be_visible()
    sign_out(page)

    page.goto(url(office, "/sign-in/password"))
    page.get_by_label("Username").focus()
    page.keyboard.type(person.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(totp(secret))
    page.keyboard.press("Enter")

    page.wait_for_url("**/account")


def test_why_something_cannot_be_added_is_said_before_anything_is_asked(open_office: Any, page: Page) -> None:
    office = open_office
    office.allow_passwords()
    person = office.person("late@example.org")
    sign_in_with_pass(page, office, person)
    set_password(page, office)
    set_up_totp(page, office)

    page.goto(url(office, "/account/recovery-codes"))

    expect(
        page.get_by_text("You signed in with a Temporary Access Pass, and you have a way to sign in")
    ).to_be_visible()
    look(page, "obstacle")
    page.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
