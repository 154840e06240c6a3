"""System-preferred authentication: which of somebody's methods is offered first.

Before the first factor nothing may depend on the person: an answer that did would tell strangers who has
an account, and which methods to attack. So every sign-in page begins with the passkey, whoever is named,
and only who has shown a first factor is offered the best of what they have.
"""

from collections.abc import Iterable

from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.decide import may_use
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.people import Subject

FIRST_OFFERED = Method.PASSKEY
"""What a sign-in page offers first, to everybody."""

# Entra's order, of what we have. A pass comes first because somebody was given it for this very sign-in;
# whoever says which methods are usable leaves out one that has expired, was used or has not begun.
_RANK = (
    Method.TEMPORARY_ACCESS_PASS,
    Method.PASSKEY,
    Method.WINDOWS_HELLO,
    Method.SOFTWARE_OATH,
    Method.PASSWORD,
    Method.RECOVERY_CODE,
)


def ranked(usable: Iterable[Method]) -> tuple[Method, ...]:
    """*usable*, best first."""
    have = set(usable)
    return tuple(method for method in _RANK if method in have)


def after_first_factor(
    policy: MethodsPolicy, subject: Subject, usable: Iterable[Method], *, first: Method
) -> tuple[Method, ...]:
    """What is offered next to somebody who has shown *first*: what the policy lets them use.

    Best first where system-preferred holds for them; otherwise in the order of *usable*, which is theirs.
    They may always choose another of it.
    """
    allowed = [method for method in usable if method is not first and may_use(policy, method, subject) is None]
    return ranked(allowed) if policy.preferred.is_for(subject) else tuple(dict.fromkeys(allowed))
