"""Userinfo: an access token is judged at each use."""

from dataclasses import replace

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.tenant import Tenant
from keystead_server.flows.manage_app import RegisteredApp
from keystead_server.flows.redeem_code import Tokens
from keystead_server.flows.user_info import Info, Outcome
from keystead_server.ports.changes import Replace
from keystead_server.ports.store import SessionOwner
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of


@pytest.fixture
def app(office: Office) -> RegisteredApp:
    return office.app()


@pytest.fixture
def owner(office: Office) -> SessionOwner:
    return office.session()


@pytest.fixture
def tokens(office: Office, app: RegisteredApp, owner: SessionOwner) -> Tokens:
    return office.tokens(app, owner)


def ask(office: Office, token: str, *, tenant: Tenant | None = None, issuer: str | None = None) -> Outcome:
    at = tenant or office.tenant
    return run(office.services.user_info(at, token, issuer=issuer or office.issuer(at)))


def test_says_who_it_is_as_far_as_the_scopes_go(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    names = {"preferred_username": "ada@contoso.example", "name": "ada@contoso.example"}
    who = {"sub": office.ada.id, "oid": office.ada.id, "tid": office.tenant.id}

    assert ask(office, office.tokens(app, owner).access_token) == Info(who | names)
    assert ask(office, office.tokens(app, owner, scope="openid").access_token) == Info(who)


def test_says_what_is_true_now(office: Office, tokens: Tokens) -> None:
    run(office.services.manage_user.rename(office.ada, username="al", display_name="Ada L", by=OPERATOR))

    info = ask(office, tokens.access_token)

    assert isinstance(info, Info)
    assert info.claims["preferred_username"] == "al"


def test_an_id_token_is_no_access_token(office: Office, tokens: Tokens) -> None:
    assert reason_of(ask(office, tokens.id_token)) == "jwt_type"


def test_a_token_expires_after_an_hour(office: Office, tokens: Tokens) -> None:
    office.advance(minutes=59)
    assert reason_of(ask(office, tokens.access_token)) == "granted"

    office.advance(minutes=2)
    assert reason_of(ask(office, tokens.access_token)) == "jwt_expired"


def test_a_token_of_another_tenant_is_refused_even_under_that_tenants_name(office: Office, tokens: Tokens) -> None:
    fabrikam, _ = office.found("fabrikam")

    assert reason_of(ask(office, tokens.access_token, tenant=fabrikam)) == "jwt_issuer"
    assert reason_of(ask(office, tokens.access_token, tenant=fabrikam, issuer=office.issuer())) == "grant_revoked"


def test_an_altered_token_is_refused(office: Office, tokens: Tokens) -> None:
    head, body, signature = tokens.access_token.split(".")
    other = "A" if signature[10] != "A" else "B"

    assert reason_of(ask(office, f"{head}.{body}.{signature[:10]}{other}{signature[11:]}")) == "jws_signature"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_refused(office: Office, token: str) -> None:
    assert reason_of(ask(office, token)) != "granted"


@pytest.mark.parametrize("where", ["here", "everywhere"])
def test_signing_out_ends_the_token(office: Office, tokens: Tokens, owner: SessionOwner, where: str) -> None:
    run(getattr(office.services.sign_out, where)(owner))

    assert reason_of(ask(office, tokens.access_token)) == "session_over"


def test_disabling_the_person_ends_the_token(office: Office, tokens: Tokens) -> None:
    run(office.services.manage_user.disable(office.ada, by=OPERATOR))

    assert reason_of(ask(office, tokens.access_token)) == "session_over"


def test_removing_the_person_ends_the_token(office: Office, tokens: Tokens) -> None:
    run(office.services.manage_user.remove(office.ada, by=OPERATOR))

    assert reason_of(ask(office, tokens.access_token)) == "grant_revoked"


def test_disabling_the_app_ends_the_token(office: Office, tokens: Tokens, app: RegisteredApp) -> None:
    run(office.store.write(Replace(replace(app.app, enabled=False))))

    assert reason_of(ask(office, tokens.access_token)) == "client_disabled"
