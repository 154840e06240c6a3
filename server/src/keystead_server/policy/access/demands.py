"""Whether meeting one policy's grant controls means meeting another's."""

from collections.abc import Mapping

from keystead_server.policy.access.controls import Control, ControlKind, GrantControls, Operator
from keystead_server.policy.access.model import Policy
from keystead_server.policy.strengths.model import MULTIFACTOR, Strength

Strengths = Mapping[str, Strength]


def guarantees_strength(policy: Policy, wanted: Strength, strengths: Strengths) -> bool:
    """Whether nobody gets past *policy* with less than *wanted*."""
    if policy.grant is None:
        return False
    return policy.blocks or _guarantees(policy.grant, Control(ControlKind.STRENGTH, wanted.id), strengths)


def asks_no_less(policy: Policy, than: Policy, strengths: Strengths) -> bool:
    """Whether whoever has met *policy* has met *than* as well."""
    if policy.blocks:
        return True
    if than.grant is None or than.blocks or policy.grant is None:
        return than.grant is None
    if than.grant.operator is Operator.AND:
        return all(_guarantees(policy.grant, control, strengths) for control in than.grant.controls)
    if any(_guarantees(policy.grant, control, strengths) for control in than.grant.controls):
        return True
    # A choice among fewer of the same things is no less.
    return all(any(_implies(one, other, strengths) for other in than.grant.controls) for one in policy.grant.controls)


def _guarantees(grant: GrantControls, wanted: Control, strengths: Strengths) -> bool:
    met = [_implies(control, wanted, strengths) for control in grant.controls]
    return any(met) if grant.operator is Operator.AND else all(met)


def _implies(met: Control, wanted: Control, strengths: Strengths) -> bool:
    if met == wanted:
        return True
    has, needs = _strength(met, strengths), _strength(wanted, strengths)
    return has is not None and needs is not None and is_no_weaker(has, needs)


def _strength(control: Control, strengths: Strengths) -> Strength | None:
    if control.kind is ControlKind.MFA:
        return MULTIFACTOR
    return strengths.get(control.id) if control.kind is ControlKind.STRENGTH else None


def is_no_weaker(strength: Strength, than: Strength) -> bool:
    """Whether whatever meets *strength* meets *than*."""
    if strength == than:
        return True
    if than.fido2 or than.certificates or strength.minimum_proof.rank < than.minimum_proof.rank:
        return False
    return all(any(enough <= one for enough in than.combinations) for one in strength.combinations)
