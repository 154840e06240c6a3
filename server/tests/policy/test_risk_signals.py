"""What was said of somebody's risk, beside what the log shows."""

from datetime import UTC, datetime, timedelta

import pytest
from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.vocabulary import RiskLevel
from keystead_server.policy.risk.levels import user_risk
from keystead_server.policy.risk.signals import Signal, SignalKind, check_supplied

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def signal(kind: SignalKind, ago: timedelta, level: RiskLevel = RiskLevel.NONE) -> Signal:
    return Signal(f"{kind}-{ago}", kind, NOW - ago, level, "leakedCredentials", "on a list")


def supplied(ago: timedelta, level: RiskLevel = RiskLevel.HIGH) -> Signal:
    return signal(SignalKind.SUPPLIED, ago, level)


DAY = timedelta(days=1)
CONFIRMED, DISMISSED = signal(SignalKind.CONFIRMED, 2 * DAY), signal(SignalKind.DISMISSED, DAY)


@pytest.mark.parametrize(
    ("signals", "level"),
    [
        ((), RiskLevel.NONE),
        ((supplied(DAY),), RiskLevel.HIGH),
        ((supplied(31 * DAY),), RiskLevel.NONE),
        ((supplied(2 * DAY, RiskLevel.LOW),), RiskLevel.NONE),
        ((supplied(2 * DAY), DISMISSED), RiskLevel.NONE),
        ((supplied(timedelta(hours=1), RiskLevel.MEDIUM), DISMISSED), RiskLevel.MEDIUM),
        ((CONFIRMED,), RiskLevel.HIGH),
        ((CONFIRMED, DISMISSED), RiskLevel.NONE),
        ((signal(SignalKind.CONFIRMED, 400 * DAY),), RiskLevel.HIGH),
    ],
)
def test_a_finding_fades_a_confirmation_stays_and_a_dismissal_ends_both(
    signals: tuple[Signal, ...], level: RiskLevel
) -> None:
    assert user_risk((), NOW, signals).level is level
    assert user_risk((), NOW, signals[::-1]).level is level


def test_the_reason_comes_with_it() -> None:
    (found,) = user_risk((), NOW, (supplied(DAY),)).because

    assert (found.kind, found.says, found.sign_in_level) == ("leakedCredentials", "on a list", RiskLevel.NONE)


@pytest.mark.parametrize(
    ("lie", "target"),
    [
        ({"level": "none"}, "riskLevel"),
        ({"level": "extreme"}, "riskLevel"),
        ({"event_type": "two words"}, "riskEventType"),
        ({"event_type": ""}, "riskEventType"),
        ({"says": " "}, "additionalInfo"),
        ({"says": "one\nanother"}, "additionalInfo"),
        ({"says": "x" * 301}, "additionalInfo"),
        ({"at": NOW + timedelta(minutes=6)}, "activityDateTime"),
    ],
)
def test_what_cannot_be_kept_is_refused(lie: dict[str, object], target: str) -> None:
    honest: dict[str, object] = {
        "level": "high",
        "event_type": "generic",
        "says": "seen elsewhere",
        "at": NOW,
        "now": NOW,
    }

    with pytest.raises(Invalid) as refused:
        check_supplied(**(honest | lie))  # type: ignore[arg-type]

    assert (refused.value.code, refused.value.target) == ("risk_malformed", target)
