"""A change of Conditional Access, held against sign-ins that really happened.

    Replayed    one sign-in: what the log's row says of it, as facts, and what the row lacks
    Replay      fed with them one by one; counts and names who would newly be blocked, asked for more, let in

Both sides decide as `decide` does, so nothing can go otherwise live. What a row lacks is UNKNOWN to both sides, and
conditions on it fail closed; the effect says so, for a change that hangs on it cannot be foreseen well.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from keystead_server.policy.access.applying import applying
from keystead_server.policy.access.compiled import Compiled, numbers
from keystead_server.policy.access.conditions import conditions_of
from keystead_server.policy.access.decide import Decision, Result, Verdict, decide_under
from keystead_server.policy.access.facts import Facts
from keystead_server.policy.access.match import Match

MAX_WITNESSES: Final = 3
"""Sign-ins kept for each person: enough to look them up, and no copy of the log."""


class Change(StrEnum):
    """What becomes of a sign-in."""

    BLOCKED = "newlyBlocked"
    PROMPTED = "newlyPrompted"
    LET_IN = "newlyLetIn"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Replayed:
    """Attributes:
    id: of the log's row.
    person: id.
    """

    id: str
    person: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody whose sign-ins would go otherwise.

    Attributes:
        times: how many of their sign-ins.
        policies: ids of those that block or ask, where they newly do.
        witnesses: ids of the first few rows.
        at: the latest of them.
        surely: at least one of them would go otherwise whatever the log does not know.
    """

    person: str
    times: int
    policies: tuple[str, ...]
    witnesses: tuple[str, ...]
    at: datetime
    surely: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """Attributes:
    sign_ins, people: that were looked at.
    changed: sign-ins, by what becomes of them.
    affected: people by what becomes of theirs; most sign-ins first.
    lacking: sign-ins that were decided without knowing what a policy asks about, by the condition's name.
    by_policy: results of the changed set, by policy id; report-only ones too.
    """

    sign_ins: int
    people: int
    changed: dict[Change, int]
    affected: dict[Change, tuple[Affected, ...]]
    lacking: dict[str, int]
    by_policy: dict[str, dict[Result, int]]

    @property
    def takes_away(self) -> bool:
        """Whether anybody who got in would not, or not at once."""
        return bool(self.changed[Change.BLOCKED] or self.changed[Change.PROMPTED])


@dataclass(slots=True)
class _Tally:
    times: int = 0
    policies: set[str] = field(default_factory=set)
    witnesses: list[str] = field(default_factory=list)
    at: datetime | None = None
    surely: bool = False


class Replay:
    """Counts as it is fed, so that a log of any length takes no more memory than its people do."""

    def __init__(self, before: Compiled, after: Compiled) -> None:
        self._before, self._after = before, after
        self._stayed = _Stayed(before, after)
        self._by_id = {policy.id: policy for policy in after.policies}
        self._people: set[str] = set()
        self._count = 0
        self._tallies: dict[Change, dict[str, _Tally]] = {change: {} for change in Change}
        self._changed: Counter[Change] = Counter()
        self._lacking: Counter[str] = Counter()
        self._by_policy: dict[str, dict[Result, int]] = {}

    def feed(self, sign_ins: Iterable[Replayed]) -> None:
        for one in sign_ins:
            self._take(one)

    def _take(self, one: Replayed) -> None:
        self._count += 1
        self._people.add(one.person)
        applying_after, applying_before = applying(self._after, one.facts), applying(self._before, one.facts)
        after = decide_under(self._after, one.facts, applying_after)
        for policy_id, result, _ in after.applied:
            self._count_result(policy_id, result)
        if self._stayed.same(applying_before, applying_after):
            change = Change.SAME
        else:
            change = becomes(decide_under(self._before, one.facts, applying_before), after)
        self._changed[change] += 1
        if change is not Change.SAME:
            self._tell(one, change, after)

    def _count_result(self, policy_id: str, result: Result) -> None:
        counts = self._by_policy.get(policy_id)
        if counts is None:
            counts = self._by_policy[policy_id] = {}
        counts[result] = counts.get(result, 0) + 1

    def _tell(self, one: Replayed, change: Change, after: Decision) -> None:
        tally = self._tallies[change].setdefault(one.person, _Tally())
        tally.times += 1
        asking = _asking(after)
        tally.policies.update(asking)
        if len(tally.witnesses) < MAX_WITNESSES:
            tally.witnesses.append(one.id)
        tally.at = one.facts.now if tally.at is None else max(tally.at, one.facts.now)
        lacking = self._lacks(one.facts, asking)
        self._lacking.update(lacking)
        tally.surely = tally.surely or not lacking

    def _lacks(self, facts: Facts, policies: Iterable[str]) -> frozenset[str]:
        """Conditions of *policies* that were taken to match because nobody knows."""
        after = self._after
        return frozenset(
            condition.name
            for policy in (self._by_id[one] for one in policies)
            for condition in conditions_of(policy.conditions, facts, after.places, after.set.break_glass)
            if condition.match is Match.UNKNOWN
        )

    def effect(self) -> Effect:
        return Effect(
            sign_ins=self._count,
            people=len(self._people),
            changed={change: self._changed[change] for change in Change},
            affected={change: _ordered(self._tallies[change]) for change in Change if change is not Change.SAME},
            lacking=dict(sorted(self._lacking.items())),
            by_policy={policy: dict(results) for policy, results in self._by_policy.items()},
        )


class _Stayed:
    """Which policies are the same before and after: where those alone apply, nothing can have changed."""

    def __init__(self, before: Compiled, after: Compiled) -> None:
        # What a decision looks at beside the policies that apply.
        self._same_terms = before.strengths == after.strengths and before.set.terms == after.set.terms
        where = {policy: number for number, policy in enumerate(after.policies)}
        self._now_at = [where.get(policy, -1) for policy in before.policies]

    def same(self, before: int, after: int) -> bool:
        if not self._same_terms or before.bit_count() != after.bit_count():
            return False
        return all(self._now_at[number] >= 0 and after >> self._now_at[number] & 1 for number in numbers(before))


def _ordered(tallies: dict[str, _Tally]) -> tuple[Affected, ...]:
    told = [
        Affected(person, one.times, tuple(sorted(one.policies)), tuple(one.witnesses), one.at, one.surely)
        for person, one in tallies.items()
        if one.at is not None
    ]
    return tuple(sorted(told, key=lambda one: (-one.times, one.person)))


def becomes(before: Decision, after: Decision) -> Change:
    """What a change makes of one sign-in.

    A prompt that nobody can meet keeps people out as a block does, and is counted as one.
    """
    was, will_be = _outcome(before), _outcome(after)
    if was is will_be:
        # Asked for more than before, though something was asked for already.
        return Change.PROMPTED if will_be is Verdict.CONTROLS_REQUIRED and _asks_more(before, after) else Change.SAME
    if will_be is Verdict.BLOCK:
        return Change.BLOCKED
    if will_be is Verdict.CONTROLS_REQUIRED and was is Verdict.ALLOW:
        return Change.PROMPTED
    return Change.LET_IN


def _outcome(decision: Decision) -> Verdict:
    if decision.verdict is Verdict.CONTROLS_REQUIRED and not decision.can_be_met:
        return Verdict.BLOCK
    return decision.verdict


def _asks_more(before: Decision, after: Decision) -> bool:
    asked = {prompt.any_of for prompt in before.prompts}
    return any(prompt.any_of not in asked for prompt in after.prompts)


def _asking(after: Decision) -> tuple[str, ...]:
    """Ids of the policies that stand in the way."""
    if after.blocked_by:
        return after.blocked_by
    return tuple(one.policy_id for one in after.applied if one.result is Result.FAILURE)
