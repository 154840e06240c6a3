"""What Conditional Access said of each row of the sign-in log, in the words of the editor; for administrators alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keystead_server.domain.access_ruling import AccessRuling, AppliedPolicy
from keystead_server.domain.ids import AttemptId
from keystead_server.domain.sign_in import Attempt, Purpose
from keystead_server.flows.access_names import names_for
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.foresee_asked import Asked
from keystead_server.http.pages.admin.foresee_words import COLOURS, badge_of
from keystead_server.policy.access.decide import Result, Verdict
from keystead_server.policy.access.words import Sentence, sentence

_VERDICTS = {
    Verdict.ALLOW: "Let in",
    Verdict.BLOCK: "Blocked",
    Verdict.CONTROLS_REQUIRED: "Asked for more",
}
_ASKED_ABOUT = frozenset({Purpose.SIGN_IN, Purpose.AUTHORIZE, Purpose.USE})


@dataclass(frozen=True, slots=True)
class AppliedTold:
    """Attributes:
    name: as the policy was called then.
    sentence: what it says now; None of one that is gone.
    """

    name: str
    badge: str
    colour: str
    sentence: Sentence | None


@dataclass(frozen=True, slots=True)
class RulingTold:
    verdict: str
    colour: str
    policies: Sequence[AppliedTold]


@dataclass(frozen=True, slots=True)
class Ruled:
    """Attributes:
    by_attempt: only rows to which a policy applied.
    what_if: for each row of a person, the question that asks the policies of now about it.
    """

    by_attempt: Mapping[AttemptId, RulingTold]
    what_if: Mapping[AttemptId, str]


async def ruled(call: Call, attempts: Sequence[Attempt]) -> Ruled:
    what_if = {
        one.id: Asked.about(one).query
        for one in attempts
        if one.user_id is not None and one.username and one.purpose in _ASKED_ABOUT
    }
    rulings = {one.id: one.access for one in attempts if one.access is not None}
    if not rulings:
        return Ruled({}, what_if)
    now = (await call.services.access_policies.now(call.tenant.id, call.services.clock.now())).rules.set
    names = await names_for(call.services.store, call.tenant.id, now)
    sentences = {policy.id: sentence(policy, names) for policy in now.policies}
    return Ruled({one: _told(ruling, sentences) for one, ruling in rulings.items()}, what_if)


def _told(ruling: AccessRuling, sentences: Mapping[str, Sentence]) -> RulingTold:
    verdict = Verdict(ruling.decision)
    policies = [AppliedTold(one.name, *_badge(one), sentences.get(one.id)) for one in ruling.policies]
    return RulingTold(_VERDICTS[verdict], COLOURS[verdict], policies)


def _badge(applied: AppliedPolicy) -> tuple[str, str]:
    return badge_of(Result(applied.result))
