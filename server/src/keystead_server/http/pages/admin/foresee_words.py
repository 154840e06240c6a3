"""A decision and its reasons as the pages of foreseeing tell them, in the words of the editor."""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead_server.policy.access.decide import Decision, Result, Verdict
from keystead_server.policy.access.explain import PolicyExplained
from keystead_server.policy.access.match import Match
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.words import Sentence, sentence
from keystead_server.policy.access.words_asked import CONDITION_WORDS, VERDICT_WORDS, control_words

COLOURS = {Verdict.ALLOW: "good", Verdict.BLOCK: "bad", Verdict.CONTROLS_REQUIRED: "warn"}
_RESULT_COLOURS = {
    Result.SUCCESS: "good",
    Result.FAILURE: "bad",
    Result.REPORT_ONLY_FAILURE: "warn",
    Result.REPORT_ONLY_INTERRUPTED: "warn",
}
_SHORT = {
    Result.SUCCESS: "Applies, and is met",
    Result.FAILURE: "Applies, and is not met",
    Result.NOT_APPLIED: "Does not apply",
    Result.NOT_ENABLED: "Switched off",
    Result.REPORT_ONLY_SUCCESS: "Report-only: would be met",
    Result.REPORT_ONLY_FAILURE: "Report-only: would keep out",
    Result.REPORT_ONLY_INTERRUPTED: "Report-only: would ask for more",
    Result.REPORT_ONLY_NOT_APPLIED: "Report-only: does not apply",
}
_MARKS = {Match.YES: ("Matches", "good"), Match.NO: ("Does not match", ""), Match.UNKNOWN: ("Not known", "warn")}


@dataclass(frozen=True, slots=True)
class Told:
    """Attributes:
    prompts: what is asked for, in order; with whether the person can do something about it.
    """

    verdict: str
    colour: str
    prompts: Sequence[tuple[str, bool]]
    sign_in_again: bool


@dataclass(frozen=True, slots=True)
class ConditionTold:
    name: str
    mark: str
    colour: str
    says: str


@dataclass(frozen=True, slots=True)
class PolicyTold:
    """Attributes:
    badge, colour: how it went, in short.
    unmet: what it still asks for.
    """

    id: str
    name: str
    sentence: Sentence
    applies: bool
    badge: str
    colour: str
    conditions: Sequence[ConditionTold]
    unmet: Sequence[str]


def told(decision: Decision, names: Names) -> Told:
    prompts = [
        (" or ".join(control_words(one, names) for one in prompt.any_of), prompt.can_be_met)
        for prompt in decision.prompts
    ]
    return Told(VERDICT_WORDS[decision.verdict], COLOURS[decision.verdict], prompts, decision.sign_in_again)


def policy_told(one: PolicyExplained, names: Names) -> PolicyTold:
    conditions = [
        ConditionTold(CONDITION_WORDS[each.name], *_MARKS[each.match], names.within(each.says))
        for each in one.conditions
    ]
    return PolicyTold(
        one.policy.id,
        one.policy.name,
        sentence(one.policy, names),
        one.applies,
        *badge_of(one.result),
        conditions,
        [says for _, says in one.unmet],
    )


def badge_of(result: Result) -> tuple[str, str]:
    """How a policy went, in short, and the colour of that."""
    return _SHORT[result], _RESULT_COLOURS.get(result, "")
