"""Detections → how risky a sign-in is, and how risky a person is for a while."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keystead_server.policy.access.vocabulary import RiskLevel
from keystead_server.policy.risk.detections import Detection, DetectionKind, detect, of_last
from keystead_server.policy.risk.signals import RiskAbout, Signal, SignalKind, confirmation, dismissed_at, remediated_at
from keystead_server.policy.risk.traces import Trace

# How long a detection speaks against a person: nobody stays suspect for ever because of one evening.
REMEMBERED: Final[Mapping[RiskLevel, timedelta]] = {
    RiskLevel.LOW: timedelta(days=1),
    RiskLevel.MEDIUM: timedelta(days=7),
    RiskLevel.HIGH: timedelta(days=30),
}
LOOK_BACK: Final = max(REMEMBERED.values())
_RANKS: Final = {level: rank for rank, level in enumerate((RiskLevel.NONE, *REMEMBERED))}


@dataclass(frozen=True, slots=True)
class Risk:
    """Attributes:
    level: the person's.
    sign_in_level: of every sign-in of theirs, by what was said of those.
    because: what it comes from, newest first; empty when there is none.
    dismissed_at: when somebody last said that it was nothing.
    remediated_at: when the person last changed the password because of it.
    is_confirmed: somebody knows that the account is in other hands.
    """

    level: RiskLevel = RiskLevel.NONE
    because: tuple[Detection, ...] = ()
    dismissed_at: datetime | None = None
    remediated_at: datetime | None = None
    is_confirmed: bool = False
    sign_in_level: RiskLevel = RiskLevel.NONE


def can_be_remediated(risk: Risk) -> bool:
    """Whether a new password deals with it: not where there is none, nor where somebody has to look at it."""
    return risk.level is not RiskLevel.NONE and not risk.is_confirmed


def highest(levels: Iterable[RiskLevel]) -> RiskLevel:
    return max(levels, key=_RANKS.__getitem__, default=RiskLevel.NONE)


def sign_in_risk(before: Sequence[Trace], now: Trace) -> Risk:
    """How risky the sign-in *now* is, after *before*, which is in order of time."""
    found = tuple(of_last((*before, now), now))
    return Risk(highest(one.sign_in_level for one in found), found)


def user_risk(traces: Sequence[Trace], now: datetime, signals: Sequence[Signal] = ()) -> Risk:
    """How risky the person is *now*, by *traces* in order of time and what was said of them."""
    return risk_of(detect(traces), now, signals)


def risk_of(found: Iterable[Detection], now: datetime, signals: Sequence[Signal]) -> Risk:
    """The same, where it is known what the traces show."""
    dismissed, remediated, confirmed = dismissed_at(signals), remediated_at(signals), confirmation(signals)
    over = max((one for one in (dismissed, remediated) if one is not None), default=None)
    supplied = [detection_of(one) for one in signals if one.kind is SignalKind.SUPPLIED]
    every = sorted((*found, *supplied), key=lambda one: one.at)
    kept = in_memory((one for one in every if over is None or one.at > over), now)
    if confirmed is not None:
        # Not forgotten by itself: only somebody who looked at it takes it back.
        kept = (*kept, _found_by(confirmed, DetectionKind.CONFIRMED, RiskLevel.HIGH))
    return Risk(
        highest(one.user_level for one in kept),
        tuple(reversed(kept)),
        dismissed,
        remediated,
        confirmed is not None,
        # What our own detections found of an earlier sign-in is no finding about the next one.
        highest(one.sign_in_level for one in kept if one.user_level is RiskLevel.NONE),
    )


def detection_of(signal: Signal) -> Detection:
    """What another system found, as one of the detections."""
    if signal.about is RiskAbout.SIGN_IN:
        until = signal.until or signal.at + REMEMBERED[signal.level]
        return Detection(signal.event_type, signal.id, signal.at, signal.level, RiskLevel.NONE, signal.says, until)
    return _found_by(signal, signal.event_type, signal.level)


def _found_by(signal: Signal, kind: str, level: RiskLevel) -> Detection:
    return Detection(kind, signal.id, signal.at, RiskLevel.NONE, level, signal.says, signal.until)


def in_memory(found: Iterable[Detection], now: datetime) -> tuple[Detection, ...]:
    """Those that still count *now*."""
    return tuple(one for one in found if now < (one.until or one.at + REMEMBERED[one.user_level]))
