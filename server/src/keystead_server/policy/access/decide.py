"""Facts and compiled policies → one decision (§4.2).

    which apply      every enabled policy whose conditions all match; report-only ones are looked at beside them
    block            any one of them that blocks ends it
    session          their session controls, merged; methods that are too old no longer count
    unmet            what each still asks for, as prompts in the fixed order

No policy, or all of them met: allowed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from keystead_server.policy.access.applying import applying
from keystead_server.policy.access.compiled import MAX_MERGED, Compiled, numbers
from keystead_server.policy.access.controls import Control, Operator
from keystead_server.policy.access.facts import Facts
from keystead_server.policy.access.grants import MET, Evidence, Outcome
from keystead_server.policy.access.session import (
    UNDECIDED,
    Session,
    fresh_credentials,
    is_too_old,
    merge,
    must_sign_in_again,
)
from keystead_server.policy.access.vocabulary import UserAction


class Verdict(StrEnum):
    ALLOW = "allow"
    BLOCK = "block"
    CONTROLS_REQUIRED = "controlsRequired"


class Result(StrEnum):
    """Graph's `appliedConditionalAccessPolicyResult`."""

    SUCCESS = "success"
    FAILURE = "failure"
    NOT_APPLIED = "notApplied"
    NOT_ENABLED = "notEnabled"
    REPORT_ONLY_SUCCESS = "reportOnlySuccess"
    REPORT_ONLY_FAILURE = "reportOnlyFailure"
    REPORT_ONLY_INTERRUPTED = "reportOnlyInterrupted"
    REPORT_ONLY_NOT_APPLIED = "reportOnlyNotApplied"


class Applied(NamedTuple):
    """A policy that applied, and how it went. A tuple, because a decision makes one for each."""

    policy_id: str
    result: Result
    unmet: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing to ask for.

    Attributes:
        any_of: controls, any one of which is enough.
        can_be_met: the person can do something about it now; otherwise the sign-in ends here.
    """

    any_of: tuple[Control, ...]
    can_be_met: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Attributes:
    blocked_by: ids of the policies that block.
    prompts: what is missing, in the order in which it is asked for.
    sign_in_again: the sign-in is older than a policy allows.
    session: what the enabled policies make of it, on whichever verdict.
    applied: every policy that applied, report-only ones too, in the order of the set.
    """

    verdict: Verdict
    blocked_by: tuple[str, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    sign_in_again: bool = False
    session: Session = UNDECIDED
    applied: tuple[Applied, ...] = ()
    not_bound: bool = False

    @property
    def can_be_met(self) -> bool:
        """Whether the person can still get in now."""
        if self.verdict is Verdict.BLOCK or self.not_bound:
            return False
        return all(prompt.can_be_met for prompt in self.prompts)


_ALLOWED = Decision(Verdict.ALLOW)


def decide(compiled: Compiled, facts: Facts) -> Decision:
    """Decide one sign-in. Live, what-if and replay are this one function; it never raises."""
    return decide_under(compiled, facts, applying(compiled, facts))


def decide_under(compiled: Compiled, facts: Facts, mask: int) -> Decision:
    """The same, where it is known which policies apply."""
    return _ALLOWED if not mask else _Deciding(compiled, facts, mask).decision()


class _Deciding:
    def __init__(self, compiled: Compiled, facts: Facts, mask: int) -> None:
        self._compiled = compiled
        self._facts = facts
        self._mask = mask
        self._enforced = mask & compiled.enabled
        self._session = _session_of(compiled, self._enforced)
        credentials = fresh_credentials(self._session, facts)
        self._evidence = Evidence(facts, credentials, compiled.strengths, compiled.set.terms)
        self._superseded = self._where_the_action_decides()
        self._outcomes: dict[tuple[int, bool], Outcome] = {}
        self._went: dict[tuple[int, int, bool, bool], tuple[Result, tuple[Control, ...]]] = {}

    def _where_the_action_decides(self) -> int:
        """The policies whose strengths give way (§4.4).

        A strength that is asked of the registration action "takes precedence" over those asked of all
        resources: otherwise somebody without a passkey could never reach the page where one is
        registered. "All other grant controls" of those policies still apply.
        """
        if self._facts.action is not UserAction.REGISTER_SECURITY_INFO:
            return 0
        with_action = self._compiled.targets.with_action
        decides = self._enforced & with_action & self._compiled.with_strength
        return self._mask & ~with_action if decides else 0

    def decision(self) -> Decision:
        compiled, enforced = self._compiled, self._enforced
        applied = tuple(self._applied(number) for number in numbers(self._mask))
        blocking = enforced & compiled.blocking
        if blocking:
            ids = tuple(compiled.policies[number].id for number in numbers(blocking))
            return Decision(Verdict.BLOCK, ids, session=self._session, applied=applied)
        prompts = _prompts(self._unmet(enforced), self._evidence)
        again = must_sign_in_again(self._session, self._facts)
        not_bound = self._session.bound_session and not self._facts.bound
        verdict = Verdict.CONTROLS_REQUIRED if prompts or again or not_bound else Verdict.ALLOW
        return Decision(verdict, (), prompts, again, self._session, applied, not_bound)

    def _unmet(self, enforced: int) -> Iterable[Outcome]:
        left = enforced & self._compiled.with_grant
        seen: set[tuple[int, bool]] = set()
        for number in numbers(left):
            key = self._key(number)
            if key not in seen:
                seen.add(key)
                yield self._outcome(key)

    def _key(self, number: int) -> tuple[int, bool]:
        superseded = self._superseded != 0 and self._superseded >> number & 1 == 1
        return self._compiled.grant_of[number], superseded

    def _outcome(self, key: tuple[int, bool]) -> Outcome:
        outcome = self._outcomes.get(key)
        if outcome is None:
            position, without_strengths = key
            grant = self._compiled.grants[position][0]
            outcome = self._outcomes[key] = self._evidence.outcome(grant, without_strengths=without_strengths)
        return outcome

    def _applied(self, number: int) -> Applied:
        compiled = self._compiled
        asked = compiled.grant_of[number], compiled.session_of[number], compiled.is_enforced[number]
        key = (*asked, self._superseded != 0 and self._superseded >> number & 1 == 1)
        went = self._went.get(key)
        if went is None:
            went = self._went[key] = self._how_it_goes(*key)
        return Applied(compiled.policies[number].id, *went)

    def _how_it_goes(
        self, grant: int, session: int, is_enforced: bool, is_superseded: bool
    ) -> tuple[Result, tuple[Control, ...]]:
        """The same for all policies that ask the same."""
        outcome = MET if grant < 0 else self._outcome((grant, is_superseded))
        not_bound = session >= 0 and self._compiled.sessions[session][0].bound_session and not self._facts.bound
        met = outcome.is_met and not not_bound and not (session >= 0 and self._is_too_old_for(session))
        if is_enforced:
            result = Result.SUCCESS if met else Result.FAILURE
        elif met:
            result = Result.REPORT_ONLY_SUCCESS
        else:
            could_be = self._could_be_met(outcome) and not not_bound
            result = Result.REPORT_ONLY_INTERRUPTED if could_be else Result.REPORT_ONLY_FAILURE
        return result, outcome.unmet

    def _is_too_old_for(self, position: int) -> bool:
        frequency = self._compiled.sessions[position][0].frequency
        return frequency is not None and is_too_old(frequency.limit, self._facts)

    def _could_be_met(self, outcome: Outcome) -> bool:
        asked = [self._evidence.can_be_asked_for(control) for control in outcome.unmet]
        return any(asked) if outcome.operator is Operator.OR and asked else all(asked)


def _session_of(compiled: Compiled, enforced: int) -> Session:
    left = enforced & compiled.with_session
    if not left:
        return UNDECIDED
    positions = tuple([position for position, (_, mask) in enumerate(compiled.sessions) if mask & left])
    kept = compiled.merged.get(positions)
    if kept is None:
        kept = merge(compiled.sessions[position][0] for position in positions)
        if len(compiled.merged) < MAX_MERGED:
            compiled.merged[positions] = kept
    return kept


def _prompts(outcomes: Iterable[Outcome], evidence: Evidence) -> tuple[Prompt, ...]:
    needed: set[Control] = set()
    choices: set[tuple[Control, ...]] = set()
    for outcome in outcomes:
        if outcome.operator is Operator.OR and len(outcome.unmet) > 1:
            choices.add(outcome.unmet)
        else:
            needed.update(outcome.unmet)
    # A choice that is met by what must be done anyway is no question of its own.
    left = [choice for choice in choices if needed.isdisjoint(choice)]
    groups = [(control,) for control in needed] + left
    ordered = sorted(groups, key=lambda group: [control.order for control in group])
    return tuple(Prompt(group, any(map(evidence.can_be_asked_for, group))) for group in ordered)
