"""Risk from the sign-in log: what is found, what is not, and that no stranger can make somebody a risk."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from keystead_server.domain.place import Place
from keystead_server.policy.access.vocabulary import RiskLevel
from keystead_server.policy.risk.detections import BORDER_TIME, BURST_LENGTH, BURST_SPAN, DetectionKind, detect
from keystead_server.policy.risk.levels import REMEMBERED, Risk, sign_in_risk, user_risk
from keystead_server.policy.risk.traces import Trace

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BERLIN, PARIS, TOKYO = Place("DE", 52.5, 13.4), Place("FR", 48.9, 2.4), Place("JP", 35.7, 139.7)
GRANTED = Trace("t", NOW, True, "granted", "203.0.113.9", "aa", is_bound=True, system="Linux", place=BERLIN)
FAILED = replace(GRANTED, granted=False, reason="signature_invalid")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def ago(trace: Trace, span: timedelta, **other: object) -> Trace:
    return replace(trace, at=NOW - span, **other)  # type: ignore[arg-type]


def kinds(*traces: Trace) -> list[DetectionKind]:
    return [one.kind for one in detect(traces)]


def test_an_ordinary_week_has_no_risk() -> None:
    week = [ago(GRANTED, timedelta(days=day)) for day in range(7, 0, -1)]

    assert detect(week) == ()
    assert sign_in_risk(week, GRANTED) == user_risk(week, NOW) == Risk()


def test_a_bound_key_on_another_system_is_a_medium_sign_in() -> None:
    found = sign_in_risk([ago(GRANTED, HOUR)], replace(GRANTED, system="Windows"))

    assert found.level is RiskLevel.MEDIUM
    assert found.because[0].kind is DetectionKind.NEW_DEVICE
    assert "Linux" in found.because[0].says
    assert "Windows" in found.because[0].says


@pytest.mark.parametrize(
    "other",
    [
        {"is_bound": False},
        {"credential": "bb"},
        {"system": None},
        {"granted": False, "reason": "user_disabled"},
    ],
)
def test_a_key_that_travels_another_key_or_an_unknown_system_is_no_new_device(other: dict[str, object]) -> None:
    last = replace(GRANTED, **({"system": "Windows"} | other))  # type: ignore[arg-type]

    assert kinds(ago(GRANTED, HOUR), last) == []


def test_nobody_is_in_tokyo_an_hour_after_berlin() -> None:
    last = replace(GRANTED, address="198.51.100.7", place=TOKYO)

    assert kinds(ago(GRANTED, HOUR), last) == [DetectionKind.IMPOSSIBLE_TRAVEL]
    assert sign_in_risk([ago(GRANTED, HOUR)], last).level is RiskLevel.MEDIUM
    assert kinds(ago(GRANTED, 12 * HOUR), last) == []


def test_a_short_way_is_possible_in_no_time_because_addresses_are_placed_roughly() -> None:
    near = replace(GRANTED, address="198.51.100.7", place=replace(BERLIN, latitude=51.0))

    assert kinds(ago(GRANTED, timedelta(0)), near) == []


def test_the_same_address_has_not_travelled_whatever_a_newer_file_says_of_it() -> None:
    assert kinds(ago(GRANTED, HOUR), replace(GRANTED, place=TOKYO)) == []


def test_with_countries_alone_a_quick_change_is_a_low_risk() -> None:
    before, last = Place("DE"), replace(GRANTED, address="198.51.100.7", place=Place("FR"))

    assert sign_in_risk([ago(GRANTED, MINUTE, place=before)], last).level is RiskLevel.LOW
    assert sign_in_risk([ago(GRANTED, BORDER_TIME, place=before)], last) == Risk()
    assert sign_in_risk([ago(GRANTED, MINUTE, place=Place())], last) == Risk()


def test_a_burst_of_failures_is_said_once() -> None:
    burst = [ago(FAILED, timedelta(seconds=60 - number)) for number in range(BURST_LENGTH * 3)]

    assert kinds(*burst) == [DetectionKind.FAILURE_BURST]


def test_failures_spread_over_a_day_are_no_burst() -> None:
    assert kinds(*(ago(FAILED, number * BURST_SPAN) for number in range(BURST_LENGTH * 3, 0, -1))) == []


def test_getting_in_right_after_a_burst_from_the_same_address_is_a_medium_sign_in() -> None:
    burst = [ago(FAILED, MINUTE) for _ in range(BURST_LENGTH)]

    assert sign_in_risk(burst, GRANTED).level is RiskLevel.MEDIUM
    assert sign_in_risk(burst, replace(GRANTED, address="198.51.100.7", place=BERLIN)) == Risk()


def test_a_stranger_who_fails_a_thousand_times_makes_nobody_more_than_a_low_risk() -> None:
    """Attack class 12: otherwise typing a name would lock its owner out."""
    stranger = [ago(FAILED, timedelta(milliseconds=1000 - n), address="192.0.2.66", place=TOKYO) for n in range(1000)]

    assert user_risk(stranger, NOW).level is RiskLevel.LOW
    assert sign_in_risk(stranger, GRANTED) == Risk()


def test_a_counter_that_went_back_is_a_high_risk_for_a_month() -> None:
    clone = ago(FAILED, HOUR, reason="counter_regressed")

    assert user_risk([clone], NOW).level is RiskLevel.HIGH
    assert user_risk([clone], clone.at + REMEMBERED[RiskLevel.HIGH] - MINUTE).level is RiskLevel.HIGH
    assert user_risk([clone], clone.at + REMEMBERED[RiskLevel.HIGH]) == Risk()


def test_a_replayed_answer_is_found() -> None:
    assert kinds(replace(FAILED, reason="challenge_spent")) == [DetectionKind.REFUSED_REPLAY]


def test_each_detection_says_why_and_which_row_it_is_about() -> None:
    found = detect([replace(FAILED, id="row", reason="counter_regressed")])[0]

    assert found.trace_id == "row"
    assert "copy" in found.says
