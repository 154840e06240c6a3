"""What Graph does with an authentication strength beyond reading and writing it: who uses it, and other combinations."""

from typing import Any

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.graph.access_items import STRENGTHS, rules_of
from keystead_server.http.graph.answers import body_of, named, single
from keystead_server.policy.access.controls import ControlKind
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.writing import policy_to_json

_USAGE = frozenset({"mfa", "none"})
_CHANGED = frozenset(
    {"previousCombinations", "currentCombinations", "conditionalAccessReferences", "additionalInformation"}
)


async def usage(call: Call) -> Response:
    """The policies that name a strength, by whether they ask for two factors."""
    rules = await rules_of(call)
    strength = STRENGTHS.found(rules, named(call, "item"))
    found: dict[str, list[Any]] = {"mfa": [], "none": []}
    for policy in _naming(rules, strength.id):
        asks = strength.is_multifactor or (policy.grant is not None and policy.grant.asks(ControlKind.MFA))
        found["mfa" if asks else "none"].append(policy_to_json(policy, rules.set.all_strengths))
    return single(call, "microsoft.graph.authenticationStrengthUsage", found, _USAGE)


async def update_allowed_combinations(call: Call) -> Response:
    wanted = named(call, "item")
    before = STRENGTHS.found(await rules_of(call), wanted)
    given = body_of(call, "allowedCombinations")
    await STRENGTHS.put(call, wanted, lambda _: {"allowedCombinations": given.get("allowedCombinations")})
    rules = await rules_of(call)
    after = STRENGTHS.found(rules, wanted)
    changed = {
        "previousCombinations": STRENGTHS.shown(before, rules)["allowedCombinations"],
        "currentCombinations": STRENGTHS.shown(after, rules)["allowedCombinations"],
        "conditionalAccessReferences": [policy.id for policy in _naming(rules, after.id)],
        "additionalInformation": None,
    }
    return single(call, "microsoft.graph.updateAllowedCombinationsResult", changed, _CHANGED)


def _naming(rules: AccessRules, strength: str) -> list[Policy]:
    return [policy for policy in rules.set.policies if strength in STRENGTHS.named_by(policy)]
