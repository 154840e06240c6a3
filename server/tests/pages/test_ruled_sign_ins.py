"""What Conditional Access said of each sign-in: told to administrators in the log, and to nobody else."""

from typing import Any

import pytest
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies

from .policy_forms import words

LOG = "/example/admin/sign-ins"
SECRET = policy_body("Contractors under watch", "block", state="enabledForReportingButNotEnforced")


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def test_every_policy_that_applied_stands_on_the_entry_in_the_words_of_the_editor(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("Resistant", strength=PHISHING_RESISTANT), SECRET)
    office.sign_in("ada@example.org")

    told = words(ada.get(LOG))

    assert "Conditional Access Let in Resistant Applies, and is met When all people try to reach anything" in told
    assert "Contractors under watch Report-only: would keep out When all people" in told
    assert "Contractors under watch Report-only: would keep out" in words(ada.get("/example/admin"))


def test_a_policy_that_is_gone_is_called_what_it_was_called_then(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("Short-lived", "mfa"))
    office.sign_in("ada@example.org")
    under_policies(office)

    assert "Short-lived Applies, and is met It is not there any more." in words(ada.get(LOG))


def test_an_entry_leads_to_the_same_question_to_the_policies_of_now(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("Resistant", strength=PHISHING_RESISTANT))
    office.sign_in("ada@example.org")
    link = ada.get(LOG).text.partition("/admin/access/what-if?")[2].partition('"')[0].replace("&amp;", "&")

    told = words(ada.get(f"/example/admin/access/what-if?{link}"))

    assert "They get in." in told.partition("Suppose")[0]
    assert "Resistant Applies, and is met" in told


def test_the_number_of_a_refusal_finds_its_entry(office: Any, ada: Any) -> None:
    office.sign_in("ada@example.org", spoil_signature=True)
    refused = office.attempts()[0]

    found = words(ada.get(f"{LOG}?number={refused.id}"))

    assert refused.id in found
    assert found.count("Number (correlation id)") == 1
    assert "Nothing to show." in words(ada.get(f"{LOG}?number=none%00"))


def test_a_persons_own_page_says_nothing_of_policies(office: Any, ada: Any) -> None:
    """Who is watched does not learn it from their own recent sign-ins."""
    bob = office.person("bob@example.org")
    office.signed_in(bob)
    spared = frozenset({office.ada.id})
    under_policies(office, SECRET, policy_body("Resistant", strength=PHISHING_RESISTANT), break_glass=spared)
    browser = office.signed_in(bob)

    page = browser.get("/example/account").text

    assert "Contractors" not in page
    assert "Resistant" not in page
    assert "Report-only" not in page
