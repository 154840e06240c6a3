"""Exports as they really are, sent to the API: each is taken, and the answer says how it was read, or refused by a property's name."""

from copy import deepcopy
from typing import Any

import pytest
from keystead_testkit.access_policies import policy_body
from keystead_testkit.api_caller import ApiCaller, app_alone
from keystead_testkit.office import Office

ACCESS = "/identity/conditionalAccess"
POLICIES, LOCATIONS, STRENGTHS = (
    f"{ACCESS}/policies",
    f"{ACCESS}/namedLocations",
    f"{ACCESS}/authenticationStrength/policies",
)
GONE = "11111111-2222-3333-4444-555555555555"
REPORT_ONLY = "enabledForReportingButNotEnforced"


@pytest.fixture(scope="module")
def caller() -> ApiCaller:
    return app_alone(Office(), "Policy.ReadWrite.ConditionalAccess")


def export(changes: dict[str, Any]) -> dict[str, Any]:
    """A policy in report-only mode; *changes* go to the properties that their paths name."""
    body = deepcopy(policy_body("Exported", "mfa", state=REPORT_ONLY))
    for path, value in changes.items():
        *way, last = path.split(".")
        inside = body
        for name in way:
            inside = inside[name]
        inside[last] = value
    return body


def users(**who: list[str]) -> dict[str, Any]:
    return {"conditions.users": who}


def apps(**which: list[str]) -> dict[str, Any]:
    return {"conditions.applications": which}


ANY_TIME = {"includedRanges": "all"}
BOTH_STATES = {"includeStates": ["All"], "excludeStates": ["Compliant", "DomainJoined"]}


# What is taken, and the property of which the answer says how it was read; None where there was nothing to say.
@pytest.mark.parametrize(
    ("changes", "adapted"),
    [
        # wrong case
        (users(includeUsers=["all"]), "conditions.users.includeUsers"),
        (users(includeUsers=["NONE"], includeRoles=[GONE]), "conditions.users.includeUsers"),
        (apps(includeApplications=["ALL"]), "conditions.applications.includeApplications"),
        ({"conditions.clientAppTypes": ["All"]}, "conditions.clientAppTypes"),
        ({"conditions.platforms": {"includePlatforms": ["All"]}}, "conditions.platforms.includePlatforms"),
        ({"conditions.locations": {"includeLocations": ["all"]}}, "conditions.locations.includeLocations"),
        ({"state": "EnabledForReportingButNotEnforced"}, "state"),
        ({"grantControls": {"Operator": "or", "BuiltInControls": ["MFA"]}}, "grantControls"),
        # of beta, and saying nothing
        ({"conditions.deviceStates": None}, None),
        ({"conditions.deviceStates": {"includeStates": [], "excludeStates": []}}, None),
        ({"conditions.times": None}, None),
        ({"partialEnablementStrategy": None}, None),
        # of beta, with another way to say it
        ({"conditions.deviceStates": BOTH_STATES}, "conditions.deviceStates"),
        ({"partialEnablementStrategy": "some"}, "partialEnablementStrategy"),
        # apps that are not here: Microsoft's own stand in every export
        (apps(includeApplications=[GONE, "Office365"]), None),
        (apps(includeApplications=["All"], excludeApplications=[GONE]), None),
        ({"conditions.locations": {}}, None),
        ({"conditions.locations": {"includeLocations": [], "excludeLocations": []}}, None),
    ],
)
def test_what_says_the_same_is_taken(caller: ApiCaller, changes: dict[str, Any], adapted: str | None) -> None:
    answer = caller.send("POST", POLICIES, json=export(changes))

    assert answer.status_code == 201, answer.text
    told = {note["target"] for note in answer.json().get("keystead", {}).get("adapted", ())}
    assert adapted in told if adapted else not told, told


@pytest.mark.parametrize(
    ("changes", "target", "code"),
    [
        # of beta, with a meaning that nothing here has
        ({"conditions.times": ANY_TIME}, "conditions.times", "policy_not_supported"),
        # a location, or another condition, that is no object
        ({"conditions.locations": "All"}, "conditions.locations", "policy_malformed"),
        ({"conditions.locations": ["All"]}, "conditions.locations", "policy_malformed"),
        ({"conditions.locations": 7}, "conditions.locations", "policy_malformed"),
        ({"conditions.locations": {"includeLocations": [{"id": GONE}]}}, "conditions.locations.includeLocations[0]", "policy_malformed"),
        ({"conditions.users": "All"}, "conditions.users", "policy_malformed"),
        ({"conditions": None}, "conditions", "policy_malformed"),
        # what does not exist
        (users(includeGroups=[GONE]), "conditions.users.includeGroups", "group_unknown"),
        (users(includeUsers=["All"], excludeGroups=[GONE]), "conditions.users.excludeGroups", "group_unknown"),
        (users(includeUsers=[GONE]), "conditions.users.includeUsers", "user_unknown"),
        ({"conditions.locations": {"includeLocations": [GONE]}}, "conditions.locations.includeLocations", "location_unknown"),
        (
            {"grantControls": {"operator": "OR", "authenticationStrength": {"id": GONE}}},
            "grantControls.authenticationStrength",
            "strength_unknown",
        ),
        # what contradicts itself, or is nothing
        ({"state": "sometimes"}, "state", "policy_malformed"),
        ({"grantControls.builtInControls": ["block", "mfa"]}, "grantControls.builtInControls", "policy_contradicts"),
        ({"grantControls": None}, "grantControls", "policy_incomplete"),
        ({"Conditions": {"users": {"includeUsers": ["All"]}}}, "Conditions", "policy_malformed"),
    ],
)  # fmt: skip
def test_what_would_mean_something_else_is_refused_by_the_propertys_name(
    caller: ApiCaller, changes: dict[str, Any], target: str, code: str
) -> None:
    answer = caller.send("POST", POLICIES, json=export(changes))

    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["target"], error["innerError"]["code"]) == (target, code)
    # A property at the beginning of the sentence is spelled as it is.
    assert not error["message"].startswith(("Conditions.", "Times", "GrantControls"))


@pytest.mark.parametrize(
    ("path", "body", "target"),
    [
        (LOCATIONS, "Paris", None),
        (LOCATIONS, [], None),
        (LOCATIONS, {"displayName": "Nowhere"}, "@odata.type"),
        (LOCATIONS, {"displayName": "Range", "ipRanges": [7]}, "ipRanges[0]"),
        (LOCATIONS, {"displayName": "Range", "ipRanges": [{"cidrAddress": "192.0.2.0/99"}]}, "ipRanges[0].cidrAddress"),
        (LOCATIONS, {"displayName": "Land", "countriesAndRegions": ["Utopia"]}, "countriesAndRegions"),
        (STRENGTHS, {"displayName": "Keys", "allowedCombinations": None}, "allowedCombinations"),
        (STRENGTHS, {"displayName": "Keys", "allowedCombinations": {"fido2": True}}, "allowedCombinations"),
        (STRENGTHS, {"allowedCombinations": ["fido2"]}, "displayName"),
    ],
)
def test_locations_and_strengths_are_refused_by_the_propertys_name(
    caller: ApiCaller, path: str, body: Any, target: str | None
) -> None:
    answer = caller.send("POST", path, json=body)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"].get("target") == target
    assert answer.json()["error"]["innerError"]["code"] == ("policy_malformed" if target else "body_malformed")


@pytest.mark.parametrize(
    ("path", "body", "adapted"),
    [
        (LOCATIONS, {"displayName": "Range", "isTrusted": "True", "ipRanges": "192.0.2.7/32"}, "ipRanges[0]"),
        (LOCATIONS, {"displayName": "Land", "countriesAndRegions": ["de"]}, "countriesAndRegions"),
        (STRENGTHS, {"displayName": "Keys", "allowedCombinations": ["FIDO2"]}, "allowedCombinations"),
    ],
)
def test_locations_and_strengths_that_say_the_same_are_taken(
    caller: ApiCaller, path: str, body: dict[str, Any], adapted: str
) -> None:
    answer = caller.send("POST", path, json=body)

    assert answer.status_code == 201, answer.text
    assert adapted in {note["target"] for note in answer.json()["keystead"]["adapted"]}
