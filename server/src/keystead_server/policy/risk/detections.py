"""Five detections, each small enough to be argued with.

    new_device           a key that cannot leave its device answers from another operating system
    impossible_travel    two sign-ins farther apart than anybody travels in the time between
    failure_burst        many refusals in a few minutes
    counter_regressed    a signature counter that did not grow: there may be a copy of the key
    refused_replay       an answer to a challenge that had been answered already

What a stranger can bring about from outside, such as failures, never counts as more than low for the
person: otherwise typing somebody's name often enough would lock them out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from keystead_server.policy.access.vocabulary import RiskLevel
from keystead_server.policy.risk.traces import Trace

FASTEST_KMH: Final = 1000.0
LEAST_KM: Final = 500.0
BORDER_TIME: Final = timedelta(hours=1)
BURST_SPAN: Final = timedelta(minutes=10)
BURST_LENGTH: Final = 5


class DetectionKind(StrEnum):
    NEW_DEVICE = "newDevice"
    IMPOSSIBLE_TRAVEL = "impossibleTravel"
    FAILURE_BURST = "failureBurst"
    COUNTER_REGRESSED = "counterRegressed"
    REFUSED_REPLAY = "refusedReplay"
    CONFIRMED = "adminConfirmedUserCompromised"


@dataclass(frozen=True, slots=True)
class Detection:
    """Attributes:
    kind: one of ours, or what another system calls what it found.
    sign_in_level: how risky the very sign-in is.
    user_level: how risky the person is from then on.
    says: the reason, in words for an administrator.
    until: when it counts no more; None for as long as its level is remembered.
    """

    kind: str
    trace_id: str
    at: datetime
    sign_in_level: RiskLevel
    user_level: RiskLevel
    says: str
    until: datetime | None = None

    @property
    def level(self) -> RiskLevel:
        """As lists show it: that of the person, or of a finding about sign-ins alone, theirs."""
        return self.sign_in_level if self.user_level is RiskLevel.NONE else self.user_level


def detect(traces: Sequence[Trace]) -> tuple[Detection, ...]:
    """All detections in one person's *traces*, which are in order of time."""
    return tuple(found for number, trace in enumerate(traces) for found in of_last(traces[: number + 1], trace))


def of_last(traces: Sequence[Trace], last: Trace) -> Iterator[Detection]:
    """What speaks against *last*, the end of *traces*."""
    before = traces[:-1]
    yield from _new_device(before, last)
    yield from _impossible_travel(before, last)
    yield from _failure_burst(before, last)
    yield from _by_reason(last)


def _new_device(before: Sequence[Trace], last: Trace) -> Iterator[Detection]:
    if not (last.granted and last.is_bound and last.credential and last.system):
        return
    known = {each.system for each in before if each.granted and each.credential == last.credential and each.system}
    if known and last.system not in known:
        says = f"a key bound to its device, used on {_listed(known)} so far, answered on {last.system}"
        # A security key goes from computer to computer: worth a second look, and no more.
        yield _found(DetectionKind.NEW_DEVICE, last, RiskLevel.MEDIUM, RiskLevel.LOW, says)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


def _impossible_travel(before: Sequence[Trace], last: Trace) -> Iterator[Detection]:
    previous = next((each for each in reversed(before) if each.granted), None)
    if not last.granted or previous is None or previous.address == last.address:
        return
    between = last.at - previous.at
    distance = previous.place.distance_km(last.place)
    if distance is None:
        yield from _changed_country(previous, last, between)
    elif distance > LEAST_KM and distance > FASTEST_KMH * _hours(between):
        says = f"{distance:.0f} km from the sign-in {_minutes(between)} before: nobody travels that fast"
        yield _found(DetectionKind.IMPOSSIBLE_TRAVEL, last, RiskLevel.MEDIUM, RiskLevel.MEDIUM, says)


def _changed_country(previous: Trace, last: Trace, between: timedelta) -> Iterator[Detection]:
    """Without coordinates: neighbouring countries are near, so that it is only low."""
    there, here = previous.place.country, last.place.country
    if there is not None and here is not None and there != here and between < BORDER_TIME:
        says = f"from {there} to {here} in {_minutes(between)}"
        yield _found(DetectionKind.IMPOSSIBLE_TRAVEL, last, RiskLevel.LOW, RiskLevel.LOW, says)


def _hours(span: timedelta) -> float:
    return max(span.total_seconds(), 0.0) / 3600


def _minutes(span: timedelta) -> str:
    return f"{max(int(span.total_seconds()), 0) // 60} minutes"


def _failure_burst(before: Sequence[Trace], last: Trace) -> Iterator[Detection]:
    since = last.at - BURST_SPAN
    recent = [each for each in before if each.at >= since and _is_failure(each)]
    if _is_failure(last) and len(recent) + 1 == BURST_LENGTH:
        # Said once, when the burst becomes one, and not for each of its failures.
        says = f"{BURST_LENGTH} refusals within {_minutes(BURST_SPAN)}"
        yield _found(DetectionKind.FAILURE_BURST, last, RiskLevel.LOW, RiskLevel.LOW, says)
    own = [each for each in recent if each.address == last.address]
    if last.granted and len(own) >= BURST_LENGTH:
        says = f"right after {len(own)} refusals from the same address within {_minutes(BURST_SPAN)}"
        yield _found(DetectionKind.FAILURE_BURST, last, RiskLevel.MEDIUM, RiskLevel.LOW, says)


def _is_failure(trace: Trace) -> bool:
    return not trace.granted and trace.reason not in _NO_FAILURES


# Nobody guessed: a first factor waits for the second, a page was left open.
_NO_FAILURES: Final = frozenset({"second_factor_needed", "challenge_expired"})


def _by_reason(last: Trace) -> Iterator[Detection]:
    if last.reason == "counter_regressed":
        says = (
            "the key's counter did not grow: there may be a copy of the key, or its device was put back from a backup"
        )
        yield _found(DetectionKind.COUNTER_REGRESSED, last, RiskLevel.HIGH, RiskLevel.HIGH, says)
    if last.reason == "challenge_spent":
        says = "an answer that had been given before was sent again"
        yield _found(DetectionKind.REFUSED_REPLAY, last, RiskLevel.MEDIUM, RiskLevel.LOW, says)


def _found(kind: DetectionKind, of: Trace, sign_in: RiskLevel, user: RiskLevel, says: str) -> Detection:
    return Detection(kind, of.id, of.at, sign_in, user, says)
