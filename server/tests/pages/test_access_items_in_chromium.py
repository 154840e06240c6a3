"""Named locations, strengths and contexts in a real browser: by keyboard alone, at both widths, in both lights."""

from dataclasses import replace
from typing import Any

from keystead_server.domain.ids import AttemptId
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.domain.user import User
from keystead_server.policy.access.document import Context
from keystead_server.ports.changes import Add
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, publish, under_policies
from keystead_testkit.loop import run
from playwright.sync_api import Locator, Page, expect

from .in_chromium import NEEDS_CHROMIUM, look, policy_writer, url

pytestmark = NEEDS_CHROMIUM
REFUSED_WITH = ("403", "422")


def tab_to(page: Page, wanted: Locator) -> None:
    """With Tab alone, and the focus in sight on the way."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            assert wanted.evaluate("element => getComputedStyle(element).outlineStyle") != "none"
            return
    raise AssertionError("the Tab key does not get there")


def test_a_place_is_named_by_keyboard_alone(open_office: Any, page: Page) -> None:
    policy_writer(page, open_office, "typist")
    page.goto(url(open_office, "/admin/access/locations"))
    look(page, "access-locations-empty")

    tab_to(page, page.get_by_role("link", name="Name addresses"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/locations/new")
    tab_to(page, page.get_by_label("Name", exact=True))
    page.keyboard.type("Our office")
    tab_to(page, page.get_by_label("Addresses"))
    page.keyboard.type("203.0.113.9/24")
    tab_to(page, page.get_by_label("Trusted"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("write 203.0.113.0/24, or the address alone")).to_be_visible()
    expect(page.get_by_label("Trusted")).to_be_checked()
    look(page, "access-location-wrong")
    tab_to(page, page.get_by_label("Addresses"))
    page.keyboard.press("Control+A")
    page.keyboard.type("203.0.113.0/24")
    tab_to(page, page.get_by_role("button", name="Save"))
    page.keyboard.press("Enter")

    page.wait_for_url("**/locations?done=saved")
    expect(page.get_by_role("heading", name="Our office")).to_be_visible()
    expect(page.get_by_text("203.0.113.0/24")).to_be_visible()


def test_every_page_of_them_looks_well(open_office: Any, page: Page) -> None:
    office = open_office
    policy_writer(page, office, "looker")
    where = {"includeLocations": ["All"], "excludeLocations": ["place-0"]}
    report = policy_body("Only from the office", "block", state="enabledForReportingButNotEnforced", locations=where)
    places = (
        {"displayName": "Office", "ipRanges": ["203.0.113.0/24", "2001:db8::/32"], "isTrusted": True},
        {"displayName": "Abroad", "countriesAndRegions": ["JP"], "includeUnknownCountriesAndRegions": True},
    )
    under_policies(office, report, locations=places)
    publish(office, Context("c1", "Payments", "To pay out more than usual"), Context("c2", "Drafts", available=False))

    page.goto(url(office, "/admin/access/locations"))
    page.get_by_text("Remove Office").click()
    look(page, "access-locations")
    page.get_by_role("link", name="Name countries").click()
    look(page, "access-location-countries")
    page.goto(url(office, "/admin/access/locations/place-0"))
    look(page, "access-location")
    page.goto(url(office, "/admin/access/strengths"))
    look(page, "access-strengths")
    page.goto(url(office, f"/admin/access/strengths/{PHISHING_RESISTANT}"))
    look(page, "access-strength-built-in")
    page.goto(url(office, "/admin/access/strengths/new"))
    page.get_by_label("Name", exact=True).fill("Ours")
    page.get_by_label("Password", exact=True).check()
    page.get_by_label("Passkeys of these models only (optional)").fill("any of them")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("No AAGUID: “any”, “of” and “them”.")).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_be_checked()
    page.get_by_text("Methods that nobody can have here").click()
    look(page, "access-strength-wrong")
    page.goto(url(office, "/admin/access/contexts"))
    look(page, "access-contexts")
    page.goto(url(office, "/admin/access/contexts/new"))
    look(page, "access-context")


def signed_in(office: Any, person: User) -> None:
    """A row of the log, written as it is: the browser of this test is somebody else's."""
    now = office.services.clock.now()
    row = AttemptId(office.services.entropy.new_id(now))
    granted = (Purpose.SIGN_IN, Method.PASSKEY, Result.GRANTED, "granted", "192.0.2.7")
    run(office.store.write(Add(replace(Attempt(row, office.tenant.id, now, *granted), user_id=person.id))))


def test_a_change_of_a_place_is_looked_at_before_it_is_saved(open_office: Any, page: Page) -> None:
    office = open_office
    policy_writer(page, office, "mover")
    bob = office.person("placed@example.org")
    signed_in(office, bob)
    where = {"includeLocations": ["place-0"]}
    blocks = policy_body("Not from there", "block", users={"includeUsers": [bob.id]}, locations=where)
    under_policies(office, blocks, locations=({"displayName": "There", "ipRanges": ["203.0.113.0/24"]},))

    page.goto(url(office, "/admin/access/locations/place-0"))
    page.get_by_label("Addresses").fill("0.0.0.0/0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Before you save")).to_be_visible()
    expect(page.get_by_role("link", name="placed@example.org")).to_be_visible()
    look(page, "access-location-preview")
    page.get_by_role("button", name="Go on editing").click()
    expect(page.get_by_label("Addresses")).to_have_value("0.0.0.0/0")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Save it all the same").click()

    page.wait_for_url("**/locations?done=saved")


def test_an_insider_risk_is_said_on_the_persons_page(open_office: Any, page: Page) -> None:
    office = open_office
    policy_writer(page, office, "warden")
    bob = office.person("suspect@example.org")

    page.goto(url(office, f"/admin/users/{bob.id}"))
    page.get_by_text("Say what another system found").click()
    page.get_by_label("What was found").select_option("insider:elevated")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("The reason is one line of at most 300 characters.")).to_be_visible()
    look(page, "access-insider-risk-wrong")
    page.get_by_label("Reason").fill("Case 7: copied a customer list")
    page.get_by_label("It counts for").select_option("7")
    page.get_by_role("button", name="Keep it").click()

    expect(page.get_by_text("Case 7: copied a customer list")).to_be_visible()
    look(page, "access-insider-risk")
