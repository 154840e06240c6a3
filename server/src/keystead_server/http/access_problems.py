"""What somebody is told whom Conditional Access does not let in: what is asked for, and what they can do.

Never which policy, and never what it looks at: whoever stole a session would learn how to get around it.
"""

from collections.abc import Mapping
from typing import Final

from keystead_server.flows.access_gate import Ruling
from keystead_server.http.problems import Problem
from keystead_server.policy.access.controls import ControlKind

BLOCKED = "Your organisation's rules do not let you in to this with what you use, or from where you are."
_ASK = "Ask an administrator of your organisation, and tell them the number below."
_ASK_IF_WRONG = (
    "If you think that you should get in, ask an administrator of your organisation, and tell them the number below."
)
SIGN_IN = "Sign in again, with a passkey if you have one."
_READ_TERMS = "Read the terms, and accept them to go on."
_CHANGE_PASSWORD = "Change your password to go on."
_REGISTER = "Add a passkey, and sign in with it."
_DEVICE = f"Use a computer that your organisation manages. If this is one: {_ASK[:1].lower()}{_ASK[1:]}"
_REMEDIES: Final[Mapping[ControlKind, str]] = {
    ControlKind.COMPLIANT_DEVICE: _DEVICE,
    ControlKind.JOINED_DEVICE: _DEVICE,
    ControlKind.APPROVED_APP: _ASK,
    ControlKind.COMPLIANT_APP: _ASK,
    ControlKind.CUSTOM_FACTOR: _ASK,
    ControlKind.TERMS_OF_USE: _ASK,
}
"""What is no matter of signing in otherwise."""


def access_problem(ruling: Ruling, attempt: str, *, may_register: bool = False) -> Problem:
    """*attempt* is the row of the sign-in log that helps whoever is asked for help."""
    says, next_step = told(ruling), remedy(ruling, may_register=may_register)
    if ruling.blocks:
        return Problem(403, "access_blocked", says, number=attempt, what_to_do=next_step)
    if ruling.only_terms:
        return Problem(403, "terms_not_accepted", says, number=attempt, what_to_do=_READ_TERMS)
    if ruling.change_password:
        return Problem(403, "password_change_needed", says, number=attempt, what_to_do=_CHANGE_PASSWORD)
    if may_register and ruling.decision.can_be_met:
        return Problem(403, "access_needs_passkey", says, number=attempt, what_to_do=next_step)
    return Problem(403, "access_controls_required", says, number=attempt, what_to_do=next_step)


def blocked_early(attempt: str) -> Problem:
    """Before anybody was asked for anything."""
    return Problem(403, "access_blocked", BLOCKED, number=attempt, what_to_do=_ASK_IF_WRONG)


def told(ruling: Ruling) -> str:
    """What is asked for, in one sentence."""
    if ruling.blocks or not ruling.says:
        return BLOCKED
    asked = "; ".join(ruling.says)
    return f"Your organisation asks for more before this: {asked}."


def remedy(ruling: Ruling, *, may_register: bool = False) -> str:
    """What they can do next: about what stands in the way for good first, for the rest would be in vain."""
    if ruling.blocks:
        return _ASK_IF_WRONG
    if ruling.decision.not_bound:
        return _ASK
    for prompt in sorted(ruling.decision.prompts, key=lambda prompt: prompt.can_be_met):
        kinds = [control.kind for control in prompt.any_of]
        if all(kind in _REMEDIES for kind in kinds):
            return _REMEDIES[kinds[0]]
        if not prompt.can_be_met:
            return _ASK
    if ruling.change_password:
        return _CHANGE_PASSWORD
    return _REGISTER if may_register else SIGN_IN


def told_whole(ruling: Ruling) -> str:
    """Both, for a form that has room for one message, with the number beside it."""
    return f"{told(ruling)} {remedy(ruling)}"
