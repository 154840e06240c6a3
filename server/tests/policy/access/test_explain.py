"""Every policy and every condition, in words and in Graph's."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_server.policy.access.decide import Result, Verdict
from keystead_server.policy.access.explain import PolicyExplained, explain
from keystead_server.policy.access.facts import Person, Workload
from keystead_server.policy.access.match import Match
from keystead_server.policy.access.vocabulary import UNKNOWN, UserAction

from .random_sets import LOCATIONS
from .sets import ADA, BLOCK, BOB, EVERYBODY, LEAVERS, NOW, RESISTANT, STAFF, WIKI, compiled, facts, policy


def explained(said: dict[str, Any], **known: Any) -> PolicyExplained:
    return explain(compiled(policy(**said), locations=LOCATIONS), facts(**known)).policies[0]


def test_says_of_every_condition_whether_it_matched_and_not_only_of_the_first() -> None:
    one = explained({
        "users": {"includeGroups": [LEAVERS]}, "apps": {"includeApplications": [WIKI]}, "clientAppTypes": ["other"],
        "platforms": {"includePlatforms": ["linux"]}, "locations": {"includeLocations": ["home"]},
    })  # fmt: skip

    assert [(condition.name, condition.match) for condition in one.conditions] == [
        ("users", Match.NO),
        ("applications", Match.NO),
        ("clientAppTypes", Match.NO),
        ("platforms", Match.YES),
        ("locations", Match.YES),
    ]
    assert all(condition.says for condition in one.conditions)


@pytest.mark.parametrize(
    ("said", "known", "reason"),
    [
        ({}, {}, "notSet"),
        ({"users": {"includeGroups": [LEAVERS]}}, {}, "users"),
        ({"apps": {"includeApplications": [WIKI]}}, {}, "application"),
        ({"apps": {"includeApplications": [WIKI]}}, {"apps": (), "action": UserAction.REGISTER_DEVICE}, "userActions"),
        (
            {"apps": {"includeApplications": [WIKI]}},
            {"apps": (), "contexts": frozenset({"c1"})},
            "authenticationContext",
        ),
        ({}, {"who": Workload("svc")}, "workloadIdentities"),
        ({"clientAppTypes": ["other"]}, {}, "clientApps"),
        ({"platforms": {"includePlatforms": ["iOS"]}}, {}, "devicePlatform"),
        ({"locations": {"includeLocations": ["odd"]}}, {}, "location"),
        ({"devices": {"deviceFilter": {"mode": "include", "rule": 'device.model -eq "X"'}}}, {}, "devices"),
        ({"signInRiskLevels": ["high"]}, {}, "signInRisk"),
        ({"userRiskLevels": ["high"]}, {}, "userRisk"),
        ({"insiderRiskLevels": "elevated"}, {}, "insiderRisk"),
        ({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, {}, "authenticationFlow"),
        ({"signInRiskLevels": ["high"]}, {"sign_in_risk": UNKNOWN}, "notEnoughInformation"),
        ({"state": "disabled"}, {}, "policyNotEnabled"),
    ],
)
def test_gives_graphs_reason(said: dict[str, Any], known: dict[str, Any], reason: str) -> None:
    assert explained(said, **known).analysis_reasons == reason


def test_tells_a_lack_of_information_from_a_match() -> None:
    one = explained({"signInRiskLevels": ["high"]}, sign_in_risk=UNKNOWN)

    assert (one.applies, one.lacks_information) == (True, True)
    assert "not known" in one.conditions[-1].says


@pytest.mark.parametrize(
    ("users", "who", "says"),
    [
        (EVERYBODY, Person(ADA), "it includes everybody"),
        ({"includeUsers": [ADA]}, Person(ADA), "it includes the person by name"),
        ({"includeGroups": [STAFF]}, Person(ADA, frozenset({STAFF})), f"it includes the group {STAFF}"),
        ({"includeRoles": ["r"]}, Person(ADA, roles=frozenset({"r"})), "it includes the role r"),
        ({**EVERYBODY, "excludeGroups": [STAFF]}, Person(ADA, frozenset({STAFF})), f"it excludes the group {STAFF}"),
        ({"includeUsers": [BOB]}, Person(ADA), "it includes neither the person nor a group, role or kind of guest of theirs"),
        ({"includeGroups": [STAFF]}, Person(ADA, UNKNOWN), "which groups, roles or organisation the person belongs to is not known"),
    ],
)  # fmt: skip
def test_says_how_a_person_is_meant_or_spared(users: dict[str, Any], who: Person, says: str) -> None:
    assert explained({"users": users}, who=who).conditions[0].says == says


def test_says_until_when_and_why_somebody_is_spared() -> None:
    until = NOW + timedelta(days=1)
    spared = {"type": "user", "id": ADA, "until": until.isoformat(), "reason": "her key is in the post"}

    one = explained({"users": {**EVERYBODY, "expiringExclusions": [spared]}})

    assert one.conditions[0].says == f"spared until {until.isoformat()}: her key is in the post"


def test_says_of_break_glass_accounts_that_no_policy_is_for_them() -> None:
    explanation = explain(compiled(policy(), break_glass=frozenset({ADA})), facts())

    assert "break-glass" in explanation.policies[0].conditions[0].says
    assert explanation.decision.verdict is Verdict.ALLOW


def test_says_what_is_missing_in_words() -> None:
    one = explained({"grant": RESISTANT})

    assert [says for _, says in one.unmet] == ["a sign-in as strong as “Phishing-resistant MFA” is needed"]
    assert one.result is Result.FAILURE


def test_policies_that_did_not_apply_have_their_result_too() -> None:
    states = ("enabled", "disabled", "enabledForReportingButNotEnforced")
    leavers = [policy(state, users={"includeGroups": [LEAVERS]}, grant=BLOCK, state=state) for state in states]

    explanation = explain(compiled(*leavers), facts())

    assert [one.result for one in explanation.policies] == [
        Result.NOT_APPLIED,
        Result.NOT_ENABLED,
        Result.REPORT_ONLY_NOT_APPLIED,
    ]
