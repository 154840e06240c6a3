"""The list of Conditional Access policies: what each says, in which state it is, and what is on trial."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_testkit.access_policies import policy_body, under_policies
from keystead_testkit.loop import run

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


# -- who is spared --------------------------------------------------------------------------------


def break_glass(office: Any) -> frozenset[str]:
    return run(office.services.access_policies.now(office.tenant.id, office.clock.now())).rules.set.break_glass


def test_a_break_glass_account_is_named_with_a_reason_that_is_in_the_audit_log(office: Any, ada: Any) -> None:
    glass, page = office.person("glass@example.org"), f"{PAGE}/emergency"

    assert ada.submit(page, page, {"username": "glass@example.org", "why": "the safe"}).status_code == 303

    assert break_glass(office) == {glass.id}
    assert any("the safe" in str(event.detail) for event in office.audit())
    assert "glass@example.org" in ada.get(PAGE).text
    assert ada.submit(page, f"{page}/{glass.id}/remove", {}).status_code == 303
    assert break_glass(office) == frozenset()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"username": "nobody", "why": "x"}, "There is nobody with this username."),
        ({"username": "ada@example.org", "why": ""}, "Say why"),
    ],
)
def test_a_break_glass_account_is_somebody_for_a_reason(
    office: Any, ada: Any, typed: dict[str, str], says: str
) -> None:
    page = f"{PAGE}/emergency"

    answer = ada.submit(page, page, typed)

    assert answer.status_code == 422
    assert says in answer.text
    assert f'value="{typed["username"]}"' in answer.text
    assert break_glass(office) == frozenset()


def test_who_is_spared_for_a_time_is_listed_with_until_when_and_why(office: Any, ada: Any) -> None:
    until = {"id": office.ada.id, "until": "2026-03-09T12:00:00+00:00", "reason": "new telephone"}
    under_policies(office, policy_body("Strong", "mfa", users={"expiringExclusions": [until]}))

    page = ada.get(f"{PAGE}/emergency").text

    assert "9 Mar 2026, 12:00 UTC" in page
    assert "new telephone" in page
