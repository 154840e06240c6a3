"""What people and other systems say of somebody's risk, beside what the sign-in log shows.

supplied    another system found something, about the person or about their sign-ins: counts until it expires,
            or as long as a detection of its level does
insider     how much somebody is an insider risk, as another system sees it: the newest alone counts, until it expires
confirmed   somebody knows that the account is in other hands: high, until it is dismissed
dismissed   somebody looked at it: nothing from before counts any more, except for insider risk
remediated  the person changed the password: the same, except for what somebody confirmed
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.vocabulary import InsiderRisk, RiskLevel

SUPPLIED_LEVELS = (RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH)
MAX_REASON_CHARACTERS = 300
# Who never says it again has forgotten it: nobody stays an insider risk for ever because of one report.
INSIDER_REMEMBERED = timedelta(days=30)
MAX_REMEMBERED = timedelta(days=365)
# A clock that is a little ahead is no lie; a finding of tomorrow would outlive its dismissal.
AHEAD = timedelta(minutes=5)
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")


class SignalKind(StrEnum):
    SUPPLIED = "supplied"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    REMEDIATED = "remediated"
    INSIDER = "insider"


class RiskAbout(StrEnum):
    """What a finding is about, in the words of Graph's `riskDetection.activity`."""

    PERSON = "user"
    SIGN_IN = "signin"


@dataclass(frozen=True, slots=True)
class Signal:
    """Attributes:
    at: when it was found; of the others, when it was said or done.
    event_type: what was found, in one word, such as Graph's `leakedCredentials`.
    about: of what is supplied: the person, or each of their sign-ins.
    insider: of an insider risk: how much.
    until: when it counts no more; None for as long as its level is remembered.
    """

    id: str
    kind: SignalKind
    at: datetime
    level: RiskLevel = RiskLevel.NONE
    event_type: str = ""
    says: str = ""
    about: RiskAbout = RiskAbout.PERSON
    insider: InsiderRisk = InsiderRisk.NONE
    until: datetime | None = None


def dismissed_at(signals: Sequence[Signal]) -> datetime | None:
    return max((one.at for one in signals if one.kind is SignalKind.DISMISSED), default=None)


def remediated_at(signals: Sequence[Signal]) -> datetime | None:
    return max((one.at for one in signals if one.kind is SignalKind.REMEDIATED), default=None)


def confirmation(signals: Sequence[Signal]) -> Signal | None:
    """The newest confirmation that nobody has dismissed since."""
    over = dismissed_at(signals)
    confirmed = [one for one in signals if one.kind is SignalKind.CONFIRMED and (over is None or one.at > over)]
    return max(confirmed, key=lambda one: one.at, default=None)


def insider_risk(signals: Sequence[Signal], now: datetime) -> Signal | None:
    """What counts as somebody's insider risk *now*, by *signals*, newest first; None where they are none."""
    newest = next((one for one in signals if one.kind is SignalKind.INSIDER), None)
    if newest is None or newest.insider is InsiderRisk.NONE:
        return None
    over = newest.until or newest.at + INSIDER_REMEMBERED
    return newest if now < over else None


def check_supplied(
    level: str, about: str, event_type: str, says: str, at: datetime, until: datetime | None, now: datetime
) -> None:
    """See that a finding can be kept.

    Raises:
        Invalid: `risk_malformed`; `target` names the property.
    """
    if level not in SUPPLIED_LEVELS:
        raise Invalid("risk_malformed", "riskLevel is low, medium or high", target="riskLevel")
    if about not in frozenset(RiskAbout):
        raise Invalid("risk_malformed", "activity is user or signin", target="activity")
    if not _KIND.fullmatch(event_type):
        raise Invalid("risk_malformed", "riskEventType is one word of letters and digits", target="riskEventType")
    _check_reason(says)
    if at > now + AHEAD:
        raise Invalid("risk_malformed", "it cannot have been found later than now", target="activityDateTime")
    _check_until(until, now)


def check_insider(level: str, says: str, until: datetime | None, now: datetime) -> None:
    """See that an insider risk can be kept.

    Raises:
        Invalid: `risk_malformed`; `target` names the property.
    """
    if level not in frozenset(InsiderRisk):
        raise Invalid(
            "risk_malformed", "insiderRiskLevel is none, minor, moderate or elevated", target="insiderRiskLevel"
        )
    _check_reason(says)
    _check_until(until, now)


def _check_reason(says: str) -> None:
    if not says.strip() or len(says) > MAX_REASON_CHARACTERS or not says.isprintable():
        raise Invalid(
            "risk_malformed",
            f"the reason is one line of at most {MAX_REASON_CHARACTERS} characters",
            target="additionalInfo",
        )


def _check_until(until: datetime | None, now: datetime) -> None:
    if until is not None and not now < until <= now + MAX_REMEMBERED:
        says = f"it can count until a moment within the next {MAX_REMEMBERED.days} days"
        raise Invalid("risk_malformed", says, target="expirationDateTime")
