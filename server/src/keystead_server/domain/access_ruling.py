"""What Conditional Access said of one attempt, as the log keeps it: the decision, and every policy that applied."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """Attributes:
    name: as the policy was called then.
    result: Graph's `appliedConditionalAccessPolicyResult`; of report-only policies too.
    """

    id: str
    name: str
    result: str


@dataclass(frozen=True, slots=True)
class AccessRuling:
    """Attributes:
    decision: allow, block or controlsRequired.
    """

    decision: str
    policies: tuple[AppliedPolicy, ...] = ()

    def to_text(self) -> str:
        """Canonical, and ASCII: it is hashed into the log's chain."""
        policies = [[one.id, one.name, one.result] for one in self.policies]
        return json.dumps([self.decision, policies], ensure_ascii=True, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "AccessRuling":
        decision, policies = json.loads(text)
        return cls(decision, tuple(AppliedPolicy(*one) for one in policies))
