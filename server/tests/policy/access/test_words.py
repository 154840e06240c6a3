"""A policy reads as one sentence, and nothing that decides is missing from it."""

from typing import Any

import pytest
from keystead_server.policy.access.names import Names, listed
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.templates import TEMPLATES, body
from keystead_server.policy.access.words import sentence

from .sets import ADA, BLOCK, EVERYBODY, MFA, RESISTANT, STAFF, WIKI, policy

NAMES = Names(
    {
        ADA: "Ada Lovelace",
        STAFF: "Staff",
        WIKI: "the wiki",
        "home": "Home",
    }
)

SENTENCES: list[tuple[dict[str, Any], str]] = [
    ({}, "When all people try to reach anything, then multifactor authentication is asked for."),
    (
        {"users": {"includeGroups": [STAFF], "excludeUsers": [ADA]}, "apps": {"includeApplications": [WIKI]}, "grant": BLOCK},
        "When members of Staff (but not Ada Lovelace) try to reach the wiki, then access is blocked.",
    ),
    (
        {"users": {"includeUsers": [ADA]}, "apps": {"includeApplications": [WIKI]}, "grant": BLOCK},
        "When Ada Lovelace tries to reach the wiki, then access is blocked.",
    ),
    (
        {"users": {"includeUsers": [ADA], "includeGroups": [STAFF]}, "grant": BLOCK},
        "When Ada Lovelace and members of Staff try to reach anything, then access is blocked.",
    ),
    (
        {"locations": {"includeLocations": ["All"], "excludeLocations": ["home", "AllTrusted"]}, "grant": RESISTANT},
        "When all people try to reach anything from anywhere (but not Home or a trusted place), "
        "then the strength “Phishing-resistant MFA” is asked for.",
    ),
    (
        {"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["linux"]}, "signInRiskLevels": ["high"]},
        "When all people try to reach anything on any platform (but not Linux) at sign-in risk high, "
        "then multifactor authentication is asked for.",
    ),
    (
        {"grant": {"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}, "state": "disabled"},
        "When all people try to reach anything, then multifactor authentication or a compliant device is asked for. "
        "It is switched off.",
    ),
    (
        {"grant": None, "session": {"signInFrequency": {"isEnabled": True, "value": 1, "type": "hours"}}},
        "When all people try to reach anything, then sign-in is asked for again after 1 hour.",
    ),
    (
        {"apps": {"includeUserActions": ["urn:user:registersecurityinfo"]}, "state": "enabledForReportingButNotEnforced"},
        "When all people try to register security information, then multifactor authentication is asked for. "
        "It is only reported, not enforced.",
    ),
    (
        {
            "users": {
                **EVERYBODY,
                "expiringExclusions": [{"id": ADA, "until": "2027-01-31T00:00:00Z", "reason": "broken key"}],
            },
            "grant": MFA,
        },
        "When all people (but not Ada Lovelace until 2027-01-31 (broken key)) try to reach anything, "
        "then multifactor authentication is asked for.",
    ),
    (
        {"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}}, "grant": BLOCK},
        "When all people try to reach anything on a device that does not match device.isCompliant -eq True, "
        "then access is blocked.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("said", "reads"), SENTENCES)
def test_a_policy_reads_as_a_sentence(said: dict[str, Any], reads: str) -> None:
    assert str(sentence(policy(**said), NAMES)) == reads


@pytest.mark.parametrize("template", [pytest.param(template, id=template.key) for template in TEMPLATES])
def test_every_template_reads_as_a_sentence_of_its_own(template: Any) -> None:
    spoken = sentence(read_policy(body(template), new_id="p").policy)

    assert "  " not in str(spoken)
    assert spoken.when
    assert spoken.tries
    assert spoken.then


def test_no_two_templates_read_the_same() -> None:
    spoken = {str(sentence(read_policy(body(template)).policy)) for template in TEMPLATES}

    assert len(spoken) == len(TEMPLATES)


def test_of_many_names_only_some_are_said_and_how_many_more_there_are() -> None:
    assert listed("abcdefgh") == "a, b, c, d, e and 3 more"
    assert listed("abcdef") == "a, b, c, d, e and f"
    assert listed("a") == "a"
