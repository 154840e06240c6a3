"""What somebody is told whom Conditional Access does not let in: what is asked for, and what they can do.

Never which policy, and never what it looks at: whoever stole a session would learn how to get around it.
"""

from keystead_server.flows.access_gate import Ruling
from keystead_server.http.problems import Problem

BLOCKED = "Your organisation's rules do not let you in to this with what you use, or from where you are."


def access_problem(ruling: Ruling, attempt: str, *, may_register: bool = False) -> Problem:
    """*attempt* is the row of the sign-in log that helps whoever is asked for help."""
    says = f"{told(ruling)} (Number in the log: {attempt})"
    if ruling.blocks:
        return Problem(403, "access_blocked", says)
    if ruling.only_terms:
        return Problem(403, "terms_not_accepted", says)
    if may_register:
        return Problem(403, "access_needs_passkey", says)
    return Problem(403, "access_controls_required", says)


def told(ruling: Ruling) -> str:
    """One sentence, or two."""
    if ruling.blocks or not ruling.says:
        return BLOCKED
    asked = "; ".join(ruling.says)
    return f"Your organisation asks for more before this: {asked}."
