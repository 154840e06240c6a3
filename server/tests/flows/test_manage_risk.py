"""Risk that people and other systems speak of: it counts for policies at the next request, and is in the audit log."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Role
from keystead_server.flows.risk_signals import MAX_SUPPLIED, target_of
from keystead_testkit.access_policies import policy_body, under_policies
from keystead_testkit.api_caller import permitted_app
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of


def supply(office: Office, **how: Any) -> Any:
    office.advance(milliseconds=1)
    given = {"level": "high", "event_type": "leakedCredentials", "says": "on a list", "by": OPERATOR} | how
    return run(office.services.manage_risk.supply(given.pop("user", office.ada), **given))


def say(office: Office, verb: str, *, by: Actor = OPERATOR) -> None:
    office.advance(milliseconds=1)
    run(getattr(office.services.manage_risk, verb)([office.ada], by=by))
    office.advance(milliseconds=1)


def risky_are_blocked(office: Office) -> None:
    under_policies(office, policy_body("Risky", "block", userRiskLevels=["high"]))


def test_what_another_system_found_counts_at_the_next_sign_in_until_it_is_dismissed(office: Office) -> None:
    risky_are_blocked(office)
    assert reason_of(office.sign_in()) == "granted"

    supply(office)
    assert reason_of(office.sign_in()) == "access_blocked"

    say(office, "dismiss")
    assert reason_of(office.sign_in()) == "granted"
    assert [name for name in office.audit if name.startswith("risk.")] == ["risk.supplied", "risk.dismissed"]


def test_who_is_confirmed_is_a_high_risk_for_good(office: Office) -> None:
    risky_are_blocked(office)

    say(office, "confirm")
    office.advance(days=60)

    assert reason_of(office.sign_in()) == "access_blocked"


def test_nobody_judges_their_own_risk(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        say(office, "dismiss", by=Actor(office.now_of(office.ada)))

    assert refused.value.code == "own_risk"


def test_an_app_by_itself_says_nothing_of_who_administers(office: Office) -> None:
    app = permitted_app(office, application=("IdentityRiskEvent.ReadWrite.All",))
    boss = office.add_person("boss@contoso.example", Role.GLOBAL_ADMINISTRATOR)

    with pytest.raises(Invalid) as refused:
        supply(office, user=boss, by=Actor(None, app.app))

    assert refused.value.code == "app_beyond_its_reach"


def test_no_flood_of_findings_pushes_a_confirmation_out_of_sight(office: Office) -> None:
    say(office, "confirm")
    # What is said of insider risk stands elsewhere and takes no finding's place.
    set_insider(office, "minor")
    for _ in range(MAX_SUPPLIED - 1):
        supply(office, level="low")

    with pytest.raises(Invalid) as refused:
        supply(office, level="low")

    assert refused.value.code == "risk_too_many"
    assert run(office.services.detect_risk.person(office.tenant.id, office.ada.id)).is_confirmed
    say(office, "dismiss")
    supply(office)


def test_a_finding_may_be_older_than_its_telling(office: Office) -> None:
    say(office, "dismiss")

    supply(office, at=office.clock.now() - timedelta(hours=1))

    assert run(office.services.detect_risk.person(office.tenant.id, office.ada.id)).because == ()


def test_the_list_has_whom_something_was_found_or_said_about(office: Office) -> None:
    grace = office.add_person("grace@contoso.example")
    supply(office, user=grace)
    for _ in range(5):
        office.sign_in(spoil_signature=True)

    found = run(office.services.list_risk(office.tenant.id))

    assert {one.user.username: one.risk.level.value for one in found} == {
        "ada@contoso.example": "low",
        "grace@contoso.example": "high",
    }


def test_the_person_in_question_cannot_write_under_what_is_said_of_them(office: Office) -> None:
    say(office, "confirm")
    office.register()

    lines = run(office.store.logs.audit_of(office.tenant.id, target_of(office.ada.id), limit=10))

    assert [line.name for line in lines] == ["risk.confirmed"]


def set_insider(office: Office, level: str, **how: Any) -> None:
    office.advance(milliseconds=1)
    given = {"level": level, "says": "case 7", "by": OPERATOR} | how
    run(office.services.manage_risk.set_insider_risk(given.pop("user", office.ada), **given))
    office.advance(milliseconds=1)


def test_an_insider_risk_counts_at_the_next_sign_in_until_it_is_taken_back(office: Office) -> None:
    under_policies(office, policy_body("Insiders", "block", insiderRiskLevels="elevated"))
    set_insider(office, "minor")
    assert reason_of(office.sign_in()) == "granted"

    set_insider(office, "elevated")
    assert reason_of(office.sign_in()) == "access_blocked"
    say(office, "dismiss")
    assert reason_of(office.sign_in()) == "access_blocked"

    set_insider(office, "none")
    assert reason_of(office.sign_in()) == "granted"
    assert [name for name in office.audit if "insider" in name] == ["risk.insider_supplied"] * 3


def test_an_insider_risk_and_a_finding_expire_when_they_were_said_to(office: Office) -> None:
    under_policies(
        office,
        policy_body("Insiders", "block", insiderRiskLevels="elevated"),
        policy_body("Risky", "block", userRiskLevels=["high"]),
    )
    for until in (office.clock.now() + timedelta(hours=1), office.clock.now() + timedelta(hours=2)):
        set_insider(office, "elevated", until=until)
        supply(office, until=until)
    office.advance(hours=1, minutes=59)
    assert reason_of(office.sign_in()) == "access_blocked"

    office.advance(minutes=2)

    assert reason_of(office.sign_in()) == "granted"


def test_a_risk_of_sign_ins_counts_at_the_next_one_and_not_for_the_person(office: Office) -> None:
    under_policies(office, policy_body("Risky", "block", userRiskLevels=["medium"]))
    supply(office, about="signin", level="medium")
    assert reason_of(office.sign_in()) == "granted"

    under_policies(office, policy_body("Risky sign-ins", "block", signInRiskLevels=["medium"]))

    assert reason_of(office.sign_in()) == "access_blocked"


def test_nobody_and_no_app_beyond_its_reach_says_an_insider_risk(office: Office) -> None:
    app = permitted_app(office, application=("IdentityRiskyUser.ReadWrite.All",))
    boss = office.add_person("boss@contoso.example", Role.GLOBAL_ADMINISTRATOR)

    with pytest.raises(Invalid) as own:
        set_insider(office, "none", by=Actor(office.now_of(office.ada)))
    with pytest.raises(Invalid) as beyond:
        set_insider(office, "none", user=boss, by=Actor(None, app.app))

    assert (own.value.code, beyond.value.code) == ("own_risk", "app_beyond_its_reach")


def test_an_insider_risk_that_is_said_each_hour_pushes_nothing_out_of_sight(office: Office) -> None:
    say(office, "confirm")
    for _ in range(MAX_SUPPLIED + 101):
        set_insider(office, "minor")

    assert run(office.services.detect_risk.person(office.tenant.id, office.ada.id)).is_confirmed
    supply(office)
