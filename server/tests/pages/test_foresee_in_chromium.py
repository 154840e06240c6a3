"""Seeing ahead in a real browser: what if, replay with its bar, analyse, impact, and the log's rulings."""

import re
from typing import Any

import pytest
from keystead_server.http import runs
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies
from playwright.sync_api import Page, expect

from .in_chromium import (
    NEEDS_CHROMIUM,
    administrator,
    look,
    sign_in_with_pass,
    sign_out,
    url,
)

pytestmark = NEEDS_CHROMIUM
REFUSED_WITH = ("403", "422")

AWAY = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
HOME = {
    "@odata.type": "#microsoft.graph.ipNamedLocation",
    "displayName": "Head office",
    "isTrusted": True,
    "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}],
}


def settle(page: Page, office: Any, name: str) -> tuple[Any, Any]:
    """An administrator whom no policy keeps out, signed in with a passkey; and somebody with sign-ins in the log."""
    person = office.person(f"{name}-somebody-with-a-long-name@example.org", display_name="Somebody With A Long Name")
    sign_in_with_pass(page, office, person)
    sign_out(page)
    root = administrator(page, office, name, passkey="Laptop")
    watched = policy_body(
        "Everybody phishing-resistant", strength=PHISHING_RESISTANT, state="enabledForReportingButNotEnforced"
    )
    under_policies(
        office,
        policy_body("Two factors away from the office", "mfa", locations=AWAY),
        watched,
        policy_body("Two factors for everybody", "mfa", state="disabled"),
        locations=(HOME,),
        break_glass=frozenset({root.id}),
    )
    return person, root


def test_a_supposed_sign_in_is_asked_about_and_answered(open_office: Any, page: Page) -> None:
    person, _ = settle(page, open_office, "what-if")
    page.goto(url(open_office, "/admin/access"))
    page.get_by_role("link", name="What if").click()
    look(page, "what-if-form")

    page.get_by_label("Username").fill(person.username)
    page.get_by_label("Password").check()
    page.get_by_label("Address").fill("198.51.100.7")
    page.get_by_label("Under the policies").select_option("As if the report-only ones were on")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Ask").click()

    expect(page.get_by_role("status")).to_contain_text("They are asked for more.")
    expect(page.get_by_text("Policies that apply (2)")).to_be_visible()
    page.get_by_text("Two factors for everybody").click()
    look(page, "what-if-answer")
    page.get_by_label("Country").fill("X1")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("A country has two letters, such as NL.")).to_be_visible()
    look(page, "what-if-wrong")


def test_a_replay_shows_a_bar_and_then_names(open_office: Any, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    person, _ = settle(page, open_office, "replay")
    page.goto(url(open_office, "/admin/access/replay"))
    look(page, "replay-form")
    monkeypatch.setattr(runs, "SLICES_A_REQUEST", 1)
    monkeypatch.setattr(runs, "ROWS_A_SLICE", 1)
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    look(page, "replay-working")
    monkeypatch.undo()

    expect(page.get_by_text("decided again in")).to_be_visible()
    expect(page.get_by_role("heading", name=person.username)).to_be_visible()
    look(page, "replay-answer")

    page.get_by_role("link", name="Replay something else").click()
    page.get_by_text("Paste a draft").click()
    page.get_by_label("What if").select_option("What is pasted below is added")
    page.get_by_role("textbox", name="Draft").fill('{"displayName": "Nothing"}')
    page.get_by_role("button", name="Replay").click()
    expect(page.locator("#draft-error")).to_be_visible()
    expect(page.get_by_role("textbox", name="Draft")).to_have_value('{"displayName": "Nothing"}')


def test_findings_lead_to_what_if_and_impact_to_names(open_office: Any, page: Page) -> None:
    person, _ = settle(page, open_office, "analyse")
    page.goto(url(open_office, "/admin/access/analyse"))
    look(page, "analyse-form")
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_text("To be mended")).to_be_visible()
    look(page, "analyse-answer")
    page.get_by_role("link", name=re.compile("Look at it")).first.click()
    expect(page.get_by_role("status")).to_contain_text("They get in.")

    sign_in_with_pass(page, open_office, person)
    sign_out(page)
    sign_in_again(page, open_office)
    page.goto(url(open_office, "/admin/access/impact"))
    look(page, "impact")
    page.get_by_role("link", name="Everybody phishing-resistant").click()
    expect(page.get_by_role("heading", name="Would ask for more")).to_be_visible()
    look(page, "impact-closely")
    page.goto(url(open_office, f"/admin/sign-ins?user={person.username}"))
    page.locator("details").first.locator("summary").click()
    expect(page.get_by_text("Report-only: would ask for more").first).to_be_visible()
    look(page, "sign-in-ruled")


def sign_in_again(page: Page, office: Any) -> None:
    """With the passkey that `settle` added."""
    page.goto(url(office, "/sign-in"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/account")


def test_a_refused_person_sees_what_was_asked_and_what_to_do(open_office: Any, page: Page) -> None:
    person, administrator = settle(page, open_office, "refusals")
    sign_out(page)
    sign_in_with_pass(page, open_office, person)
    spared = frozenset({administrator.id})
    asked = {
        "blocked": (policy_body("Secret", "block"), "You cannot get in here now"),
        "needs-device": (policy_body("Secret", "compliantDevice"), "Use a computer that your organisation manages."),
        "needs-passkey": (policy_body("Secret", strength=PHISHING_RESISTANT), "Your organisation asks for more"),
    }
    for name, (policy, says) in asked.items():
        under_policies(open_office, policy, break_glass=spared)
        page.goto(url(open_office, "/account"))
        expect(page.get_by_text(says).first).to_be_visible()
        expect(page.get_by_text("Secret")).to_have_count(0)
        look(page, f"refused-{name}")
    under_policies(open_office)
