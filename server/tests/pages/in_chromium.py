"""What the tests in a real Chromium share: getting in, getting out, and looking closely at a page."""

import os
import re
from contextlib import suppress
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from keystead_server.domain.user import Role
from keystead_testkit.browser import add_virtual_authenticator, find_chromium
from playwright.sync_api import Error, Page

NEEDS_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed"),
]
_WIDTHS = (360, 1280)
_axe = Axe()


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


def administrator(page: Page, office: Any, name: str, *, passkey: str = "") -> Any:
    """Somebody who administers, signed in with the passkey of that name."""
    person = office.person(f"{name}@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    add_virtual_authenticator(page)
    without_autofill(page)
    sign_in_with_pass(page, office, person)
    add_passkey(page, office, passkey)
    return person


def policy_writer(page: Page, office: Any, name: str) -> Any:
    """An administrator who may write Conditional Access: security defaults are off."""
    person = administrator(page, office, name)
    office.change_methods(security_defaults=False)
    return person


def look(page: Page, name: str) -> None:
    """The page is accessible in both lights and fits both widths; KEYSTEAD_SCREENSHOTS names a folder for pictures."""
    folder = os.environ.get("KEYSTEAD_SCREENSHOTS")
    for width in _WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
        for scheme in ("light", "dark") if folder else ():
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        # What axe finds does not depend on the colours, but for the contrast of them.
        found = _axe.run(page, options={"runOnly": ["color-contrast"]} if scheme == "dark" else None)
        assert found.violations_count == 0, f"{page.url} ({scheme}): {found.generate_report()}"
