"""Session controls, merged strictest first, and what is still fresh (§4.8)."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_server.policy.access.controls import AccessEvaluation, AppSecurity, BrowserMode
from keystead_server.policy.access.decide import Decision, Result, Verdict, decide
from keystead_server.policy.access.vocabulary import UNKNOWN
from keystead_server.policy.strengths.model import MethodMode

from .sets import NOW, PASSWORD, compiled, facts, policy, used

EVERY_TIME = {"isEnabled": True, "frequencyInterval": "everyTime"}


def hours(value: int, *, secondary: bool = False) -> dict[str, Any]:
    scope = "secondaryAuthentication" if secondary else "primaryAndSecondaryAuthentication"
    return {"isEnabled": True, "value": value, "type": "hours", "authenticationType": scope}


def with_frequency(*frequencies: dict[str, Any], grant: Any = None, **said: Any) -> Any:
    each = [policy(f"p{n}", grant=grant, session={"signInFrequency": one}, **said) for n, one in enumerate(frequencies)]
    return compiled(*each)


def signed_in(ago: timedelta, mode: MethodMode = MethodMode.FIDO2) -> Any:
    return facts(methods=(used(mode, ago=ago),), authenticated_at=NOW - ago)


@pytest.mark.parametrize(
    ("frequency", "ago", "again"),
    [
        (hours(4), timedelta(hours=4), False),
        (hours(4), timedelta(hours=4, seconds=1), True),
        ({"isEnabled": True, "value": 2, "type": "days"}, timedelta(hours=47), False),
        ({"isEnabled": True, "value": 2, "type": "days"}, timedelta(hours=49), True),
        (EVERY_TIME, timedelta(minutes=5), False),
        (EVERY_TIME, timedelta(minutes=5, seconds=1), True),
    ],
)
def test_a_sign_in_older_than_its_frequency_must_be_repeated(
    frequency: dict[str, Any], ago: timedelta, again: bool
) -> None:
    decision = decide(with_frequency(frequency), signed_in(ago))

    assert decision.sign_in_again is again
    assert decision.verdict is (Verdict.CONTROLS_REQUIRED if again else Verdict.ALLOW)
    assert decision.applied[0].result is (Result.FAILURE if again else Result.SUCCESS)


def test_the_shortest_frequency_wins() -> None:
    decision = decide(with_frequency(hours(8), hours(1), hours(24)), signed_in(timedelta(hours=2)))

    assert decision.session.primary_limit == timedelta(hours=1)
    assert decision.sign_in_again


def test_a_session_whose_age_nobody_knows_is_too_old_for_any_frequency() -> None:
    assert decide(with_frequency(hours(8760)), facts(authenticated_at=UNKNOWN)).sign_in_again
    unlimited = compiled(policy(grant=None, session={"applicationEnforcedRestrictions": {"isEnabled": True}}))
    assert not decide(unlimited, facts(authenticated_at=UNKNOWN)).sign_in_again


def test_a_method_that_is_too_old_meets_no_control() -> None:
    mfa = {"operator": "OR", "builtInControls": ["mfa"]}
    old = facts(methods=(used(MethodMode.FIDO2, ago=timedelta(hours=2)),), authenticated_at=NOW)

    decision = decide(with_frequency(hours(1), grant=mfa), old)

    assert [prompt.any_of[0].kind for prompt in decision.prompts] == ["mfa"]


def test_a_secondary_frequency_leaves_the_first_factor_alone() -> None:
    mfa = {"operator": "OR", "builtInControls": ["mfa"]}
    ago = timedelta(hours=2)
    old = facts(methods=(used(MethodMode.PASSWORD, ago=ago), used(MethodMode.SMS)), authenticated_at=NOW - ago)
    stale = facts(methods=(PASSWORD, used(MethodMode.SMS, ago=ago)))

    assert decide(with_frequency(hours(1, secondary=True), grant=mfa), old).verdict is Verdict.ALLOW
    assert decide(with_frequency(hours(1), grant=mfa), old).verdict is Verdict.CONTROLS_REQUIRED
    assert decide(with_frequency(hours(1, secondary=True), grant=mfa), stale).verdict is Verdict.CONTROLS_REQUIRED


def test_a_second_factor_never_lasts_longer_than_the_sign_in() -> None:
    session = decide(with_frequency(hours(4), hours(8, secondary=True)), signed_in(timedelta(0))).session

    assert (session.primary_limit, session.secondary_limit) == (timedelta(hours=4), timedelta(hours=4))


def test_report_only_frequencies_are_reported_and_not_enforced() -> None:
    observed = with_frequency(hours(1), state="enabledForReportingButNotEnforced")

    decision = decide(observed, signed_in(timedelta(hours=2)))

    assert (decision.verdict, decision.sign_in_again) == (Verdict.ALLOW, False)
    assert decision.applied[0].result is Result.REPORT_ONLY_INTERRUPTED


def merged(*sessions: dict[str, Any]) -> Decision:
    return decide(compiled(*(policy(f"p{n}", grant=None, session=one) for n, one in enumerate(sessions))), facts())


def test_controls_of_several_policies_are_merged_strictest_first() -> None:
    session = merged(
        {"persistentBrowser": {"isEnabled": True, "mode": "always"}, "secureSignInSession": {"isEnabled": True}},
        {"persistentBrowser": {"isEnabled": True, "mode": "never"}, "disableResilienceDefaults": True},
        {"continuousAccessEvaluation": {"mode": "strictLocation"}},
        {"continuousAccessEvaluation": {"mode": "disabled"}, "applicationEnforcedRestrictions": {"isEnabled": True}},
        {"cloudAppSecurity": {"isEnabled": True, "cloudAppSecurityType": "blockDownloads"}},
        {"cloudAppSecurity": {"isEnabled": True, "cloudAppSecurityType": "monitorOnly"}},
    ).session

    assert session.persistent_browser is BrowserMode.NEVER
    assert session.access_evaluation is AccessEvaluation.STRICT_LOCATION
    assert session.app_security is AppSecurity.BLOCK_DOWNLOADS
    assert (session.bound_session, session.app_restrictions, session.no_resilience) == (True, True, True)


BOUND = {"secureSignInSession": {"isEnabled": True}}


def test_a_session_that_must_be_bound_to_its_device_and_is_not_gets_nowhere() -> None:
    decision = merged(BOUND)

    assert (decision.verdict, decision.not_bound, decision.can_be_met) == (Verdict.CONTROLS_REQUIRED, True, False)
    assert decision.applied[0].result is Result.FAILURE
    bound = decide(compiled(policy(grant=None, session=BOUND)), facts(bound=True))
    assert (bound.verdict, bound.not_bound) == (Verdict.ALLOW, False)


def test_a_binding_that_is_only_reported_is_reported_as_a_failure() -> None:
    observed = compiled(policy(grant=None, session=BOUND, state="enabledForReportingButNotEnforced"))

    decision = decide(observed, facts())

    assert (decision.verdict, decision.not_bound) == (Verdict.ALLOW, False)
    assert decision.applied[0].result is Result.REPORT_ONLY_FAILURE


def test_what_nobody_decides_stays_undecided() -> None:
    session = merged({"persistentBrowser": {"isEnabled": True, "mode": "always"}}).session

    assert session.persistent_browser is BrowserMode.ALWAYS
    assert (session.primary_limit, session.access_evaluation, session.bound_session) == (None, None, False)


def test_a_control_that_is_switched_off_decides_nothing() -> None:
    off = {"signInFrequency": {**hours(1), "isEnabled": False}, "secureSignInSession": {"isEnabled": True}}

    assert merged(off).session.primary_limit is None
