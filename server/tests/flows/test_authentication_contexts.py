"""Authentication contexts: an app asks for more than its own sign-in, and its token says that it got it."""

import json
from typing import Any

import pytest
from keystead_server.flows.authorize import Denied, Reply, SignInFirst
from keystead_server.flows.manage_app import RegisteredApp
from keystead_server.flows.redeem_code import Tokens
from keystead_server.policy.access.document import Context
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, publish, under_policies
from keystead_testkit.office import Office
from keystead_testkit.relying_party import claims_of

PAYMENTS, DRAFT = Context("c1", "Payments"), Context("c2", "Not yet", available=False)
UNMET = "unmet_authentication_requirements"


def claims(value: str = "c1", token: str = "id_token") -> str:
    return json.dumps({token: {"acrs": {"essential": True, "value": value}}})


def on_context(name: str = "Payments", *grant: str, **more: Any) -> dict[str, Any]:
    return policy_body(name, *grant, applications={"includeAuthenticationContextClassReferences": ["c1"]}, **more)


@pytest.fixture
def app(office: Office) -> RegisteredApp:
    publish(office, PAYMENTS, DRAFT)
    return office.app()


def test_who_satisfies_the_context_gets_it_in_both_tokens(office: Office, app: RegisteredApp) -> None:
    under_policies(office, on_context(strength=PHISHING_RESISTANT))

    tokens = office.tokens(app, claims=claims())

    assert [claims_of(one)["acrs"] for one in (tokens.id_token, tokens.access_token)] == [["c1"], ["c1"]]


def test_who_asks_for_none_gets_none_and_is_asked_for_no_more(office: Office, app: RegisteredApp) -> None:
    under_policies(office, on_context(strength=PHISHING_RESISTANT))

    tokens = office.tokens(app, office.session_by_pass(office.ada))

    assert "acrs" not in claims_of(tokens.id_token)


@pytest.mark.parametrize(
    "asked", [{"claims": claims()}, {"claims": claims(token="access_token")}, {"acr_values": "c1"}]
)
def test_a_session_that_does_not_do_steps_up(office: Office, app: RegisteredApp, asked: dict[str, str]) -> None:
    under_policies(office, on_context(strength=PHISHING_RESISTANT))
    weak = office.session_by_pass(office.ada)
    assert isinstance(office.authorize(app, weak), Reply)

    assert isinstance(office.authorize(app, weak, **asked), SignInFirst)

    assert office.log[-1] == "access_controls_required"
    assert isinstance(office.authorize(app, office.session(), **asked), Reply)


def test_an_app_that_wants_nothing_shown_hears_that_more_is_needed(office: Office, app: RegisteredApp) -> None:
    under_policies(office, on_context(strength=PHISHING_RESISTANT))

    outcome = office.authorize(app, office.session_by_pass(office.ada), claims=claims(), prompt="none")

    assert isinstance(outcome, Reply)
    assert outcome.error == "interaction_required"


def test_a_context_that_is_blocked_is_blocked_and_the_app_alone_is_not(office: Office, app: RegisteredApp) -> None:
    under_policies(office, on_context("Closed", "block"))
    owner = office.session()

    assert isinstance(office.authorize(app, owner, claims=claims()), Denied)
    assert isinstance(office.authorize(app, owner), Reply)


@pytest.mark.parametrize("context", ["c2", "c3", "c0", "c100", "anything"])
def test_only_what_is_published_can_be_asked_for(office: Office, app: RegisteredApp, context: str) -> None:
    for whoever in (office.session(), None):
        outcome = office.authorize(app, whoever, claims=claims(context))

        assert isinstance(outcome, Reply)
        assert outcome.error == UNMET


def test_a_context_taken_off_between_code_and_token_leaves_the_code_as_it_is(
    office: Office, app: RegisteredApp
) -> None:
    code = office.code(app, claims=claims())
    under_policies(office, on_context("Closed", "block"))

    assert not isinstance(office.redeem(app, code), Tokens)
    assert office.log[-1] == "access_blocked"


def test_every_time_on_a_context_asks_after_five_minutes_and_not_before(office: Office, app: RegisteredApp) -> None:
    every_time = {"signInFrequency": {"isEnabled": True, "frequencyInterval": "everyTime"}}
    under_policies(office, on_context(session=every_time))
    owner = office.session()
    office.advance(minutes=4)
    assert isinstance(office.authorize(app, owner, claims=claims()), Reply)

    office.advance(minutes=2)

    assert isinstance(office.authorize(app, owner, claims=claims()), SignInFirst)
    assert isinstance(office.authorize(app, owner), Reply)


def test_an_essential_acr_is_met_or_there_is_no_token(office: Office, app: RegisteredApp) -> None:
    strong = json.dumps({"id_token": {"acr": {"essential": True, "values": ["phr", "phrh"]}}})
    weak, asked_at = office.session_by_pass(office.ada), office.clock.now()

    assert isinstance(office.authorize(app, weak, claims=strong), SignInFirst)
    again = office.authorize(app, office.session_by_pass(office.ada), claims=strong, asked_at=asked_at)
    silent = office.authorize(app, weak, claims=strong, prompt="none")

    assert (getattr(again, "error", ""), getattr(silent, "error", "")) == (UNMET, UNMET)
    assert office.log[-1] == UNMET
    assert claims_of(office.tokens(app, claims=strong).id_token)["acr"] == "phr"


def test_what_is_no_claims_request_is_told_to_the_app(office: Office, app: RegisteredApp) -> None:
    outcome = office.authorize(app, office.session(), claims='{"id_token": []}')

    assert getattr(outcome, "error", "") == "invalid_request"


def test_discovery_names_the_contexts_that_are_published(office: Office, app: RegisteredApp) -> None:
    told = office.http().get("/contoso/v2.0/.well-known/openid-configuration").json()

    assert told["claims_parameter_supported"] is True
    assert told["acr_values_supported"] == ["phrh", "phr", "mfa", "c1"]
    assert "acrs" in told["claims_supported"]
