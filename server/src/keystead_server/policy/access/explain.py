"""The verdict, and for every policy whether it applied and what each of its conditions found."""

from dataclasses import dataclass

from keystead_server.policy.access.compiled import Compiled
from keystead_server.policy.access.conditions import Condition, conditions_of
from keystead_server.policy.access.controls import Control
from keystead_server.policy.access.decide import Applied, Decision, Result, decide
from keystead_server.policy.access.facts import Facts
from keystead_server.policy.access.grants import why_unmet
from keystead_server.policy.access.match import Match, all_of
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.vocabulary import State


@dataclass(frozen=True, slots=True)
class PolicyExplained:
    """Attributes:
    applies: live it counts. A disabled policy never applies.
    lacks_information: it applies only because something is not known; Graph would say that it does not.
    conditions: every one that is configured, matched or not.
    unmet: what it still asks for, in words, beside the control.
    """

    policy: Policy
    applies: bool
    lacks_information: bool
    conditions: tuple[Condition, ...]
    result: Result
    unmet: tuple[tuple[Control, str], ...] = ()

    @property
    def analysis_reasons(self) -> str:
        """Graph's `whatIfAnalysisReasons`: `notSet`, or the first thing that stands against it."""
        if self.policy.state is State.DISABLED:
            return "policyNotEnabled"
        against = next((one.reason for one in self.conditions if one.match is Match.NO), None)
        return against or ("notEnoughInformation" if self.lacks_information else "notSet")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Attributes:
    decision: of `decide` on the same facts.
    policies: all of the set, in its order.
    """

    decision: Decision
    policies: tuple[PolicyExplained, ...]


def explain(compiled: Compiled, facts: Facts) -> Explanation:
    """Decide, and say why of every policy."""
    decision = decide(compiled, facts)
    applied = {one.policy_id: one for one in decision.applied}
    return Explanation(decision, tuple(_explained(compiled, facts, one, applied) for one in compiled.policies))


def _explained(compiled: Compiled, facts: Facts, policy: Policy, applied: dict[str, Applied]) -> PolicyExplained:
    found = conditions_of(policy.conditions, facts, compiled.places, compiled.set.break_glass)
    match = all_of(one.match for one in found)
    one = applied.get(policy.id)
    if one is None:
        return PolicyExplained(policy, False, False, found, _NOT_APPLIED[policy.state])
    words = tuple((control, why_unmet(control, compiled.strengths, compiled.set.terms)) for control in one.unmet)
    return PolicyExplained(policy, True, match is Match.UNKNOWN, found, one.result, words)


_NOT_APPLIED = {
    State.ENABLED: Result.NOT_APPLIED,
    State.REPORT_ONLY: Result.REPORT_ONLY_NOT_APPLIED,
    State.DISABLED: Result.NOT_ENABLED,
}
