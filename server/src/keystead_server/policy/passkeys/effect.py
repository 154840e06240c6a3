"""Whom a change of policy touches: the decision before and after, for one passkey at a time."""

from dataclasses import dataclass

from keystead_server.domain.passkey import Passkey
from keystead_server.domain.user import User
from keystead_server.policy.passkeys.decide import NotAdmitted, PasskeyFacts, quarantined
from keystead_server.policy.passkeys.model import PasskeyPolicy, Subject


@dataclass(frozen=True, slots=True)
class Affected:
    """A passkey that would be refused from now on, or accepted again.

    Attributes:
        refusal: why it would be refused; for one that is accepted again, why it is refused today.
    """

    user: User
    passkey: Passkey
    refusal: NotAdmitted


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change does to one passkey: at most one of the two is there.

    Attributes:
        usable_before, usable_after: whether it can sign in.
    """

    newly_refused: NotAdmitted | None
    newly_accepted: NotAdmitted | None
    usable_before: bool
    usable_after: bool


def touched(before: PasskeyPolicy, after: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts) -> Touched:
    """Decide about one registered passkey under both policies, as sign-in would."""
    was, will = quarantined(before, subject, passkey), quarantined(after, subject, passkey)
    return Touched(
        newly_refused=will if was is None else None,
        newly_accepted=was if will is None else None,
        usable_before=was is None,
        usable_after=will is None,
    )
