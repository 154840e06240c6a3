"""Logout that an app asks for: only this session's own app may do it without asking the person."""

import pytest
from keystead_server.domain.tenant import Tenant
from keystead_server.flows.end_session import AskThePerson, NotSafe, Outcome, SignedOut
from keystead_server.flows.manage_app import RegisteredApp
from keystead_server.ports.store import SessionOwner
from keystead_testkit.loop import run
from keystead_testkit.office import Office
from keystead_testkit.relying_party import AFTER_LOGOUT


@pytest.fixture
def app(office: Office) -> RegisteredApp:
    return office.app()


@pytest.fixture
def owner(office: Office) -> SessionOwner:
    return office.session()


@pytest.fixture
def hint(office: Office, app: RegisteredApp, owner: SessionOwner) -> str:
    return office.tokens(app, owner).id_token


def end(
    office: Office,
    owner: SessionOwner | None,
    *,
    confirmed: bool = False,
    tenant: Tenant | None = None,
    **parameters: str,
) -> Outcome:
    flow = office.services.end_session
    return run(flow(tenant or office.tenant, list(parameters.items()), owner, confirmed=confirmed))


def is_open(office: Office, owner: SessionOwner) -> bool:
    now = office.owner(owner.session)
    return now.session.is_open(now.user, office.clock.now())


def test_with_an_id_token_of_this_session_the_person_is_signed_out_and_sent_back(
    office: Office, owner: SessionOwner, hint: str
) -> None:
    outcome = end(office, owner, id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT, state="s")

    assert outcome == SignedOut(f"{AFTER_LOGOUT}?state=s")
    assert not is_open(office, owner)


def test_an_expired_id_token_is_still_a_hint(office: Office, owner: SessionOwner, hint: str) -> None:
    office.advance(hours=2)

    assert end(office, owner, id_token_hint=hint) == SignedOut(None)


def test_without_one_the_person_is_asked(office: Office, owner: SessionOwner) -> None:
    assert end(office, owner) == AskThePerson(None)
    assert is_open(office, owner)

    assert end(office, owner, confirmed=True) == SignedOut(None)
    assert not is_open(office, owner)


def test_an_id_token_of_another_session_is_not_enough(office: Office, owner: SessionOwner, hint: str) -> None:
    later = office.session()

    assert isinstance(end(office, later, id_token_hint=hint), AskThePerson)

    assert is_open(office, later)


def test_an_access_token_is_no_hint(office: Office, app: RegisteredApp, owner: SessionOwner) -> None:
    token = office.tokens(app, owner).access_token

    assert isinstance(end(office, owner, id_token_hint=token), AskThePerson)


def test_a_hint_that_we_did_not_sign_counts_for_nothing(office: Office, owner: SessionOwner, hint: str) -> None:
    head, body, _ = hint.split(".")

    for forged in (f"{head}.{body}.{'A' * 86}", "eyJhbGciOiJub25lIn0.e30.", "x"):
        assert isinstance(end(office, owner, id_token_hint=forged), AskThePerson)


def test_whoever_is_not_signed_in_is_simply_sent_back(office: Office, app: RegisteredApp) -> None:
    outcome = end(office, None, client_id=app.app.id, post_logout_redirect_uri=AFTER_LOGOUT)

    assert outcome == SignedOut(AFTER_LOGOUT)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"post_logout_redirect_uri": AFTER_LOGOUT}, "logout_client_unknown"),
        ({"post_logout_redirect_uri": "https://evil.test/", "client_id": "theirs"}, "redirect_uri_not_registered"),
        ({"post_logout_redirect_uri": AFTER_LOGOUT, "client_id": "nobody"}, "redirect_uri_not_registered"),
        ({"post_logout_redirect_uri": f"{AFTER_LOGOUT}/", "client_id": "theirs"}, "redirect_uri_not_registered"),
    ],
)
def test_nobody_is_sent_where_no_app_registered_it(
    office: Office, app: RegisteredApp, owner: SessionOwner, parameters: dict[str, str], code: str
) -> None:
    asked = {name: app.app.id if value == "theirs" else value for name, value in parameters.items()}

    for whoever in (owner, None):
        outcome = end(office, whoever, confirmed=True, **asked)
        assert isinstance(outcome, NotSafe)
        assert outcome.code == code
    assert is_open(office, owner)


def test_an_id_token_and_a_client_that_disagree_are_refused(office: Office, owner: SessionOwner, hint: str) -> None:
    outcome = end(office, owner, id_token_hint=hint, client_id=office.app().app.id)

    assert isinstance(outcome, NotSafe)
    assert outcome.code == "logout_malformed"


def test_an_app_of_another_tenant_has_no_addresses_here(office: Office, owner: SessionOwner) -> None:
    fabrikam, _ = office.found("fabrikam")
    theirs = office.app(tenant=fabrikam)

    outcome = end(office, owner, client_id=theirs.app.id, post_logout_redirect_uri=AFTER_LOGOUT)

    assert isinstance(outcome, NotSafe)
