"""What policy says of one sign-in, or one use of a session: the decision, for the log and in words for the person."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from operator import or_

from keystead_server.domain.access_ruling import AccessRuling, AppliedPolicy
from keystead_server.domain.session import SESSION_LIFETIME, Session
from keystead_server.flows.policies import AccessVersion
from keystead_server.policy.access.compiled import Compiled
from keystead_server.policy.access.controls import NEW_PASSWORD, BrowserMode, Control, ControlKind
from keystead_server.policy.access.decide import Decision, Prompt, Verdict
from keystead_server.policy.access.grants import why_unmet
from keystead_server.policy.strengths.model import Strength


@dataclass(frozen=True, slots=True)
class Ruling:
    """What policy says of one sign-in, or one use of a session.

    Attributes:
        record: for the log; None where no policy applied.
        says: what is asked for, in words for the person; never which policy asks.
        emergency: the account is one that no policy is for.
        terms: ids of the terms of use that are asked for and can be accepted.
        only_terms: to accept them is all that is missing.
        change_password: another password, and terms at most, are all that is missing, and one can be set.
    """

    decision: Decision
    record: AccessRuling | None = None
    says: tuple[str, ...] = ()
    emergency: bool = False
    terms: frozenset[str] = frozenset()
    only_terms: bool = False
    change_password: bool = False

    @property
    def code(self) -> str | None:
        """Why not, or None: stable."""
        match self.decision.verdict:
            case Verdict.ALLOW:
                return None
            case Verdict.BLOCK:
                return "access_blocked"
            case Verdict.CONTROLS_REQUIRED:
                return "access_controls_required"

    @property
    def blocks(self) -> bool:
        return self.decision.verdict is Verdict.BLOCK

    def opens(self, session: Session) -> Session:
        """*session* as it is opened: policy may have the browser keep it."""
        return session.kept() if self.decision.session.persistent_browser is BrowserMode.ALWAYS else session

    def for_use_of(self, session: Session, now: datetime) -> "Ruling":
        """As it is for a session that was kept: once no policy keeps it, it lasts no longer than any other."""
        keeps = self.decision.session.persistent_browser is BrowserMode.ALWAYS
        if keeps or self.blocks or now < session.signed_in_at + SESSION_LIFETIME:
            return self
        over = replace(self.decision, verdict=Verdict.CONTROLS_REQUIRED, sign_in_again=True)
        return replace(self, decision=over, says=(*self.says, _TOO_OLD), only_terms=False, change_password=False)


_TOO_OLD = "the sign-in is older than your organisation allows for this"
UNRULED = Ruling(Decision(Verdict.ALLOW))


def ruling_of(version: AccessVersion, decision: Decision) -> Ruling:
    if not decision.applied:
        return Ruling(decision)
    applied = tuple(
        AppliedPolicy(one.policy_id, version.names[one.policy_id], one.result.value) for one in decision.applied
    )
    terms = [_terms_in(prompt, version.compiled) for prompt in decision.prompts]
    passwords = [_is_for_a_password(prompt) for prompt in decision.prompts]
    over = decision.sign_in_again or decision.not_bound
    return Ruling(
        decision,
        AccessRuling(decision.verdict.value, applied),
        _says(version.compiled, decision),
        terms=frozenset().union(*terms),
        only_terms=bool(terms) and all(terms) and not over,
        change_password=any(passwords) and all(map(or_, map(bool, terms), passwords)) and not over,
    )


def _is_for_a_password(prompt: Prompt) -> bool:
    return prompt.can_be_met and all(control.kind in NEW_PASSWORD for control in prompt.any_of)


def _terms_in(prompt: Prompt, compiled: Compiled) -> frozenset[str]:
    asked = (one.id for one in prompt.any_of if one.kind is ControlKind.TERMS_OF_USE)
    return compiled.set.terms.intersection(asked)


def _why(control: Control, prompt: Prompt, strengths: Mapping[str, Strength], terms: frozenset[str]) -> str:
    if control.kind in NEW_PASSWORD and not prompt.can_be_met:
        # Whoever has none, or may have none, is not sent to set one.
        return "somebody must look at the risk of the account first"
    return why_unmet(control, strengths, terms)


def _says(compiled: Compiled, decision: Decision) -> tuple[str, ...]:
    strengths, terms = compiled.strengths, compiled.set.terms
    said = [" or ".join(_why(one, prompt, strengths, terms) for one in prompt.any_of) for prompt in decision.prompts]
    if decision.sign_in_again:
        said.append(_TOO_OLD)
    if decision.not_bound:
        said.append("a session that is bound to a device is needed, and none can be bound here yet")
    return tuple(said)
