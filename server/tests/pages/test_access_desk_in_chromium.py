"""Writing a Conditional Access policy in a real browser: from a template to its trial, kept, and biting."""

import re
from typing import Any

from keystead_testkit.browser import Chromium
from playwright.sync_api import Page, expect

from .in_chromium import NEEDS_CHROMIUM, look, policy_writer, sign_out, url

pytestmark = NEEDS_CHROMIUM
REFUSED_WITH = ("403", "422")


def test_a_template_becomes_a_trial_is_kept_and_bites(open_office: Any, page: Page, chromium: Chromium) -> None:
    office = open_office
    root = policy_writer(page, office, "writer")
    mia = office.person("mia@example.org")
    page.goto(url(office, "/admin/access"))
    look(page, "access-empty")
    page.get_by_role("link", name="Start from a template").click()
    look(page, "access-templates")
    page.get_by_role("link", name=re.compile("Start from this.*Phishing-resistant sign-in for everybody")).click()
    look(page, "access-editor")
    expect(page.get_by_label("People (optional)").nth(1)).to_have_value(root.username)
    page.get_by_label("It is", exact=True).select_option("On")
    page.get_by_label("Everybody").uncheck()
    page.get_by_label("People (optional)").first.fill("mia@example.org nobody")
    expect(page.get_by_text("There is nobody with the username “nobody”.")).to_be_visible()
    page.get_by_label("People (optional)").first.fill("mia@example.org")
    expect(page.locator("#short-said")).to_contain_text("It is for 1 of")
    page.get_by_role("button", name="See what it does").first.click()
    look(page, "access-preview")
    page.get_by_text("Save it on trial").first.click()
    page.get_by_role("button", name="Save it on trial").click()
    expect(page.get_by_text("A change is on trial until")).to_be_visible()
    look(page, "access-list-on-trial")
    page.get_by_role("link", name="Keep it or take it back").click()
    look(page, "access-trial")

    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/admin/access/trial")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("What was on trial is kept.")).to_be_visible()
    look(page, "access-list")
    page.get_by_role("link", name="Who is spared").first.click()
    look(page, "access-spared")
    page.get_by_role("link", name="History").click()
    look(page, "access-history")
    sign_out(page)

    page.goto(url(office, f"/sign-in/pass?user={mia.username}&pass={office.issue_pass(mia)}"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Phishing-resistant MFA").first).to_be_visible()
    assert [row.reason for row in office.attempts() if row.user_id == mia.id]


def test_a_policy_is_pasted_as_json(open_office: Any, page: Page) -> None:
    policy_writer(page, open_office, "paster")
    page.goto(url(open_office, "/admin/access/new"))
    page.get_by_label("Name", exact=True).fill("Pasted")
    page.get_by_role("button", name="As JSON").first.click()
    page.get_by_label("The policy").fill('{"displayName": "Pasted", "state": "on"}')
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_label("The policy")).to_have_accessible_description(re.compile("state: 'on' is not one of"))
    look(page, "access-json")
