"""Redeeming a code: once, by the app it was for, with its verifier and its secret, while the person is there."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from keystead_core.wire import b64url_decode, b64url_encode
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.flows.manage_app import RegisteredApp
from keystead_server.flows.redeem_code import TokenRefused, Tokens
from keystead_server.ports.changes import Replace
from keystead_server.ports.store import SessionOwner
from keystead_testkit.loop import run, run_together
from keystead_testkit.office import Office, reason_of
from keystead_testkit.relying_party import CALLBACK, claims_of, token_parameters


@pytest.fixture
def app(office: Office) -> RegisteredApp:
    return office.app()


@pytest.fixture
def owner(office: Office) -> SessionOwner:
    return office.session()


def is_good(office: Office, tokens: Tokens) -> bool:
    info = run(office.services.user_info(office.tenant, tokens.access_token, issuer=office.issuer()))
    return reason_of(info) == "granted"


def test_the_id_token_says_who_how_when_and_for_whom(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    claims = claims_of(office.tokens(app, owner).id_token)

    now = int(office.clock.now().timestamp())
    assert claims["iss"] == office.issuer()
    assert (claims["aud"], claims["nonce"], claims["sid"]) == (app.app.id, "the-app's-nonce", owner.session.id)
    assert (claims["sub"], claims["oid"], claims["tid"]) == (office.ada.id, office.ada.id, office.tenant.id)
    assert (claims["acr"], claims["amr"]) == ("phr", ["fido", "mfa"])
    assert (claims["preferred_username"], claims["name"]) == ("ada@contoso.example", "ada@contoso.example")
    assert (claims["iat"], claims["exp"], claims["auth_time"]) == (now, now + 3600, now)


def test_a_person_who_came_with_a_pass_is_not_called_phishing_resistant(office: Office, app: RegisteredApp) -> None:
    claims = claims_of(office.tokens(app, office.session_by_pass(office.ada)).id_token)

    assert (claims["acr"], claims["amr"]) == ("mfa", ["tap", "mfa"])


def test_tokens_do_not_outlive_the_session(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    office.advance(hours=23, minutes=30)

    tokens = office.tokens(app, owner)

    assert tokens.expires_in_seconds <= 1800
    for token in (tokens.id_token, tokens.access_token):
        assert claims_of(token)["exp"] <= owner.session.expires_at.timestamp()


def test_an_app_gets_the_algorithm_it_registered(office: Office, owner: SessionOwner) -> None:
    for alg in ("ES256", "RS256"):
        header = office.tokens(office.app(id_token_alg=alg), owner).id_token.split(".")[0]
        assert json.loads(b64url_decode(header))["alg"] == alg


# -- once ------------------------------------------------------------------------------------------


def test_a_code_redeemed_twice_is_worth_nothing_and_ends_what_it_gave(
    office: Office, app: RegisteredApp, owner: SessionOwner
) -> None:
    code = office.code(app, owner)
    tokens = office.redeem(app, code)
    assert isinstance(tokens, Tokens)
    assert is_good(office, tokens)

    again = office.redeem(app, code)

    assert isinstance(again, TokenRefused)
    assert (again.error, again.code, again.status) == ("invalid_grant", "code_spent", 400)
    assert not is_good(office, tokens)


def test_a_code_that_is_replayed_after_its_minute_ends_what_it_gave(
    office: Office, app: RegisteredApp, owner: SessionOwner
) -> None:
    other, code = office.tokens(app, owner), office.code(app, owner)
    tokens = office.redeem(app, code)
    assert isinstance(tokens, Tokens)
    office.advance(seconds=61)

    assert reason_of(office.redeem(app, code)) == "code_expired"

    assert not is_good(office, tokens)
    assert is_good(office, other)


def test_whoever_has_a_late_code_and_not_its_verifier_ends_nothing(
    office: Office, app: RegisteredApp, owner: SessionOwner
) -> None:
    code = office.code(app, owner)
    tokens = office.redeem(app, code)
    assert isinstance(tokens, Tokens)
    office.advance(seconds=61)

    assert reason_of(office.redeem(app, code, code_verifier="v" * 43)) != "granted"

    assert is_good(office, tokens)


def test_a_replay_ends_only_what_that_code_gave(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    other = office.tokens(app, owner)
    code = office.code(app, owner)
    for _ in range(2):
        office.redeem(app, code)

    assert is_good(office, other)


def test_of_many_who_redeem_a_code_at_once_at_most_one_is_served(office_on_disk: Office) -> None:
    office = office_on_disk
    app = office.app()
    body = token_parameters(app, office.code(app))
    flow, visitor = office.services.redeem_code, office.visitor(b"")

    outcomes = run_together(*(flow(office.tenant, visitor, [], body, issuer=office.issuer()) for _ in range(8)))

    assert sorted(map(reason_of, outcomes)) == ["code_spent"] * 7 + ["granted"]
    (served,) = (outcome for outcome in outcomes if isinstance(outcome, Tokens))
    assert not is_good(office, served)


def test_a_code_redeemed_before_a_restart_is_spent_after_it(
    office: Office, app: RegisteredApp, owner: SessionOwner
) -> None:
    code = office.code(app, owner)
    office.redeem(app, code)
    office.services = office.started()

    assert reason_of(office.redeem(app, code)) == "code_spent"


def test_a_code_lives_a_minute(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    in_time, late = office.code(app, owner), office.code(app, owner)

    office.advance(seconds=59.9)
    assert reason_of(office.redeem(app, in_time)) == "granted"
    office.advance(seconds=0.1)
    assert reason_of(office.redeem(app, late)) == "code_expired"


# -- by the app it was for -------------------------------------------------------------------------


def test_another_app_cannot_redeem_a_code_nor_spoil_it(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    code = office.code(app, owner)

    assert reason_of(office.redeem(office.app(), code)) == "code_of_another_app"
    assert reason_of(office.redeem(app, code)) == "granted"


def test_an_altered_code_is_not_ours(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    sealed = bytearray(b64url_decode(office.code(app, owner)))
    sealed[len(sealed) // 2] ^= 1

    assert reason_of(office.redeem(app, b64url_encode(bytes(sealed)))) == "code_not_ours"


@pytest.mark.parametrize("code", ["x", "AAAA", "!", "A" * 2000])
def test_what_is_no_code_is_not_ours(office: Office, app: RegisteredApp, code: str) -> None:
    assert reason_of(office.redeem(app, code)) == "code_not_ours"


def test_the_address_must_be_the_one_the_code_was_sent_to(office: Office, owner: SessionOwner) -> None:
    app = office.app(redirect_uris=[CALLBACK, "https://app.example.net/other"])

    outcome = office.redeem(app, office.code(app, owner), redirect_uri="https://app.example.net/other")

    assert reason_of(outcome) == "redirect_uri_differs"


@pytest.mark.parametrize("missing", ["grant_type", "code", "redirect_uri", "code_verifier"])
def test_nothing_may_be_missing(office: Office, app: RegisteredApp, owner: SessionOwner, missing: str) -> None:
    assert reason_of(office.redeem(app, office.code(app, owner), **{missing: None})) == "invalid_request"


@pytest.mark.parametrize("grant_type", ["password", "client_credentials", "refresh_token", "implicit"])
def test_there_is_one_kind_of_grant(office: Office, app: RegisteredApp, owner: SessionOwner, grant_type: str) -> None:
    outcome = office.redeem(app, office.code(app, owner), grant_type=grant_type)

    assert reason_of(outcome) == "unsupported_grant_type"


# -- verifier and secret, each on its own ----------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "another-verifier-of-at-least-forty-three-chars"}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
    ],
)
def test_neither_stands_in_for_the_other(
    office: Office, app: RegisteredApp, owner: SessionOwner, changes: dict[str, Any], error: str
) -> None:
    outcome = office.redeem(app, office.code(app, owner), **changes)

    assert isinstance(outcome, TokenRefused)
    assert outcome.error == error
    assert outcome.status == (401 if error == "invalid_client" else 400)


def test_a_public_app_redeems_with_its_verifier_alone_and_not_without(office: Office, owner: SessionOwner) -> None:
    app = office.app(public=True)

    assert reason_of(office.redeem(app, office.code(app, owner))) == "granted"
    assert reason_of(office.redeem(app, office.code(app, owner), code_verifier=None)) == "invalid_request"


def test_a_public_app_cannot_be_given_a_secret_by_whoever_asks(office: Office, owner: SessionOwner) -> None:
    app = office.app(public=True)

    assert reason_of(office.redeem(app, office.code(app, owner), client_secret="made-up")) == "invalid_client"


def test_a_secret_may_come_in_the_header(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    body = token_parameters(app, office.code(app, owner), client_secret=None, client_id=None)
    basic = "Basic " + base64.b64encode(f"{app.app.id}:{app.secret}".encode()).decode()

    outcome = run(office.services.redeem_code(office.tenant, office.visitor(), [basic], body, issuer=office.issuer()))

    assert isinstance(outcome, Tokens)


def test_a_disabled_app_is_unknown(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    code = office.code(app, owner)
    run(office.store.write(Replace(replace(app.app, enabled=False))))

    assert reason_of(office.redeem(app, code)) == "invalid_client"


# -- while the person is there ---------------------------------------------------------------------


def test_a_person_disabled_between_code_and_token_gets_none(
    office: Office, app: RegisteredApp, owner: SessionOwner
) -> None:
    code = office.code(app, owner)
    run(office.services.manage_user.disable(office.ada, by=OPERATOR))

    assert reason_of(office.redeem(app, code)) == "session_over"


@pytest.mark.parametrize("where", ["here", "everywhere"])
def test_a_person_signed_out_between_code_and_token_gets_none(
    office: Office, app: RegisteredApp, owner: SessionOwner, where: str
) -> None:
    code = office.code(app, owner)
    run(getattr(office.services.sign_out, where)(owner))

    assert reason_of(office.redeem(app, code)) == "session_over"


def test_a_person_removed_between_code_and_token_gets_none(
    office: Office, app: RegisteredApp, owner: SessionOwner
) -> None:
    code = office.code(app, owner)
    run(office.services.manage_user.remove(office.ada, by=OPERATOR))

    assert reason_of(office.redeem(app, code)) == "session_over"


def test_a_session_that_ran_out_between_code_and_token_gives_none(office: Office, app: RegisteredApp) -> None:
    issued = office.issue_pass(lifetime=timedelta(minutes=10))
    granted = office.sign_in_with_pass(issued.code)
    office.advance(minutes=9, seconds=45)
    code = office.code(app, office.owner(granted.session))  # type: ignore[union-attr]

    office.advance(seconds=30)

    assert reason_of(office.redeem(app, code)) == "session_over"


def test_a_refused_redemption_is_in_the_log_with_its_app_and_person(
    office: Office, app: RegisteredApp, owner: SessionOwner
) -> None:
    code = office.code(app, owner)
    office.redeem(app, code)
    office.redeem(app, code)

    row = office.rows[-1]
    assert (row.purpose, row.method, row.reason) == (Purpose.TOKEN, Method.NONE, "code_spent")
    assert (row.app_id, row.user_id) == (app.app.id, office.ada.id)


def test_the_app_is_told_less_than_the_log(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    code = office.code(app, owner)
    office.redeem(app, code)
    refusals = [office.redeem(app, code), office.redeem(app, "AAAA"), office.redeem(office.app(), code)]

    assert {(r.error, r.description) for r in refusals if isinstance(r, TokenRefused)} == {
        ("invalid_grant", "the code is not valid")
    }
    assert office.log[-3:] == ["code_spent", "code_not_ours", "code_of_another_app"]
