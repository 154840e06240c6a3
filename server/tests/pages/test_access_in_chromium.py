"""Terms of use, risk and emergency accounts in a real browser."""

from dataclasses import replace
from typing import Any

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import Role
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.terms import Terms
from keystead_testkit.access_policies import policy_body
from playwright.sync_api import Page, expect

from .asgi_browser import run
from .in_chromium import NEEDS_CHROMIUM, look

pytestmark = NEEDS_CHROMIUM
REFUSED_WITH = ("401", "403", "422")
TEXT = "Use our systems for work.\nKeep what you see to yourself.\n\nAsk the help desk when in doubt: it is open from eight to six."


def sign_in(page: Page, office: Any, person: Any) -> None:
    base = f"{office.services.relying_party.public_url}/example"
    page.goto(f"{base}/sign-in/pass?user={person.username}&pass={office.issue_pass(person)}")
    page.get_by_role("button", name="Sign in").click()


def test_terms_are_read_declined_and_accepted(open_office: Any, page: Page) -> None:
    open_office.change_methods(security_defaults=False)
    person = open_office.person("terms@example.org")
    body = policy_body("Terms", terms=["t1"], users={"includeUsers": [person.id]})

    def edit(rules: AccessRules) -> AccessRules:
        with_text = rules.with_terms([Terms("t1", "House rules", TEXT)])
        policies = (read_policy(body, new_id="p1").policy,)
        return replace(with_text, set=replace(with_text.set, policies=policies))

    run(open_office.services.manage_access.change(open_office.tenant.id, edit, by=OPERATOR, about="a test"))
    sign_in(page, open_office, person)
    page.wait_for_url("**/terms?continue=*")
    expect(page.get_by_role("heading", name="House rules")).to_be_visible()
    look(page, "terms")

    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("alert")).to_contain_text("You declined, so you cannot go on.")
    look(page, "terms-declined")
    page.get_by_role("button", name="Accept and go on").click()

    page.wait_for_url("**/account**")


def test_risk_and_emergency_accounts_are_shown_to_who_administers(open_office: Any, page: Page) -> None:
    open_office.change_methods(security_defaults=False)
    boss = open_office.person("boss@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    risky = open_office.person("risky@example.org")
    supply = open_office.services.manage_risk.supply
    run(supply(risky, level="high", event_type="leakedCredentials", says="on a list of stolen passwords", by=OPERATOR))

    def edit(rules: AccessRules) -> AccessRules:
        return replace(rules, set=replace(rules.set, break_glass=frozenset({risky.id})))

    run(open_office.services.manage_access.change(open_office.tenant.id, edit, by=OPERATOR, about="a test"))
    sign_in(page, open_office, boss)
    page.wait_for_url("**/account**")
    base = f"{open_office.services.relying_party.public_url}/example/admin"

    page.goto(base)
    expect(page.get_by_text("the emergency account risky@example.org is no Global Administrator")).to_be_visible()
    look(page, "emergency")
    page.goto(f"{base}/users/{risky.id}")
    look(page, "risk")
    page.get_by_role("button", name="It is nothing: dismiss").click()

    expect(page.get_by_text("Nothing counts: it was dismissed")).to_be_visible()


def test_terms_are_written_by_who_administers(open_office: Any, page: Page) -> None:
    open_office.change_methods(security_defaults=False)
    boss = open_office.person("writer@example.org", roles=frozenset({Role.GLOBAL_ADMINISTRATOR}))
    sign_in(page, open_office, boss)
    page.wait_for_url("**/account**")
    address = f"{open_office.services.relying_party.public_url}/example/admin/access/terms"
    page.goto(address)
    page.get_by_label("Name").fill("Rules of the house")
    page.get_by_label("Text").fill(TEXT)
    page.get_by_label("Days until").fill("soon")
    page.get_by_role("button", name="Write").click()
    expect(page.get_by_text("This must be a number of days, or empty.")).to_be_visible()
    look(page, "terms-wrong")

    page.get_by_label("Days until").fill("365")
    page.get_by_role("button", name="Write").click()

    page.wait_for_url("**?done=written")
    expect(page.get_by_text("Version 1, accepted by 0 people, each time for 365 days")).to_be_visible()
    look(page, "terms-text")
    page.goto(address)
    look(page, "terms-list")


def test_who_is_at_risk_is_led_to_change_the_password(open_office: Any, page: Page) -> None:
    # Office's own defaults, with passwords.
    open_office.allow_passwords()
    person = open_office.person("new-password@example.org")
    body = policy_body("Risky", userRiskLevels=["high"], users={"includeUsers": [person.id]})
    grant = {"operator": "AND", "builtInControls": ["mfa", "passwordChange"]}

    def edit(rules: AccessRules) -> AccessRules:
        asking = read_policy(body | {"grantControls": grant}, new_id="p2").policy
        return replace(rules, set=replace(rules.set, policies=(asking,)))

    run(open_office.services.manage_access.change(open_office.tenant.id, edit, by=OPERATOR, about="a test"))
    sign_in(page, open_office, person)
    page.wait_for_url("**/account**")
    base = f"{open_office.services.relying_party.public_url}/example/account"
    page.goto(f"{base}/password")
    page.get_by_label("New password").fill("first good phrase")
    page.get_by_label("The same again").fill("first good phrase")
    page.get_by_role("button", name="Set the password").click()
    page.wait_for_url("**?done=password_set")
    supply = open_office.services.manage_risk.supply
    run(supply(person, level="high", event_type="leakedCredentials", says="on a list", by=OPERATOR))

    page.goto(base)
    page.wait_for_url("**/account/password?continue=*")
    look(page, "new-password")
    for typed, says in (("first good phrase", "think of another"), ("another good phrase", None)):
        page.get_by_label("New password").fill(typed)
        page.get_by_label("The same again").fill(typed)
        page.get_by_role("button", name="Change the password").click()
        if says is not None:
            expect(page.get_by_text(says)).to_be_visible()

    page.wait_for_url(base)
