"""Authorization requests: a code, a refusal the app can read, or "sign in first"."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.flows.authorize import NotSafe, Reply, SignInFirst
from keystead_server.flows.manage_app import RegisteredApp
from keystead_server.ports.changes import Replace
from keystead_server.ports.store import SessionOwner
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of
from keystead_testkit.relying_party import CALLBACK


@pytest.fixture
def app(office: Office) -> RegisteredApp:
    return office.app()


@pytest.fixture
def owner(office: Office) -> SessionOwner:
    return office.session()


def test_whoever_is_signed_in_is_sent_back_with_a_code_the_state_and_our_name(
    office: Office, app: RegisteredApp, owner: SessionOwner
) -> None:
    reply = office.authorize(app, owner)

    assert isinstance(reply, Reply)
    parameters = dict(reply.parameters)
    assert (reply.reply_to.redirect_uri, reply.error) == (CALLBACK, None)
    assert (parameters["state"], parameters["iss"]) == ("the-app's-state", office.issuer())
    assert parameters["code"]


def test_a_code_shows_nothing_of_what_is_in_it(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    assert office.code(app, owner) != office.code(app, owner)
    assert owner.session.id not in office.code(app, owner)


def test_whoever_is_not_signed_in_has_to_first(office: Office, app: RegisteredApp) -> None:
    outcome = office.authorize(app, None, login_hint="ada@contoso.example")

    assert outcome == SignInFirst(app.app, "ada@contoso.example")


# -- where nobody may be sent ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": None}, "client_id_missing"),
        ({"client_id": "nobody"}, "client_unknown"),
        ({"redirect_uri": None}, "redirect_uri_missing"),
        ({"redirect_uri": "https://evil.test/"}, "redirect_uri_not_registered"),
        ({"redirect_uri": f"{CALLBACK}/"}, "redirect_uri_not_registered"),
        ({"redirect_uri": f"{CALLBACK}?x"}, "redirect_uri_not_registered"),
        ({"redirect_uri": CALLBACK.upper()}, "redirect_uri_not_registered"),
    ],
)
def test_without_an_app_and_its_own_address_nobody_is_sent_anywhere(
    office: Office, app: RegisteredApp, owner: SessionOwner, changes: dict[str, Any], code: str
) -> None:
    for whoever in (owner, None):
        outcome = office.authorize(app, whoever, **changes)

        assert isinstance(outcome, NotSafe)
        assert outcome.code == code


def test_an_app_of_another_tenant_is_unknown(office: Office, owner: SessionOwner) -> None:
    fabrikam, _ = office.found("fabrikam")

    assert reason_of(office.authorize(office.app(tenant=fabrikam), owner)) == "client_unknown"


def test_a_disabled_app_is_unknown(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    run(office.store.write(Replace(replace(app.app, enabled=False))))

    assert reason_of(office.authorize(app, owner)) == "client_unknown"


# -- what the app is told --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"request": "x"}, "request_not_supported"),
        ({"request_uri": "https://evil.test/"}, "request_uri_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
    ],
)
def test_a_faulty_request_is_answered_at_the_apps_own_address(
    office: Office, app: RegisteredApp, owner: SessionOwner, changes: dict[str, Any], error: str
) -> None:
    reply = office.authorize(app, owner, **changes)

    assert isinstance(reply, Reply)
    parameters = dict(reply.parameters)
    assert (reply.error, parameters["error"]) == (error, error)
    assert (reply.reply_to.redirect_uri, parameters["state"]) == (CALLBACK, "the-app's-state")
    assert "code" not in parameters
    assert parameters["iss"] == office.issuer()


def test_a_public_app_needs_pkce_just_as_well(office: Office, owner: SessionOwner) -> None:
    reply = office.authorize(office.app(public=True), owner, code_challenge=None)

    assert isinstance(reply, Reply)
    assert reply.error == "invalid_request"


# -- how recent a sign-in must be ------------------------------------------------------------------


def test_prompt_none_never_shows_a_page(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    signed_in = office.authorize(app, owner, prompt="none")
    stranger = office.authorize(app, None, prompt="none")

    assert isinstance(signed_in, Reply)
    assert isinstance(stranger, Reply)
    assert (signed_in.error, stranger.error) == (None, "login_required")


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_prompt_login_asks_even_whoever_is_signed_in_until_they_did_so_for_this_request(
    office: Office, app: RegisteredApp, owner: SessionOwner, prompt: str
) -> None:
    assert isinstance(office.authorize(app, owner, prompt=prompt), SignInFirst)

    asked_at = office.clock.now()
    office.advance(seconds=1)
    assert isinstance(office.authorize(app, owner, asked_at=asked_at, prompt=prompt), SignInFirst)
    assert isinstance(office.authorize(app, office.session(), asked_at=asked_at, prompt=prompt), Reply)


def test_max_age_asks_once_a_sign_in_is_older(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    office.advance(minutes=5)

    assert isinstance(office.authorize(app, owner, max_age="301"), Reply)
    assert isinstance(office.authorize(app, owner, max_age="300"), SignInFirst)
    assert isinstance(office.authorize(app, owner, max_age="0"), SignInFirst)


def test_max_age_with_prompt_none_is_told_to_the_app(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    office.advance(minutes=5)

    reply = office.authorize(app, owner, max_age="60", prompt="none")

    assert isinstance(reply, Reply)
    assert reply.error == "login_required"


def test_max_age_zero_is_satisfied_by_signing_in_for_this_request(office: Office, app: RegisteredApp) -> None:
    asked_at = office.clock.now()
    owner = office.session()
    office.clock.advance(timedelta(seconds=2))

    assert isinstance(office.authorize(app, owner, asked_at=asked_at, max_age="0"), Reply)


def test_asking_for_a_code_changes_nothing_at_rest(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    before = office.log, office.audit

    office.code(app, owner)

    assert (office.log, office.audit) == before


def test_a_person_who_was_removed_has_no_session_to_ask_under(office: Office, owner: SessionOwner) -> None:
    run(office.services.manage_user.remove(office.ada, by=OPERATOR))

    assert run(office.store.sessions.owner_of(office.tenant.id, owner.session.id)) is None
