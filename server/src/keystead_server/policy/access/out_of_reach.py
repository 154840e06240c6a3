"""Strengths that nobody whom a policy is for can meet (§4.4): such a policy blocks them all, and does not say so."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from keystead_server.policy.access.applying import for_whom
from keystead_server.policy.access.compiled import Compiled, numbers
from keystead_server.policy.access.controls import Operator
from keystead_server.policy.access.facts import Facts
from keystead_server.policy.access.finding import Directory, Finding, Modes
from keystead_server.policy.strengths.evaluate import Reach, reach
from keystead_server.policy.strengths.model import Strength


def out_of_reach(compiled: Compiled, directory: Directory, now: datetime) -> Iterator[Finding]:
    """One finding for each policy whose strength is out of reach of everybody in its scope."""
    if directory.modes is None:
        return
    asking = {number: _strength(compiled, number) for number in numbers(compiled.live & compiled.with_strength)}
    left = {number: strength for number, strength in asking.items() if strength is not None}
    in_scope: set[int] = set()
    reached: dict[tuple[str, Modes, frozenset[UUID] | None], bool] = {}
    for person in directory.people:
        if not left:
            return
        mask = for_whom(compiled, Facts(now, person), surely=False)
        for number, strength in tuple(left.items()):
            if not mask >> number & 1:
                continue
            in_scope.add(number)
            models = None if directory.models is None else directory.models.get(person.id, frozenset())
            key = strength.id, directory.modes.get(person.id, frozenset()), models
            if key not in reached:
                reached[key] = reach(strength, (), *key[1:]) is not Reach.OUT_OF_REACH
            if reached[key]:
                del left[number]
    for number in sorted(in_scope & left.keys()):
        policy = compiled.policies[number]
        says = f"nobody whom it is for can sign in with or register what “{left[number].name}” asks for"
        yield Finding("strength_out_of_reach", (policy.id,), says)


def _strength(compiled: Compiled, number: int) -> Strength | None:
    """The one that must be met; None where something else may be met in its place, or where there is none."""
    grant = compiled.policies[number].grant
    if grant is None or (grant.operator is Operator.OR and len(grant.controls) > 1):
        return None
    return next((compiled.strengths[one] for one in grant.strength_ids if one in compiled.strengths), None)
