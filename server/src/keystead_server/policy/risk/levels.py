"""Detections → how risky a sign-in is, and how risky a person is for a while."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keystead_server.policy.access.vocabulary import RiskLevel
from keystead_server.policy.risk.detections import Detection, detect, of_last
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
    because: what it comes from, newest first; empty when there is none.
    """

    level: RiskLevel = RiskLevel.NONE
    because: tuple[Detection, ...] = ()


def highest(levels: Iterable[RiskLevel]) -> RiskLevel:
    return max(levels, key=_RANKS.__getitem__, default=RiskLevel.NONE)


def sign_in_risk(before: Sequence[Trace], now: Trace) -> Risk:
    """How risky the sign-in *now* is, after *before*, which is in order of time."""
    found = tuple(of_last((*before, now), now))
    return Risk(highest(one.sign_in_level for one in found), found)


def user_risk(traces: Sequence[Trace], now: datetime) -> Risk:
    """How risky the person is *now*, by *traces* in order of time."""
    kept = in_memory(detect(traces), now)
    return Risk(highest(one.user_level for one in kept), tuple(reversed(kept)))


def in_memory(found: Iterable[Detection], now: datetime) -> tuple[Detection, ...]:
    """Those that still speak against the person *now*."""
    return tuple(one for one in found if now - one.at < REMEMBERED[one.user_level])
