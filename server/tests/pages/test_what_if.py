"""The what-if page: one verdict, what is asked for, and of every policy why, in the words of the editor."""

from typing import Any
from urllib.parse import urlencode

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies
from keystead_testkit.loop import run

from .policy_forms import words

PAGE = "/example/admin/access/what-if"
OFFICE = {
    "@odata.type": "#microsoft.graph.ipNamedLocation",
    "displayName": "Head office",
    "isTrusted": True,
    "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}],
}
AWAY = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def under(office: Any, *policies: dict[str, Any], locations: tuple[dict[str, Any], ...] = ()) -> None:
    """These policies, which the administrator gets past."""
    under_policies(office, *policies, locations=locations, break_glass=frozenset({office.ada.id}))


def ask(browser: Any, user: str = "bob@example.org", *methods: str, **said: str) -> Any:
    pairs = [("user", user), *(("methods", one) for one in methods), *said.items()]
    return browser.get(f"{PAGE}?{urlencode(pairs)}")


def test_without_a_question_there_is_a_form_and_no_verdict(ada: Any) -> None:
    page = ada.get(PAGE)

    assert page.status_code == 200
    assert "They " not in words(page).partition("Suppose")[0]


def test_one_verdict_the_prompts_and_every_policy_with_every_condition(office: Any, ada: Any) -> None:
    bob = office.person("bob@example.org")
    under(
        office,
        policy_body("Resistant", strength=PHISHING_RESISTANT),
        policy_body("Away", "block", locations=AWAY),
        policy_body("Not for him", "block", users={"excludeUsers": [bob.id]}),
        locations=(OFFICE,),
    )

    told = words(ask(ada, "bob@example.org", "password", location="place-0"))

    assert "They are asked for more." in told
    assert "The strength “Phishing-resistant MFA”" in told
    assert "Policies that apply (1) Resistant Applies, and is not met" in told
    assert "Away Does not apply" in told
    assert "When all people try to reach anything from anywhere (but not a trusted place)" in told
    assert "Whom Matches it includes everybody What Matches it covers Keystead security info" in told
    assert "Place Does not match the address 203.0.113.0" in told
    assert "it excludes the person by name" in told


def test_a_block_from_elsewhere_is_said_first(office: Any, ada: Any) -> None:
    office.person("bob@example.org")
    under(office, policy_body("Away", "block", locations=AWAY), locations=(OFFICE,))

    assert "They are blocked." in words(ask(ada, "bob@example.org", "fido2", ip="198.51.100.1"))
    assert "They get in." in words(ask(ada, "bob@example.org", "fido2", ip="203.0.113.9"))


def test_it_knows_what_the_person_could_sign_in_with(office: Any, ada: Any) -> None:
    bob = office.person("bob@example.org")
    office.signed_in(bob)
    under(office, policy_body("Resistant", strength=PHISHING_RESISTANT))

    told = words(ask(ada, "bob@example.org"))

    assert "With what bob@example.org has today" in told
    assert "Passkey They get in." in told


def test_report_only_policies_can_be_thought_on(office: Any, ada: Any) -> None:
    office.person("bob@example.org")
    under(office, policy_body("Watched", "block", state="enabledForReportingButNotEnforced"))

    assert "Report-only: would keep out" in words(ask(ada))
    assert "They are blocked." in words(ask(ada, rules="enforced"))


def test_a_device_is_described_attribute_by_attribute(office: Any, ada: Any) -> None:
    office.person("bob@example.org")
    rule = {"deviceFilter": {"mode": "exclude", "rule": 'device.operatingSystem -eq "Linux"'}}
    under(office, policy_body("Not on Linux", "block", devices=rule))

    assert "They are blocked." in words(ask(ada))
    described = ask(ada, device="described", attributes="device.operatingSystem = Linux\nisCompliant=True")
    assert "They get in." in words(described)


def test_the_question_stays_in_the_form_so_that_its_address_can_be_passed_on(office: Any, ada: Any) -> None:
    office.person("bob@example.org")

    page = ask(ada, "bob@example.org", "fido2", ip="203.0.113.9", platform="linux", sign_in_risk="high").text

    assert 'value="203.0.113.9"' in page
    assert '<option value="linux" selected>Linux</option>' in page
    assert 'value="fido2" checked' in page


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        ({"user": "nobody"}, "user", "There is nobody with this username."),
        ({"ip": "300.1.1.1"}, "ip", "An address looks like 203.0.113.9"),
        ({"country": "Holland"}, "country", "A country has two letters, such as NL."),
        ({"country": "1²"}, "country", "A country has two letters, such as NL."),
        ({"aaguid": "yubikey"}, "aaguid", "An AAGUID looks like"),
        ({"device": "described"}, "attributes", "Describe the device by at least one attribute."),
        ({"device": "described", "attributes": "colour=red"}, "attributes", "as in isCompliant=True; "),
        ({"device": "device:stolen"}, "device", "They have not enrolled this computer."),
        ({"location": "nowhere"}, "location", "There is no such named location any more."),
        ({"platform": "solaris"}, "platform", "Choose one from the list."),
        ({"target": "action:fly"}, "target", "Choose one from the list."),
    ],
)
def test_what_cannot_be_supposed_is_said_beside_its_field(
    office: Any, ada: Any, said: dict[str, str], field: str, why: str
) -> None:
    office.person("bob@example.org")

    page = ask(ada, **{"user": "bob@example.org", **said})

    assert page.status_code == 422
    assert why in words(page)
    assert f'id="{field}-error"' in page.text


def test_a_location_and_an_address_at_once_are_no_place(office: Any, ada: Any) -> None:
    office.person("bob@example.org")
    under(office, locations=(OFFICE,))

    assert "not both" in words(ask(ada, location="place-0", ip="203.0.113.9"))


def test_what_is_typed_is_never_a_part_of_the_page(office: Any, ada: Any) -> None:
    page = ask(ada, user='"><script>alert(1)</script>', target='app:"><script>', ip="<script>\0")

    assert "<script>" not in page.text


def test_a_person_without_a_role_learns_nothing_by_it(office: Any) -> None:
    bob = office.signed_in(office.person("bob@example.org"))

    assert ask(bob).status_code == 403


def test_a_persons_risk_is_that_of_now_unless_another_is_supposed(office: Any, ada: Any) -> None:
    bob = office.person("bob@example.org")
    under(
        office,
        policy_body("Risky", "block", userRiskLevels=["high"]),
        policy_body("Insiders", "block", insiderRiskLevels="elevated"),
    )
    assert "They get in" in words(ask(ada))
    manage = office.services.manage_risk
    run(manage.set_insider_risk(bob, level="elevated", says="case 7", by=OPERATOR))
    assert "Policies that apply (1) Insiders" in words(ask(ada))

    run(manage.supply(bob, level="high", event_type="x", says="on a list", by=OPERATOR))

    assert "Policies that apply (2)" in words(ask(ada))
    assert "They get in" in words(ask(ada, user_risk="none", insider_risk="none"))
