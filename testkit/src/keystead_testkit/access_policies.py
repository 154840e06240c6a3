"""Conditional Access policies as Graph writes them, with what a test is not about filled in."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.policy.access.document import AccessRules, Context
from keystead_server.policy.access.location_document import read_location
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.terms import Terms
from keystead_server.policy.methods.model import FIRST_METHODS
from keystead_server.policy.strengths.document import read_strength

from keystead_testkit.loop import run
from keystead_testkit.office import Office

PHISHING_RESISTANT = "00000000-0000-0000-0000-000000000004"


def policy_body(name: str = "For everybody", *grant: str, **more: Any) -> dict[str, Any]:
    """Everybody, all apps; *grant* are built-in controls, *more* goes into `conditions` by name."""
    given = {
        "displayName": name,
        "state": more.pop("state", "enabled"),
        "conditions": {
            "users": {"includeUsers": ["All"]} | more.pop("users", {}),
            "applications": more.pop("applications", {"includeApplications": ["All"]}),
            "clientAppTypes": ["all"],
        },
        "grantControls": {"operator": "OR", "builtInControls": list(grant)},
        "sessionControls": more.pop("session", None),
    }
    strength = more.pop("strength", None)
    if strength is not None:
        given["grantControls"]["authenticationStrength"] = {"id": strength}
    terms = more.pop("terms", None)
    if terms is not None:
        given["grantControls"]["termsOfUse"] = list(terms)
    given["conditions"] |= more
    return given


def under_policies(
    office: Office,
    *bodies: dict[str, Any],
    locations: tuple[dict[str, Any], ...] = (),
    break_glass: frozenset[str] = frozenset(),
    by: Actor = OPERATOR,
    trial: timedelta | None = None,
    security_defaults: bool = False,
) -> PolicyDocument:
    """Put exactly these policies into force; ids are `policy-0`, `policy-1`, …, of locations `place-0`, …"""
    if not security_defaults:
        office.save_methods(replace(FIRST_METHODS, security_defaults=False))
    office.advance(milliseconds=1)

    def edit(rules: AccessRules) -> AccessRules:
        policies = tuple(read_policy(body, new_id=f"policy-{n}").policy for n, body in enumerate(bodies))
        places = tuple(read_location(body, new_id=f"place-{n}").location for n, body in enumerate(locations))
        return replace(rules, set=replace(rules.set, policies=policies, locations=places, break_glass=break_glass))

    change = office.services.manage_access.change
    return run(change(office.tenant.id, edit, by=by, about="a test", trial=trial))


def publish(office: Office, *contexts: Context) -> None:
    """Have exactly these authentication contexts."""
    office.advance(milliseconds=1)

    def edit(rules: AccessRules) -> AccessRules:
        return replace(rules, contexts=contexts)

    run(office.services.manage_access.change(office.tenant.id, edit, by=OPERATOR, about="a test"))


def with_terms(office: Office, *terms: Terms) -> None:
    """Have exactly these terms of use."""
    office.advance(milliseconds=1)
    change = office.services.manage_access.change
    run(change(office.tenant.id, lambda rules: rules.with_terms(terms), by=OPERATOR, about="a test"))


def with_one_of_each(office: Office, name: str = "Ours") -> str:
    """Add a named location, a strength and a context, all called *name*; the id that each of them has."""
    one = "c1"
    ranges, passkeys = {"ipRanges": ["203.0.113.0/24"]}, {"allowedCombinations": ["fido2"]}
    place = read_location({"displayName": name, **ranges}, new_id=one).location
    strength = read_strength({"displayName": name, "description": name, **passkeys}, new_id=one).strength
    office.advance(milliseconds=1)

    def edit(rules: AccessRules) -> AccessRules:
        kept = replace(rules.set, locations=(place,), strengths={one: strength})
        return replace(rules, set=kept, contexts=(Context(one, name, name),))

    run(office.services.manage_access.change(office.tenant.id, edit, by=OPERATOR, about="a test"))
    return one
