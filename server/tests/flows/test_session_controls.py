"""Session controls have an effect: how long a session lasts, where it is kept, and what an API is told of it."""

import json
from typing import Any

from keystead_server.domain.session import Session
from keystead_server.flows.authorize import Denied, Reply, SignInFirst
from keystead_server.flows.sign_in import SignedIn
from keystead_server.flows.user_info import Info
from keystead_server.http import cookies
from keystead_testkit.access_policies import policy_body, under_policies
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of
from keystead_testkit.relying_party import claims_of

RESTRICTED = {"applicationEnforcedRestrictions": {"isEnabled": True}}


def browser(mode: str) -> dict[str, Any]:
    return policy_body("Browser", session={"persistentBrowser": {"isEnabled": True, "mode": mode}})


def opened(office: Office) -> Session:
    outcome = office.sign_in()
    assert isinstance(outcome, SignedIn)
    return outcome.session


def cookie(office: Office, session: Session) -> str:
    return cookies.set_session(office.services, office.tenant, session)


def test_a_session_goes_with_the_browser_unless_a_policy_keeps_it(office: Office) -> None:
    assert "Max-Age" not in cookie(office, opened(office))

    under_policies(office, browser("always"))

    kept = opened(office)
    assert "Max-Age=7776000" in cookie(office, kept)
    assert (kept.expires_at - kept.signed_in_at).days == 90


def test_never_wins_over_always(office: Office) -> None:
    under_policies(office, browser("always"), browser("never"))

    assert not opened(office).is_kept


def test_what_a_pass_opened_is_never_kept(office: Office) -> None:
    under_policies(office, browser("always"))

    assert not office.session_by_pass(office.ada).session.is_kept


def test_a_kept_session_lasts_no_longer_than_the_policy_that_keeps_it(office: Office) -> None:
    under_policies(office, browser("always"))
    app, owner = office.app(), office.session()
    office.advance(hours=25)
    assert isinstance(office.authorize(app, office.owner(owner.session)), Reply)

    under_policies(office, browser("never"))
    assert isinstance(office.authorize(app, office.owner(owner.session)), SignInFirst)

    under_policies(office)
    assert isinstance(office.authorize(app, office.owner(owner.session)), SignInFirst)


def test_a_session_that_must_be_bound_to_its_device_gets_no_code_and_is_told_why(office: Office) -> None:
    app, owner = office.app(), office.session()
    bound = policy_body(
        "Bound", session={"secureSignInSession": {"isEnabled": True}}, users={"includeUsers": [office.ada.id]}
    )
    under_policies(office, bound)

    outcome = office.authorize(app, office.owner(owner.session))

    assert isinstance(outcome, Denied)
    assert outcome.ruling.says == ("a session that is bound to a device is needed, and none can be bound here yet",)


def test_an_app_that_restricts_by_itself_finds_what_to_restrict_by_in_its_token(office: Office) -> None:
    app = office.app()
    assert "controls" not in claims_of(office.tokens(app).access_token)

    under_policies(office, policy_body("Restricted", session=RESTRICTED))

    told = claims_of(office.tokens(app).access_token)
    assert (told["controls"], told["signin_state"]) == (["app_res"], [])


def test_an_app_that_restricts_is_told_that_the_browser_keeps_the_session(office: Office) -> None:
    under_policies(office, policy_body("Restricted", session=RESTRICTED), browser("always"))

    assert claims_of(office.tokens(office.app()).access_token)["signin_state"] == ["kmsi"]


def test_what_the_app_can_do_with_a_challenge_is_passed_on_to_the_api(office: Office) -> None:
    capable = json.dumps({"access_token": {"xms_cc": {"values": ["CP1"]}}})

    tokens = office.tokens(office.app(), claims=capable)

    assert claims_of(tokens.access_token)["xms_cc"] == ["cp1"]
    assert "xms_cc" not in claims_of(tokens.id_token)


def test_userinfo_closes_when_a_policy_blocks_and_opens_when_it_is_gone(office: Office) -> None:
    tokens = office.tokens(office.app())
    under_policies(office, policy_body("No way", "block", users={"includeUsers": [office.ada.id]}))

    assert reason_of(_userinfo(office, tokens.access_token)) == "access_blocked"

    under_policies(office)
    assert isinstance(_userinfo(office, tokens.access_token), Info)


def _userinfo(office: Office, token: str) -> Any:
    return run(office.services.user_info(office.tenant, token, issuer=office.issuer()))


def test_a_secondary_frequency_asks_for_the_second_factor_alone_and_leaves_a_fresh_one(office: Office) -> None:
    secondary = {"isEnabled": True, "value": 1, "type": "hours", "authenticationType": "secondaryAuthentication"}
    under_policies(office, policy_body("Second", "mfa", session={"signInFrequency": secondary}))
    app, owner = office.app(), office.session()
    office.advance(minutes=59)
    assert isinstance(office.authorize(app, owner), Reply)

    office.advance(minutes=2)

    assert isinstance(office.authorize(app, owner), SignInFirst)
    assert isinstance(office.authorize(app, office.session()), Reply)
