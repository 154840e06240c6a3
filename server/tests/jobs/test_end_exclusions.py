"""An exclusion ends by itself, and its end is in the audit log once."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_server.jobs.end_exclusions import EVENT, EndExclusions
from keystead_testkit.access_policies import policy_body, under_policies
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of


@pytest.fixture
def office() -> Office:
    return Office()


def spared(office: Office, **more: Any) -> dict[str, Any]:
    until = (office.clock.now() + timedelta(hours=1)).isoformat()
    exclusion = {"type": "user", "id": office.ada.id, "until": until, "reason": "her key is in repair", **more}
    return policy_body("No way", "block", users={"includeUsers": [office.ada.id], "expiringExclusions": [exclusion]})


def job(office: Office) -> int:
    return run(EndExclusions(office.store, office.clock, office.entropy, office.services.access_policies)())


def test_somebody_is_spared_until_then_and_no_longer_whether_or_not_anything_runs(office: Office) -> None:
    under_policies(office, spared(office))
    assert reason_of(office.sign_in()) == "granted"

    office.advance(hours=1)

    assert reason_of(office.sign_in()) == "access_blocked"


def test_its_end_is_audited_once_with_who_until_when_and_why(office: Office) -> None:
    under_policies(office, spared(office))
    assert job(office) == 0

    office.advance(hours=2)

    assert (job(office), job(office)) == (1, 0)
    (line,) = run(office.store.logs.audit_of(office.tenant.id, "policy-0", limit=10))
    assert line.name == EVENT
    assert (line.detail["excluded"], line.detail["reason"]) == (office.ada.id, "her key is in repair")


def test_a_second_exclusion_of_the_same_person_ends_for_itself(office: Office) -> None:
    under_policies(office, spared(office))
    office.advance(hours=2)
    job(office)
    under_policies(office, spared(office))

    office.advance(hours=2)

    assert job(office) == 1
