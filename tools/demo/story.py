"""From an empty folder to a person signed in with a passkey that cannot leave their computer."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from keystead_testkit.browser import add_virtual_authenticator
from playwright.sync_api import BrowserContext, Page, expect

from tools.demo.stage import Laptop, Narrator

PIN = "739162"
HENRYS_PIN = "480257"
GRACE = "grace@contoso.example"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the administrator hands over."""

    link: str
    username: str


def administrator_arrives(tell: Narrator, page: Page, link: str) -> None:
    tell.chapter("An administrator signs in with the one-time link and registers a passkey")
    add_virtual_authenticator(page)
    page.goto(link)
    tell.picture(page, "one-time-link")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Add a passkey")).to_be_visible()
    tell.done("the one-time link signs the administrator in, once")
    tell.picture(page, "administrator-adds-a-passkey")
    page.get_by_label("Name").fill("Admin laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("Admin laptop").first).to_be_visible()
    tell.done("the administrator has a passkey")
    tell.picture(page, "administrator-account")


def administrator_registers_app(tell: Narrator, page: Page, base: str, callback: str) -> tuple[str, str]:
    tell.chapter("The administrator registers an app that speaks OpenID Connect")
    page.goto(f"{base}/admin/apps")
    page.get_by_label("Name").fill("Expenses")
    page.get_by_label("Redirect URIs").fill(callback)
    tell.picture(page, "register-app")
    page.get_by_role("button", name="Register").click()
    expect(page.locator("output.secret").first).to_be_visible()
    tell.picture(page, "app-registered")
    client_id = page.locator("dl.facts code").first.inner_text().strip()
    secret = page.locator("output.secret").inner_text().strip()
    tell.done("the app has a client id, and a secret that is shown once")
    return client_id, secret


def administrator_invites(tell: Narrator, page: Page, base: str) -> Invitation:
    tell.chapter("The administrator creates a user and a Temporary Access Pass")
    page.goto(f"{base}/admin/users")
    page.get_by_label("Username", exact=True).fill(GRACE)
    page.get_by_role("textbox", name=re.compile(r"^Name")).fill("Grace Hopper")
    tell.picture(page, "add-a-person")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="Grace Hopper")).to_be_visible()
    tell.done("Grace Hopper has an account, and no password")
    tell.picture(page, "a-person")
    page.get_by_role("button", name="Issue a pass").click()
    expect(page.get_by_role("heading", name="Temporary Access Pass")).to_be_visible()
    tell.done("Grace has a pass for an hour; only its digest is kept")
    tell.picture(page, "pass-issued")
    link = page.locator("output.long").inner_text().strip()
    return Invitation(link, GRACE)


def grace_sets_up_her_laptop(tell: Narrator, laptop: Laptop, base: str) -> None:
    tell.chapter("Grace's laptop, which nobody manages")
    laptop.run("enrol", base)
    tell.done("keystead-agent enrol: the container will answer this identity provider, and no other")
    laptop.agent.pinentry.answer({"pin": PIN})
    laptop.run("pin", "set")
    tell.done("keystead-agent pin set: the TPM holds the PIN and counts wrong ones")
    laptop.run("browser", "install")
    tell.done("keystead-agent browser install: the extension works on the identity provider's pages only")


def grace_signs_in_with_her_pass(tell: Narrator, context: BrowserContext, invitation: Invitation) -> Page:
    tell.chapter("Grace signs in with her pass; until she has a passkey she can do nothing but get one")
    page = context.new_page()
    page.goto(invitation.link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Add a passkey")).to_be_visible()
    tell.done("the pass signs Grace in")
    tell.picture(page, "grace-adds-a-passkey")
    return page


def grace_proves_her_laptop(tell: Narrator, laptop: Laptop, page: Page, base: str) -> None:
    tell.chapter("Her laptop proves its security chip to the identity provider")
    page.goto(f"{base}/account/devices/new")
    page.get_by_role("button", name="Show a code").click()
    command = page.locator("output.secret").inner_text().split()
    tell.picture(page, "enrol-a-computer")
    laptop.agent.pinentry.answer({"pin": PIN})
    laptop.run(*command[1:])
    tell.done("keystead-agent enrol --code: the maker vouches for the chip, the chip for its attestation key")
    tell.done("keystead-agent status:\n" + _indented(laptop.run("status")))


def grace_registers(tell: Narrator, laptop: Laptop, page: Page, base: str) -> None:
    tell.chapter("Grace registers a passkey that is kept in the TPM, and the server can tell")
    page.goto(f"{base}/account/passkeys/new")
    laptop.agent.pinentry.answer({"pin": PIN})
    page.get_by_label("Name").fill("Grace's laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("Grace's laptop").first).to_be_visible()
    asked = laptop.agent.pinentry.asked[-1]
    tell.done(f"the agent asked for the PIN: “{' '.join(str(asked['desc']).split())}”")
    expect(page.get_by_text("proved to us that this key cannot leave it").first).to_be_visible()
    tell.done("her account page: the device's security chip proved to us that this key cannot leave it")
    tell.picture(page, "grace-account")
    tell.done("keystead-agent list:\n" + _indented(laptop.run("list")))
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.get_by_role("heading", name="signed out")).to_be_visible()
    tell.picture(page, "signed-out")


def henry_uses_the_same_computer(tell: Narrator, henrys: Laptop, graces: Laptop, base: str) -> None:
    tell.chapter("Henry has an account on the same computer, and a container of his own in the same chip")
    henrys.run("enrol", base)
    henrys.agent.pinentry.answer({"pin": HENRYS_PIN})
    henrys.run("pin", "set")
    tell.done("keystead-agent pin set: another PIN, with a count of its own in the TPM")
    tell.done(f"keystead-agent status, as Henry: {_tries(henrys)}")
    tell.done(f"keystead-agent status, as Grace: {_tries(graces)}")


def _tries(laptop: Laptop) -> str:
    (line,) = (line for line in laptop.run("status").splitlines() if line.startswith("Tries left"))
    return " ".join(line.split())


def _indented(printed: str) -> str:
    return "\n".join(f"             {line}" for line in printed.strip().splitlines())


def grace_signs_in_to_the_app(tell: Narrator, laptop: Laptop, page: Page, app: str) -> None:
    tell.chapter("A real OIDC app sends Grace to sign in")
    page.goto(app)
    tell.picture(page, "app")
    page.get_by_role("link", name=re.compile("sign in", re.I)).or_(
        page.get_by_role("button", name=re.compile("sign in", re.I))
    ).first.click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    tell.done("the app redirects to the identity provider")
    tell.picture(page, "sign-in")
    laptop.agent.pinentry.answer({"pin": PIN})
    press_sign_in(page)
    expect(page.get_by_text("Grace Hopper").first).to_be_visible()
    if urlsplit(page.url).netloc != urlsplit(app).netloc:
        raise AssertionError(f"expected to be at the app, not at {page.url}")
    tell.done("Grace types her PIN, the TPM signs, and she is in")
    tell.picture(page, "app-signed-in")


def press_sign_in(page: Page) -> None:
    """By the keyboard: the list of passkeys that opens below the name may lie over the button."""
    page.get_by_role("button", name="Sign in with a passkey").press("Enter")
