"""Risk through Microsoft's own client, and our address for what other systems find."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_testkit.access_policies import policy_body, under_policies
from keystead_testkit.api_caller import ApiCaller, app_alone
from keystead_testkit.office import Office, reason_of
from msgraph.generated.identity_protection.risky_users.confirm_compromised.confirm_compromised_post_request_body import (
    ConfirmCompromisedPostRequestBody,
)
from msgraph.generated.identity_protection.risky_users.dismiss.dismiss_post_request_body import DismissPostRequestBody
from msgraph.generated.models.risk_level import RiskLevel
from msgraph.generated.models.risk_state import RiskState

DETECTIONS = "/identityProtection/riskDetections"


@pytest.fixture
def caller(office: Office) -> ApiCaller:
    return app_alone(office, "IdentityRiskyUser.ReadWrite.All", "IdentityRiskEvent.ReadWrite.All")


def supply(caller: ApiCaller, **changes: Any) -> Any:
    finding = {
        "userId": caller.office.ada.id,
        "riskLevel": "high",
        "riskEventType": "leakedCredentials",
        "additionalInfo": "on a list of stolen passwords",
    }
    return caller.send("POST", DETECTIONS, json={k: v for k, v in (finding | changes).items() if v is not None})


def test_a_finding_is_supplied_read_and_dismissed(office: Office, caller: ApiCaller) -> None:
    under_policies(office, policy_body("Risky", "block", userRiskLevels=["high"]))
    made = supply(caller)
    assert (made.status_code, made.json()["riskState"], made.json()["source"]) == (201, "atRisk", "supplied")
    assert reason_of(office.sign_in()) == "access_blocked"

    risky = caller.call(caller.sdk.identity_protection.risky_users.get()).value or []
    found = caller.call(caller.sdk.identity_protection.risk_detections.get()).value or []
    assert [(one.user_principal_name, one.risk_level, one.risk_state) for one in risky] == [
        ("ada@contoso.example", RiskLevel.High, RiskState.AtRisk)
    ]
    assert [(one.risk_event_type, one.additional_info) for one in found] == [
        ("leakedCredentials", "on a list of stolen passwords")
    ]

    caller.do(caller.sdk.identity_protection.risky_users.dismiss.post(DismissPostRequestBody(user_ids=[office.ada.id])))

    assert reason_of(office.sign_in()) == "granted"
    one = caller.call(caller.sdk.identity_protection.risky_users.by_risky_user_id(office.ada.id).get())
    assert (one.risk_level, one.risk_state) == (RiskLevel.None_, RiskState.Dismissed)


def test_an_account_is_confirmed_as_compromised(office: Office, caller: ApiCaller) -> None:
    body = ConfirmCompromisedPostRequestBody(user_ids=[office.ada.id])
    caller.do(caller.sdk.identity_protection.risky_users.confirm_compromised.post(body))

    one = caller.call(caller.sdk.identity_protection.risky_users.by_risky_user_id(office.ada.id).get())

    assert (one.risk_level, one.risk_state) == (RiskLevel.High, RiskState.ConfirmedCompromised)


def test_whom_nothing_was_found_about_is_no_risk(office: Office, caller: ApiCaller) -> None:
    one = caller.get(f"/identityProtection/riskyUsers/{office.ada.id}").json()

    assert (one["riskLevel"], one["riskState"]) == ("none", "none")
    assert caller.get("/identityProtection/riskyUsers").json()["value"] == []


@pytest.mark.parametrize(
    ("changes", "status", "target"),
    [
        ({"userId": "nobody"}, 404, "userId"),
        ({"riskLevel": "hidden"}, 400, "riskLevel"),
        ({"riskEventType": None}, 400, "riskEventType"),
        ({"additionalInfo": None}, 400, "additionalInfo"),
        ({"activityDateTime": "yesterday"}, 400, "activityDateTime"),
        ({"activityDateTime": "2026-01-01T00:00:00"}, 400, "activityDateTime"),
        ({"activityDateTime": "2100-01-01T00:00:00Z"}, 400, "activityDateTime"),
        ({"riskState": "confirmedSafe"}, 400, "riskState"),
        ({"riskLevel": 3}, 400, "riskLevel"),
    ],
)
def test_what_cannot_be_a_finding_is_refused_by_its_property(
    caller: ApiCaller, changes: dict[str, Any], status: int, target: str
) -> None:
    answer = supply(caller, **changes)

    assert (answer.status_code, answer.json()["error"]["target"]) == (status, target)


@pytest.mark.parametrize("ids", [[], None, "ada", [5], ["nobody"], ["x"] * 61])
def test_of_people_who_are_not_there_nothing_is_said(caller: ApiCaller, office: Office, ids: Any) -> None:
    answer = caller.send("POST", "/identityProtection/riskyUsers/dismiss", json={"userIds": ids})

    assert answer.status_code in (400, 404)
    assert "risk.dismissed" not in office.audit


def test_who_only_reads_neither_supplies_nor_dismisses(office: Office) -> None:
    reader = app_alone(office, "IdentityRiskyUser.Read.All", "IdentityRiskEvent.Read.All")

    assert reader.get(DETECTIONS).status_code == 200
    assert supply(reader).status_code == 403
    body = {"userIds": [office.ada.id]}
    assert reader.send("POST", "/identityProtection/riskyUsers/dismiss", json=body).status_code == 403


def insider(caller: ApiCaller, **changes: Any) -> Any:
    body = {"insiderRiskLevel": "elevated", "additionalInfo": "case 7"} | changes
    return caller.send("POST", f"/identityProtection/riskyUsers/{caller.office.ada.id}/setInsiderRisk", json=body)


def test_an_insider_risk_is_supplied_read_and_taken_back(office: Office, caller: ApiCaller) -> None:
    under_policies(office, policy_body("Insiders", "block", insiderRiskLevels="elevated"))

    assert insider(caller, expirationDateTime="2100-01-01T00:00:00Z").status_code == 400
    assert insider(caller).status_code == 204

    assert reason_of(office.sign_in()) == "access_blocked"
    (listed,) = caller.get("/identityProtection/riskyUsers").json()["value"]
    said = listed["keystead"]["insiderRisk"]
    assert (said["level"], said["additionalInfo"], listed["riskLevel"]) == ("elevated", "case 7", "none")
    assert insider(caller, insiderRiskLevel="none").status_code == 204
    assert reason_of(office.sign_in()) == "granted"


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"insiderRiskLevel": "high"}, "insiderRiskLevel"),
        ({"additionalInfo": None}, "additionalInfo"),
        ({"expirationDateTime": "tomorrow"}, "expirationDateTime"),
        ({"riskLevel": "high"}, "riskLevel"),
    ],
)
def test_what_cannot_be_an_insider_risk_is_refused_by_its_property(
    caller: ApiCaller, changes: dict[str, Any], target: str
) -> None:
    answer = insider(caller, **changes)

    assert (answer.status_code, answer.json()["error"]["target"]) == (400, target)


def test_a_finding_about_sign_ins_says_so_and_when_it_is_over(office: Office, caller: ApiCaller) -> None:
    under_policies(office, policy_body("Risky", "block", signInRiskLevels=["high"]))
    until = (office.clock.now() + timedelta(hours=1)).isoformat()

    made = supply(caller, activity="signin", expirationDateTime=until).json()

    assert (made["activity"], made["riskLevel"]) == ("signin", "high")
    assert reason_of(office.sign_in()) == "access_blocked"
    office.advance(hours=1)
    assert reason_of(office.sign_in()) == "granted"


def test_people_and_what_was_found_come_in_pages_none_twice_and_none_left_out(
    office: Office, caller: ApiCaller
) -> None:
    people = [office.ada, *(office.add_person(f"p{number}@contoso.example") for number in range(4))]
    for person in people:
        for level in ("low", "high", "medium"):
            assert supply(caller, userId=person.id, riskLevel=level).status_code == 201

    def pages(path: str, top: int) -> list[str]:
        found: list[str] = []
        link = f"{path}?$top={top}"
        while link:
            page = caller.get(link.partition("/graph/v1.0")[2] or link).json()
            assert len(page["value"]) <= top
            found += [one["id"] for one in page["value"]]
            link = page.get("@odata.nextLink", "")
        return found

    assert pages("/identityProtection/riskyUsers", 2) == sorted(person.id for person in people)
    for top in (2, 3, 7, 15):
        found = pages(DETECTIONS, top)
        assert len(found) == len(set(found)) == 15
    filtered = caller.get(f"{DETECTIONS}?$filter=riskLevel eq 'medium'").json()["value"]
    assert len(filtered) == 5
