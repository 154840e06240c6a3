"""What can be said before anybody has proved anything.

Elsewhere policy is asked after the first factor; a password may then be tried from a country that is
blocked anyway. Here it is asked before, on the facts that there are. Only policies that surely apply
count: what is not known yet may still come out either way, and is asked again by `decide`.
"""

from dataclasses import dataclass
from typing import TypeAlias

from keystead_server.policy.access.applying import applying
from keystead_server.policy.access.compiled import Compiled, numbers
from keystead_server.policy.access.controls import Control, ControlKind, GrantControls, Operator
from keystead_server.policy.access.facts import Facts
from keystead_server.policy.access.grants import Evidence
from keystead_server.policy.access.vocabulary import UserAction
from keystead_server.policy.strengths.evaluate import ways
from keystead_server.policy.strengths.model import MULTIFACTOR, Combination, Strength


@dataclass(frozen=True, slots=True)
class BlockedEarly:
    """Whoever it is and whatever they prove, these policies block.

    Attributes:
        blocked_by: ids.
    """

    blocked_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MayContinue:
    """Attributes:
    strengths: each must be met; a passkey is worth offering if it counts in one of them.
    ways: the smallest sets of methods that meet all of them; None where any first factor will do.
        Empty where nothing can: the sign-in would be for nothing.
    """

    strengths: tuple[Strength, ...] = ()
    ways: tuple[Combination, ...] | None = None

    def offers(self, combination: Combination) -> bool:
        """Whether the methods of *combination*, used together, are part of a way in."""
        return self.ways is None or any(combination <= way for way in self.ways)


Early: TypeAlias = BlockedEarly | MayContinue


def decide_early(compiled: Compiled, facts: Facts) -> Early:
    """Say what is certain already; methods in *facts* are not looked at."""
    enforced = applying(compiled, facts, surely=True) & compiled.enabled
    blocking = enforced & compiled.blocking
    if blocking:
        return BlockedEarly(tuple(policy.id for policy in compiled.chosen(blocking)))
    strengths = _strengths(compiled, facts, enforced)
    if strengths is None:
        return MayContinue((), ())
    return MayContinue(strengths, ways(strengths) if strengths else None)


def _strengths(compiled: Compiled, facts: Facts, enforced: int) -> tuple[Strength, ...] | None:
    """Those that must be met in any case; None when one of them does not exist."""
    evidence = Evidence(facts, (), compiled.strengths, compiled.set.terms)
    superseded = _superseded(compiled, facts, enforced)
    needed: dict[str, Strength] = {}
    for number in numbers(enforced & compiled.with_grant):
        grant = compiled.grants[compiled.grant_of[number]][0]
        for control in _must_prove(grant, evidence, without_strengths=bool(superseded >> number & 1)):
            strength = MULTIFACTOR if control.kind is ControlKind.MFA else compiled.strengths.get(control.id)
            if strength is None:
                return None
            needed[strength.id] = strength
    return tuple(needed.values())


def _must_prove(grant: GrantControls, evidence: Evidence, *, without_strengths: bool) -> tuple[Control, ...]:
    """Its controls that are about methods and that nothing else can stand in for."""
    unmet = evidence.outcome(grant, without_strengths=without_strengths).unmet
    proofs = tuple(one for one in unmet if one.kind in (ControlKind.MFA, ControlKind.STRENGTH))
    if grant.operator is Operator.OR and len(unmet) > 1:
        return ()
    return proofs


def _superseded(compiled: Compiled, facts: Facts, enforced: int) -> int:
    """As in `decide`: the registration action's own strengths stand for those of all resources."""
    if facts.action is not UserAction.REGISTER_SECURITY_INFO:
        return 0
    with_action = compiled.targets.with_action
    return enforced & ~with_action if enforced & with_action & compiled.with_strength else 0
