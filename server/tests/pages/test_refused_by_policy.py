"""Whom Conditional Access does not let in: they see what was asked for and what they can do, and nothing of policies."""

from typing import Any

import pytest
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies

from .policy_forms import words

SECRETS = ("Only the board", "policy-0", "203.0.113")


@pytest.fixture
def bob(office: Any) -> Any:
    return office.person("bob@example.org")


@pytest.fixture
def browser(office: Any, bob: Any) -> Any:
    return office.signed_in(bob)


def under(office: Any, *grant: str, **more: Any) -> None:
    under_policies(office, policy_body("Only the board", *grant, **more), break_glass=frozenset({office.ada.id}))


def refused(browser: Any) -> str:
    """What the account's page says instead of opening."""
    answer = browser.get("/example/account")
    assert answer.status_code == 403
    assert not any(secret in answer.text for secret in SECRETS)
    return words(answer)


def test_who_is_blocked_is_told_whom_to_ask_and_the_number_of_the_logs_entry(office: Any, browser: Any) -> None:
    under(office, "block")

    told = refused(browser)

    assert "You cannot get in here now" in told
    assert "ask an administrator of your organisation, and tell them the number below" in told
    assert f"quote {office.attempts()[0].id}" in told
    assert "Sign in again" not in told


def test_what_helps_is_offered_a_passkey_where_one_may_be_added(office: Any, bob: Any) -> None:
    browser = office.sign_in_with_pass(bob)
    # They may register: a strength of that action's own takes the place of the other.
    registering = policy_body("Boot", "mfa", applications={"includeUserActions": ["urn:user:registersecurityinfo"]})
    strict = policy_body("Only the board", strength=PHISHING_RESISTANT, applications={"includeApplications": ["All"]})
    under_policies(office, strict, registering, break_glass=frozenset({office.ada.id}))

    told = refused(browser)

    assert "a sign-in as strong as “Phishing-resistant MFA” is needed" in told


def test_a_device_is_not_to_be_had_by_signing_in_again(office: Any, browser: Any) -> None:
    under(office, "compliantDevice")

    told = refused(browser)

    assert "the device must be known here as compliant" in told
    assert "Use a computer that your organisation manages." in told
    assert "Sign in again" not in told
    assert "Try again" in told


def test_a_second_factor_is_to_be_had_by_signing_in_again(office: Any, bob: Any) -> None:
    office.allow_passwords()
    browser = office.signed_in(bob)
    frequency = {"signInFrequency": {"isEnabled": True, "value": 1, "type": "hours", "frequencyInterval": "timeBased"}}
    under(office, "mfa", session=frequency)
    office.advance(hours=2)

    told = refused(browser)

    assert "the sign-in is older than your organisation allows for this" in told
    assert "Sign in again, with a passkey if you have one." in told


def test_before_anybody_is_asked_for_anything_a_block_has_its_number_too(office: Any) -> None:
    browser = office.browser()
    place = {
        "@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "Here",
        "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/24"}],
    }  # fmt: skip
    office.signed_in(office.ada)
    office.advance(minutes=1)
    under_policies(
        office,
        policy_body(
            "Only the board",
            "block",
            locations={"includeLocations": ["place-0"]},
            applications={"includeApplications": ["6b657973-7465-6164-0000-000000000001"]},
        ),
        locations=(place,),
    )

    answer = browser.get("/example/sign-in")

    assert answer.status_code == 403
    assert f"quote {office.attempts()[0].id}" in words(answer)
    assert "Only the board" not in answer.text


def test_a_script_is_told_the_same_with_the_same_number(office: Any, browser: Any) -> None:
    under(office, "block")

    answer = browser.post_json("/example/account/passkeys/options", {})

    assert answer.json()["code"] == "access_blocked"
    assert answer.json()["correlationId"] == office.attempts()[0].id
    assert "Only the board" not in answer.text


def test_the_sign_in_page_says_what_was_asked_and_what_to_do(office: Any, browser: Any) -> None:
    under(office, "block")

    answer = office.sign_in("bob@example.org").json()

    assert answer["message"] == (
        "Your organisation's rules do not let you in to this with what you use, or from where you are. If you think "
        "that you should get in, ask an administrator of your organisation, and tell them the number below."
    )
    assert answer["correlationId"] == office.attempts()[0].id


def test_a_form_says_the_same(office: Any, bob: Any) -> None:
    under(office, "block")
    page = "/example/sign-in/pass"

    answer = office.browser().submit(page, page, {"user": bob.username, "pass": office.issue_pass(bob)})

    assert answer.status_code == 401
    assert "If you think that you should get in, ask an administrator" in words(answer)
    assert office.attempts()[0].id in answer.text
