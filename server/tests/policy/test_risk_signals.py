"""What was said of somebody's risk, beside what the log shows."""

from datetime import UTC, datetime, timedelta

import pytest
from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.vocabulary import InsiderRisk, RiskLevel
from keystead_server.policy.risk.levels import user_risk
from keystead_server.policy.risk.signals import (
    RiskAbout,
    Signal,
    SignalKind,
    check_insider,
    check_supplied,
    insider_risk,
)

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
        ({"about": "weather"}, "activity"),
        ({"until": NOW}, "expirationDateTime"),
        ({"until": NOW + timedelta(days=366)}, "expirationDateTime"),
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
        "about": "user",
        "event_type": "generic",
        "says": "seen elsewhere",
        "at": NOW,
        "until": None,
        "now": NOW,
    }

    with pytest.raises(Invalid) as refused:
        check_supplied(**(honest | lie))  # type: ignore[arg-type]

    assert (refused.value.code, refused.value.target) == ("risk_malformed", target)


def test_a_finding_counts_until_it_expires_however_long_its_level_is_remembered() -> None:
    briefly = Signal("a", SignalKind.SUPPLIED, NOW - DAY, RiskLevel.HIGH, until=NOW)
    long = Signal("b", SignalKind.SUPPLIED, NOW - 60 * DAY, RiskLevel.LOW, until=NOW + DAY)

    assert user_risk((), NOW, (briefly,)).level is RiskLevel.NONE
    assert user_risk((), NOW - timedelta(seconds=1), (briefly,)).level is RiskLevel.HIGH
    assert user_risk((), NOW, (long,)).level is RiskLevel.LOW


def test_a_finding_about_sign_ins_is_none_about_the_person() -> None:
    of_sign_in = Signal("a", SignalKind.SUPPLIED, NOW - DAY, RiskLevel.MEDIUM, about=RiskAbout.SIGN_IN)

    found = user_risk((), NOW, (of_sign_in,))

    assert (found.level, found.sign_in_level) == (RiskLevel.NONE, RiskLevel.MEDIUM)
    assert user_risk((), NOW + 6 * DAY, (of_sign_in,)).sign_in_level is RiskLevel.NONE
    assert user_risk((), NOW, (of_sign_in, signal(SignalKind.DISMISSED, timedelta()))).because == ()


def insider(level: InsiderRisk, ago: timedelta, until: datetime | None = None) -> Signal:
    return Signal(f"{level}-{ago}", SignalKind.INSIDER, NOW - ago, insider=level, until=until)


@pytest.mark.parametrize(
    ("newest_first", "level"),
    [
        ((), InsiderRisk.NONE),
        ((insider(InsiderRisk.MINOR, DAY), insider(InsiderRisk.ELEVATED, 2 * DAY)), InsiderRisk.MINOR),
        ((insider(InsiderRisk.NONE, DAY), insider(InsiderRisk.ELEVATED, 2 * DAY)), InsiderRisk.NONE),
        ((insider(InsiderRisk.ELEVATED, 29 * DAY),), InsiderRisk.ELEVATED),
        ((insider(InsiderRisk.ELEVATED, 30 * DAY),), InsiderRisk.NONE),
        ((insider(InsiderRisk.ELEVATED, DAY, NOW),), InsiderRisk.NONE),
        # What is over does not bring back what it took the place of.
        ((insider(InsiderRisk.MINOR, DAY, NOW), insider(InsiderRisk.ELEVATED, 2 * DAY)), InsiderRisk.NONE),
        ((DISMISSED, insider(InsiderRisk.MODERATE, 2 * DAY)), InsiderRisk.MODERATE),
    ],
)
def test_of_insider_risk_the_newest_word_counts_until_it_expires(
    newest_first: tuple[Signal, ...], level: InsiderRisk
) -> None:
    found = insider_risk(newest_first, NOW)

    assert (InsiderRisk.NONE if found is None else found.insider) is level


@pytest.mark.parametrize(
    ("level", "says", "until", "target"),
    [
        ("high", "seen", None, "insiderRiskLevel"),
        ("minor", "", None, "additionalInfo"),
        ("minor", "seen", NOW - DAY, "expirationDateTime"),
    ],
)
def test_an_insider_risk_that_is_none_is_refused(level: str, says: str, until: datetime | None, target: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_insider(level, says, until, NOW)

    assert (refused.value.code, refused.value.target) == ("risk_malformed", target)
