"""Which policies a change of a location or a strength gives another meaning."""

from dataclasses import replace
from typing import Any

import pytest
from keystead_server.policy.access.document import FIRST_ACCESS, AccessRules
from keystead_server.policy.access.items import looking_at
from keystead_server.policy.access.location_document import read_location
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.strengths.document import read_strength
from keystead_testkit.access_policies import policy_body

PLACE = {"displayName": "Office", "isTrusted": False, "ipRanges": [{"cidrAddress": "203.0.113.0/24"}]}
STRENGTH = {"displayName": "Ours", "allowedCombinations": ["fido2"]}
POLICIES = {
    "named": policy_body("named", "block", locations={"includeLocations": ["place"]}),
    "spared": policy_body("spared", "block", locations={"includeLocations": ["All"], "excludeLocations": ["place"]}),
    "trusted": policy_body(
        "trusted", "block", locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
    ),
    "strong": policy_body("strong", strength="strength"),
    "reported": policy_body("reported", strength="strength", state="enabledForReportingButNotEnforced"),
    "off": policy_body("off", strength="strength", state="disabled"),
    "other": policy_body("other", "mfa"),
}


def rules(place: dict[str, Any] | None = None, strength: dict[str, Any] | None = None) -> AccessRules:
    kept = replace(
        FIRST_ACCESS.set,
        policies=tuple(read_policy(body, new_id=one).policy for one, body in POLICIES.items()),
        locations=() if place is None else (read_location(place, new_id="place").location,),
        strengths={} if strength is None else {"strength": read_strength(strength, new_id="strength").strength},
    )
    return replace(FIRST_ACCESS, set=kept)


@pytest.mark.parametrize(
    ("before", "after", "looking"),
    [
        ((PLACE, STRENGTH), (PLACE, STRENGTH), set()),
        ((PLACE, STRENGTH), ({**PLACE, "displayName": "Else"}, {**STRENGTH, "displayName": "Else"}), set()),
        ((PLACE, None), ({**PLACE, "ipRanges": [{"cidrAddress": "192.0.2.0/24"}]}, None), {"named", "spared"}),
        ((PLACE, None), ({**PLACE, "isTrusted": True}, None), {"named", "spared", "trusted"}),
        ((None, None), ({**PLACE, "isTrusted": True}, None), {"named", "spared", "trusted"}),
        (({**PLACE, "isTrusted": True}, None), (None, None), {"named", "spared", "trusted"}),
        ((None, STRENGTH), (None, {**STRENGTH, "allowedCombinations": ["password"]}), {"strong", "reported"}),
        ((None, STRENGTH), (None, {**STRENGTH, "minimumProof": "proven"}), {"strong", "reported"}),
    ],
)
def test_those_look_at_it_that_name_it_or_any_trusted_place(before: Any, after: Any, looking: set[str]) -> None:
    assert {policy.name for policy in looking_at(rules(*before), rules(*after))} == looking
