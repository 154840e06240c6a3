"""Whom a change of the Authentication methods policy touches: the decision before and after, for one person."""

from collections.abc import Iterator
from dataclasses import dataclass

from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User
from keystead_server.policy.methods.decide import NotAllowed, may_use
from keystead_server.policy.methods.model import CONFIGURED, MethodsPolicy
from keystead_server.policy.people import Subject


@dataclass(frozen=True, slots=True)
class Affected:
    """A person and a method they could not use any more, or could use again.

    Attributes:
        refusal: why not; for one that is allowed again, why not today.
    """

    user: User
    method: Method
    refusal: NotAllowed


def newly_refused(before: MethodsPolicy, after: MethodsPolicy, user: User, subject: Subject) -> Iterator[Affected]:
    for method in CONFIGURED:
        refusal = may_use(after, method, subject)
        if refusal is not None and may_use(before, method, subject) is None:
            yield Affected(user, method, refusal)
