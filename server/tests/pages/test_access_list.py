"""The list of Conditional Access policies: what each says, in which state it is, and what is on trial."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_testkit.access_policies import policy_body, under_policies

PAGE = "/example/admin/access"


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def test_each_policy_is_a_sentence_with_its_state(office: Any, ada: Any) -> None:
    watched = policy_body("Watched", "mfa", state="enabledForReportingButNotEnforced")
    under_policies(office, policy_body("Enforced", "mfa"), watched)

    page = ada.get(PAGE).text

    assert "Enforced" in page
    assert "When all people try to reach anything, then multifactor authentication is asked for." in page
    assert ">Report-only</span>" in page


def test_what_is_on_trial_says_so_and_until_when(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("Before", "mfa"))
    under_policies(office, policy_body("Before", "mfa"), policy_body("New", "mfa"), trial=timedelta(minutes=10))

    page = ada.get(PAGE).text

    assert page.count(">On trial</span>") == 1
    assert "on trial until" in page
