"""What people and other systems say of somebody's risk, beside what the sign-in log shows.

supplied    another system found something: counts as long as a detection of its level does
confirmed   somebody knows that the account is in other hands: high, until it is dismissed
dismissed   somebody looked at it: nothing from before counts any more
remediated  the person changed the password: the same, except for what somebody confirmed
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.vocabulary import RiskLevel

SUPPLIED_LEVELS = (RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH)
MAX_REASON_CHARACTERS = 300
# A clock that is a little ahead is no lie; a finding of tomorrow would outlive its dismissal.
AHEAD = timedelta(minutes=5)
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")


class SignalKind(StrEnum):
    SUPPLIED = "supplied"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    REMEDIATED = "remediated"


@dataclass(frozen=True, slots=True)
class Signal:
    """Attributes:
    at: when it was found; of the others, when it was said or done.
    event_type: what was found, in one word, such as Graph's `leakedCredentials`.
    """

    id: str
    kind: SignalKind
    at: datetime
    level: RiskLevel = RiskLevel.NONE
    event_type: str = ""
    says: str = ""


def dismissed_at(signals: Sequence[Signal]) -> datetime | None:
    return max((one.at for one in signals if one.kind is SignalKind.DISMISSED), default=None)


def remediated_at(signals: Sequence[Signal]) -> datetime | None:
    return max((one.at for one in signals if one.kind is SignalKind.REMEDIATED), default=None)


def confirmation(signals: Sequence[Signal]) -> Signal | None:
    """The newest confirmation that nobody has dismissed since."""
    over = dismissed_at(signals)
    confirmed = [one for one in signals if one.kind is SignalKind.CONFIRMED and (over is None or one.at > over)]
    return max(confirmed, key=lambda one: one.at, default=None)


def check_supplied(level: str, event_type: str, says: str, at: datetime, now: datetime) -> RiskLevel:
    """See that a finding can be kept; returns its level.

    Raises:
        Invalid: `risk_malformed`; `target` names the property.
    """
    found = next((one for one in SUPPLIED_LEVELS if one.value == level), None)
    if found is None:
        raise Invalid("risk_malformed", "riskLevel is low, medium or high", target="riskLevel")
    if not _KIND.fullmatch(event_type):
        raise Invalid("risk_malformed", "riskEventType is one word of letters and digits", target="riskEventType")
    if not says.strip() or len(says) > MAX_REASON_CHARACTERS or not says.isprintable():
        raise Invalid(
            "risk_malformed",
            f"the reason is one line of at most {MAX_REASON_CHARACTERS} characters",
            target="additionalInfo",
        )
    if at > now + AHEAD:
        raise Invalid("risk_malformed", "it cannot have been found later than now", target="activityDateTime")
    return found
