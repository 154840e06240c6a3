"""Conditional Access at every door: where a session is opened, used, and turned into tokens."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Role
from keystead_server.flows.authorize import Denied, Reply, SignInFirst
from keystead_server.flows.redeem_code import Tokens
from keystead_server.policy.methods.model import FIRST_METHODS
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies
from keystead_testkit.api_caller import ask_for_itself, permitted_app
from keystead_testkit.loop import run
from keystead_testkit.office import ADDRESS, Office, reason_of

HERE = {"displayName": "The office", "ipRanges": [{"cidrAddress": f"{ADDRESS}/32"}]}
TEN_MINUTES = timedelta(minutes=10)
EVERYWHERE_ELSE = {"includeLocations": ["All"], "excludeLocations": ["place-0"]}


def block(office: Office, **more: Any) -> dict[str, Any]:
    """Everything is blocked, for ada alone: whoever administers stays in."""
    return policy_body("No way", "block", users={"includeUsers": [office.ada.id]}, **more)


# -- signing in ----------------------------------------------------------------------------------


def test_without_policies_nothing_is_said_of_an_attempt(office: Office) -> None:
    office.sign_in()

    assert office.rows[-1].access is None


def test_who_is_blocked_gets_no_session_and_the_row_names_the_policy(office: Office) -> None:
    under_policies(office, block(office))

    assert reason_of(office.sign_in()) == "access_blocked"

    ruling = office.rows[-1].access
    assert ruling is not None
    assert (ruling.decision, [(one.name, one.result) for one in ruling.policies]) == ("block", [("No way", "failure")])


def test_a_change_holds_from_the_next_request(office: Office) -> None:
    under_policies(office, block(office))
    under_policies(office)

    assert reason_of(office.sign_in()) == "granted"


def test_report_only_changes_nothing_and_is_in_the_row(office: Office) -> None:
    under_policies(office, block(office, state="enabledForReportingButNotEnforced"))

    assert reason_of(office.sign_in()) == "granted"

    ruling = office.rows[-1].access
    assert ruling is not None
    assert [one.result for one in ruling.policies] == ["reportOnlyFailure"]


def test_a_place_decides(office: Office) -> None:
    under_policies(office, block(office, locations=EVERYWHERE_ELSE), locations=(HERE,))
    assert reason_of(office.sign_in()) == "granted"

    elsewhere = {**HERE, "ipRanges": [{"cidrAddress": "198.51.100.0/24"}]}
    under_policies(office, block(office, locations=EVERYWHERE_ELSE), locations=(elsewhere,))

    assert reason_of(office.sign_in()) == "access_blocked"


def test_a_pass_is_blocked_too_and_not_spent(office: Office) -> None:
    code = office.issue_pass(usable_once=True).code
    under_policies(office, block(office))

    assert reason_of(office.sign_in_with_pass(code)) == "access_blocked"

    under_policies(office)
    assert reason_of(office.sign_in_with_pass(code)) == "granted"


def test_a_password_that_cannot_lead_in_is_not_followed_by_a_second_question(office: Office) -> None:
    office.allow_passwords()
    office.with_password()
    strong = policy_body("Strong", strength=PHISHING_RESISTANT, users={"includeUsers": [office.ada.id]})
    under_policies(office, strong)
    office.allow_passwords()

    assert reason_of(office.type_password()) == "access_blocked"
    assert reason_of(office.type_password("wrong horse battery")) == "password_wrong"


# -- apps ----------------------------------------------------------------------------------------


def test_a_blocked_app_gets_no_code(office: Office) -> None:
    app, owner = office.app(), office.session()
    under_policies(office, block(office, applications={"includeApplications": [app.app.id]}))

    outcome = office.authorize(app, office.owner(owner.session))

    assert isinstance(outcome, Denied)
    assert outcome.refused.code == "access_blocked"
    assert office.rows[-1].purpose.value == "authorize"


def test_an_app_that_wants_nothing_shown_hears_that_access_is_denied(office: Office) -> None:
    app, owner = office.app(), office.session()
    under_policies(office, block(office))

    outcome = office.authorize(app, office.owner(owner.session), prompt="none")

    assert isinstance(outcome, Reply)
    assert outcome.error == "access_denied"


def test_too_weak_a_session_leads_to_another_sign_in_and_then_in(office: Office) -> None:
    app, weak = office.app(), office.session_by_pass(office.ada)
    under_policies(office, policy_body("Strong", strength=PHISHING_RESISTANT))

    assert isinstance(office.authorize(app, office.owner(weak.session)), SignInFirst)
    assert isinstance(office.authorize(app, office.session()), Reply)


def test_what_no_sign_in_can_bring_ends_in_words_and_not_in_a_circle(office: Office) -> None:
    app, asked_at = office.app(), office.clock.now()
    under_policies(office, policy_body("Device", "compliantDevice", users={"includeUsers": [office.ada.id]}))

    outcome = office.authorize(app, office.session(), asked_at=asked_at)

    assert isinstance(outcome, Denied)
    assert outcome.ruling.says == ("the device must be known here as compliant",)


def test_a_sign_in_that_is_too_old_is_asked_for_again(office: Office) -> None:
    often = policy_body("Often", session={"signInFrequency": {"isEnabled": True, "value": 1, "type": "hours"}})
    under_policies(office, often)
    app, owner = office.app(), office.session()
    assert isinstance(office.authorize(app, owner), Reply)

    office.advance(minutes=61)

    assert isinstance(office.authorize(app, owner), SignInFirst)


def test_a_code_is_no_way_around_a_policy_that_came_after_it(office: Office) -> None:
    app = office.app()
    code = office.code(app)
    under_policies(office, block(office))

    refused = office.redeem(app, code)

    assert not isinstance(refused, Tokens)
    assert office.log[-1] == "access_blocked"


def test_tokens_are_judged_by_where_the_person_was_and_not_the_app(office: Office) -> None:
    under_policies(office, block(office, locations=EVERYWHERE_ELSE), locations=(HERE,))
    app = office.app()
    code = office.code(app)

    assert isinstance(office.redeem(app, code), Tokens)

    assert office.rows[-1].access is None or office.rows[-1].access.decision == "allow"


def test_an_app_by_itself_is_judged_as_a_service(office: Office) -> None:
    app = permitted_app(office, application=("User.Read.All",))
    services = policy_body("No services", "block", users={"includeUsers": []})
    services["conditions"]["clientApplications"] = {"includeServicePrincipals": [app.app.id]}
    under_policies(office, services)

    assert reason_of(ask_for_itself(office, app)) == "access_blocked"


# -- registration --------------------------------------------------------------------------------


def test_registering_is_an_action_that_a_policy_can_forbid(office: Office) -> None:
    owner = office.session()
    action = {"includeUserActions": ["urn:user:registersecurityinfo"]}
    under_policies(office, block(office, applications=action))

    assert reason_of(office.register(owner=office.owner(owner.session))) == "access_blocked"
    assert reason_of(office.sign_in()) == "granted"


def test_a_policy_that_comes_between_challenge_and_answer_holds(office: Office) -> None:
    owner = office.session()
    offer, passkey = office.begin_registration(owner), office.new_passkey()
    under_policies(office, block(office, applications={"includeUserActions": ["urn:user:registersecurityinfo"]}))

    answer = passkey.register_with(getattr(offer, "options", {}))

    assert reason_of(office.finish_registration(answer, office.owner(owner.session))) == "access_blocked"


# -- saving --------------------------------------------------------------------------------------


def administrator(office: Office) -> Actor:
    office.with_passkey(office.administrator)
    return Actor(office.now_of(office.administrator))


def test_what_would_keep_every_administrator_out_is_refused(office: Office) -> None:
    administrator(office)

    with pytest.raises(Invalid) as refused:
        under_policies(office, policy_body("Nobody", "block"))

    assert refused.value.code == "locks_out_administrators"


def test_who_saves_is_not_locked_out_by_their_own_hand(office: Office) -> None:
    actor = administrator(office)
    other = office.add_person("grace@contoso.example", Role.GLOBAL_ADMINISTRATOR)
    office.with_passkey(other)

    with pytest.raises(Invalid) as refused:
        under_policies(office, policy_body("Not me", "block", users={"includeUsers": [actor.id]}), by=actor)

    assert refused.value.code == "locks_out_yourself"


def test_a_trial_ends_by_itself_when_nobody_confirms_it(office: Office) -> None:
    office.with_passkey(office.administrator)
    under_policies(office, policy_body("Nobody", "block"), trial=TEN_MINUTES)
    assert reason_of(office.sign_in()) == "access_blocked"

    office.advance(minutes=10)

    assert reason_of(office.sign_in()) == "granted"
    run(office.services.manage_access.end_trial(office.tenant.id, by=OPERATOR))
    assert run(office.services.access_policies.saved(office.tenant.id)).rules.set.policies == ()


def test_only_a_sign_in_after_the_change_confirms_it(office: Office) -> None:
    before = office.session()
    under_policies(office, block(office, state="enabledForReportingButNotEnforced"), trial=TEN_MINUTES)
    confirm = office.services.manage_access.confirm

    with pytest.raises(Invalid) as refused:
        run(confirm(before))
    run(confirm(office.session()))
    office.advance(minutes=11)

    assert refused.value.code == "confirmation_needs_new_sign_in"
    kept = run(office.services.access_policies.now(office.tenant.id, office.clock.now()))
    assert [policy.name for policy in kept.rules.set.policies] == ["No way"]


def test_during_a_trial_nothing_else_is_changed(office: Office) -> None:
    under_policies(office, block(office), trial=TEN_MINUTES)

    with pytest.raises(Invalid) as refused:
        under_policies(office)

    assert refused.value.code == "policy_on_trial"


def test_security_defaults_and_enabled_policies_exclude_each_other(office: Office) -> None:
    office.save_methods(FIRST_METHODS)

    with pytest.raises(Invalid) as refused:
        under_policies(office, block(office), security_defaults=True)
    under_policies(office, block(office, state="enabledForReportingButNotEnforced"), security_defaults=True)

    assert (refused.value.code, refused.value.target) == ("security_defaults_on", "state")


@pytest.mark.parametrize(
    ("conditions", "code", "target"),
    [
        ({"users": {"includeGroups": ["gone"]}}, "group_unknown", "conditions.users.includeGroups"),
        ({"users": {"excludeUsers": ["gone"]}}, "user_unknown", "conditions.users.excludeUsers"),
        ({"locations": {"includeLocations": ["gone"]}}, "location_unknown", "conditions.locations.includeLocations"),
        ({"strength": "gone"}, "strength_unknown", "grantControls.authenticationStrength"),
        ({"terms": ["gone"]}, "terms_unknown", "grantControls.termsOfUse"),
    ],
)
def test_what_a_policy_names_must_be_there(office: Office, conditions: dict[str, Any], code: str, target: str) -> None:
    with pytest.raises(Invalid) as refused:
        under_policies(
            office,
            policy_body("Names nobody", "mfa" if "strength" not in conditions else "compliantDevice", **conditions),
        )

    assert (refused.value.code, refused.value.target) == (code, target)


def test_an_emergency_account_gets_in_whatever_policies_say_and_not_unnoticed(office: Office) -> None:
    under_policies(office, policy_body("Nobody", "block"), break_glass=frozenset({office.ada.id}))

    assert reason_of(office.sign_in()) == "granted"
    assert "break_glass.used" in office.audit


def test_every_version_is_kept_and_any_comes_back(office: Office) -> None:
    under_policies(office, block(office))
    under_policies(office)

    restorable = run(office.services.roll_back_access_policy(office.tenant.id, 1))
    save = office.services.manage_access.change
    run(save(office.tenant.id, lambda rules: replace(rules, set=restorable.policy.set), by=OPERATOR, about="back"))

    assert reason_of(office.sign_in()) == "access_blocked"
