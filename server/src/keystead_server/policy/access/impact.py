"""What policies did, or would have done, at sign-ins that happened: counted from what the log says of each.

Kept     one policy's share: how often it kept out, asked for more, let in
Impact   all of them over a span of time
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from keystead_server.domain.access_ruling import AccessRuling, AppliedPolicy
from keystead_server.policy.access.decide import Result, Verdict


class Outcome(StrEnum):
    """What a policy made of a sign-in that it applied to; of a report-only one, what it would have made."""

    KEPT_OUT = "keptOut"
    ASKED = "asked"
    LET_IN = "letIn"


@dataclass(slots=True)
class Kept:
    """Attributes:
    name: as the policy was called at the latest of these sign-ins.
    people: ids, by what it made of their sign-ins; of the one policy that is looked at closely.
    """

    name: str
    counts: Counter[Outcome] = field(default_factory=Counter)
    people: dict[Outcome, Counter[str]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Impact:
    """Attributes:
    sign_ins: that policies were asked about; what a policy has not counted of them it did not apply to.
    by_policy: by its id; only those that applied at all.
    """

    since: datetime
    until: datetime
    sign_ins: int
    by_policy: Mapping[str, Kept]


def outcome_of(applied: AppliedPolicy, ruling: AccessRuling, *, blocks: bool | None) -> Outcome:
    """
    Args:
        blocks: whether this policy blocks; None when it is gone, and only the ruling can tell.
    """
    match applied.result:
        case Result.REPORT_ONLY_FAILURE:
            return Outcome.KEPT_OUT
        case Result.REPORT_ONLY_INTERRUPTED:
            return Outcome.ASKED
        case Result.FAILURE:
            kept_out = ruling.decision == Verdict.BLOCK if blocks is None else blocks
            return Outcome.KEPT_OUT if kept_out else Outcome.ASKED
        case _:
            return Outcome.LET_IN
