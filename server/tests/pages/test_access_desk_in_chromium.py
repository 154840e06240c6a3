"""Writing a Conditional Access policy in a real browser: from a template to its trial, kept, and biting."""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_testkit.browser import Chromium, add_virtual_authenticator, find_chromium
from playwright.sync_api import Page, expect

from .test_in_chromium import add_passkey, check_looks, sign_in_with_pass, sign_out, url, without_autofill

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with Chromium(size=(1280, 800)) as browser:
        yield browser


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    chromium.context.clear_cookies()
    chromium.problems.clear()
    page = chromium.new_page()
    yield page
    page.close()
    # The browser itself notes each answer that is no success.
    assert [problem for problem in chromium.problems if "422" not in problem and "403" not in problem] == []


def look(page: Page, name: str) -> None:
    """It is accessible and fits; with KEYSTEAD_SCREENSHOTS, a picture of each width and colour scheme is kept."""
    check_looks(page)
    folder = os.environ.get("KEYSTEAD_SCREENSHOTS")
    for width in (360, 1280) if folder else ():
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{folder}/access-{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")


def administrator(page: Page, office: Any, name: str) -> Any:
    person = office.person(f"{name}@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    add_virtual_authenticator(page)
    without_autofill(page)
    sign_in_with_pass(page, office, person)
    add_passkey(page, office)
    office.change_methods(security_defaults=False)
    return person


def test_a_template_becomes_a_trial_is_kept_and_bites(open_office: Any, page: Page, chromium: Chromium) -> None:
    office = open_office
    root = administrator(page, office, "writer")
    mia = office.person("mia@example.org")
    page.goto(url(office, "/admin/access"))
    look(page, "empty")
    page.get_by_role("link", name="Start from a template").click()
    look(page, "templates")
    page.get_by_role("link", name=re.compile("Start from this.*Phishing-resistant sign-in for everybody")).click()
    look(page, "editor")
    expect(page.get_by_label("People (optional)").nth(1)).to_have_value(root.username)
    page.get_by_label("It is", exact=True).select_option("On")
    page.get_by_label("Everybody").uncheck()
    page.get_by_label("People (optional)").first.fill("mia@example.org nobody")
    expect(page.get_by_text("There is nobody with the username “nobody”.")).to_be_visible()
    page.get_by_label("People (optional)").first.fill("mia@example.org")
    expect(page.locator("#short-said")).to_contain_text("It is for 1 of")
    page.get_by_role("button", name="See what it does").first.click()
    look(page, "preview")
    page.get_by_text("Save it on trial").first.click()
    page.get_by_role("button", name="Save it on trial").click()
    expect(page.get_by_text("A change is on trial until")).to_be_visible()
    look(page, "list-on-trial")
    page.get_by_role("link", name="Keep it or take it back").click()
    look(page, "trial")

    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/admin/access/trial")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("What was on trial is kept.")).to_be_visible()
    look(page, "list")
    page.get_by_role("link", name="Who is spared").first.click()
    look(page, "spared")
    page.get_by_role("link", name="History").click()
    look(page, "history")
    sign_out(page)

    page.goto(url(office, f"/sign-in/pass?user={mia.username}&pass={office.issue_pass(mia)}"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Phishing-resistant MFA").first).to_be_visible()
    assert [row.reason for row in office.attempts() if row.user_id == mia.id]


def test_a_policy_is_pasted_as_json(open_office: Any, page: Page) -> None:
    administrator(page, open_office, "paster")
    page.goto(url(open_office, "/admin/access/new"))
    page.get_by_label("Name", exact=True).fill("Pasted")
    page.get_by_role("button", name="As JSON").first.click()
    page.get_by_label("The policy").fill('{"displayName": "Pasted", "state": "on"}')
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_label("The policy")).to_have_accessible_description(re.compile("state: 'on' is not one of"))
    look(page, "json")
