"""Class 26: nothing of one tenant is good in another, and every try is in a log."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from keystead_server.domain.ids import SessionId
from keystead_server.flows.authorize import Reply
from keystead_server.flows.register_passkey import Offered
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of
from keystead_testkit.relying_party import authorization_parameters, claims_of


def log_of(office: Office, neighbour: Any) -> list[str]:
    rows = run(office.store.logs.attempts(neighbour.tenant.id, limit=100))
    return [row.reason for row in rows]


def test_a_passkey_of_one_is_unknown_in_the_other_and_the_try_is_logged_there(office: Office, neighbour: Any) -> None:
    assert reason_of(office.sign_in(tenant=neighbour.tenant)) == "passkey_unknown"

    assert "passkey_unknown" in log_of(office, neighbour)
    assert office.log == []


def test_a_session_cookie_of_one_is_nothing_in_the_other(office: Office, neighbour: Any) -> None:
    browser = office.http()
    browser.sign_in("fabrikam", neighbour.passkey)
    theirs = browser.cookies["__Host-keystead-fabrikam"]

    browser.cookies["__Host-keystead-contoso"] = theirs

    assert browser.get("/contoso/account").status_code == 303
    assert browser.get("/fabrikam/account").status_code == 200


def test_a_session_id_of_one_is_not_found_in_the_other(office: Office, neighbour: Any) -> None:
    session = office.session().session.id

    assert run(office.store.sessions.owner_of(neighbour.tenant.id, SessionId(session))) is None


def test_a_code_of_one_is_not_redeemed_in_the_other(office: Office, neighbour: Any) -> None:
    tenant = neighbour.tenant
    ours, theirs = office.app(), office.app(tenant=tenant)
    code = office.code(ours)

    assert reason_of(office.redeem(theirs, code, tenant=tenant)) == "code_not_ours"
    assert reason_of(office.redeem(ours, code, tenant=tenant)) == "invalid_client"
    assert log_of(office, neighbour)[:2] == ["invalid_client", "code_not_ours"]
    assert reason_of(office.redeem(ours, code)) == "granted"


def test_an_app_of_one_gets_no_code_about_people_of_the_other(office: Office, neighbour: Any) -> None:
    theirs = office.app(tenant=neighbour.tenant)

    assert not isinstance(office.authorize(theirs, office.session()), Reply)


def test_a_token_of_one_says_nothing_in_the_other(office: Office, neighbour: Any) -> None:
    tokens = office.tokens(office.app())
    headers = {"authorization": f"Bearer {tokens.access_token}"}

    assert office.http().get("/fabrikam/oidc/userinfo", **headers).status_code == 401
    assert office.http().get("/contoso/oidc/userinfo", **headers).status_code == 200


def test_a_challenge_of_one_answers_nothing_in_the_other(office: Office, neighbour: Any) -> None:
    options = office.begin(tenant=neighbour.tenant)
    owner = office.session()
    offer = office.begin_registration(owner)
    assert isinstance(offer, Offered)

    assert reason_of(office.finish(office.passkey.answer_to(options))) == "challenge_not_ours"
    registered = office.finish_registration(
        office.new_passkey().register_with(offer.options), owner, tenant=neighbour.tenant
    )
    assert reason_of(registered) == "challenge_not_ours"


def test_what_sealed_where_somebody_was_going_leads_nowhere_in_the_other(office: Office, neighbour: Any) -> None:
    browser = office.http()
    query = urlencode(authorization_parameters(office.app().app.id))
    location = browser.get(f"/contoso/oauth2/v2.0/authorize?{query}").headers["location"]
    sealed = dict(parse_qsl(urlsplit(location).query))["continue"]

    assert browser.get(f"/fabrikam/oauth2/v2.0/resume?continue={sealed}").status_code == 400
    answer = browser.sign_in("fabrikam", neighbour.passkey, to=f"?continue={sealed}")
    assert answer.json() == {"redirect": "/fabrikam/account"}


def test_tokens_of_both_are_told_apart_by_issuer_and_tid(office: Office, neighbour: Any) -> None:
    tenant = neighbour.tenant
    theirs = office.session(neighbour.passkey, tenant=tenant)
    app = office.app(tenant=tenant)
    reply = office.authorize(app, theirs, tenant=tenant)
    assert isinstance(reply, Reply)
    redeemed = office.redeem(app, dict(reply.parameters)["code"], tenant=tenant)

    claims = claims_of(redeemed.id_token)  # type: ignore[union-attr]
    assert claims["tid"] == tenant.id != office.tenant.id
    assert claims["iss"] == "https://id.example.org/fabrikam/v2.0"


def test_every_refusal_leaves_a_row(office: Office) -> None:
    app, code = office.app(), office.code(office.app())
    tries = [
        lambda: office.sign_in(spoil_signature=True),
        lambda: office.finish(b"{}"),
        lambda: office.sign_in(office.new_passkey(user_handle=b"x")),
        lambda: office.sign_in_with_pass("x"),
        lambda: office.redeem(app, code),
        lambda: office.redeem(app, "x", client_secret="wrong"),
        lambda: office.finish_registration(b"{}", office.session()),
    ]

    for attempt in tries:
        before = len(office.log)
        refused = attempt()
        assert reason_of(refused) != "granted"
        assert office.log[before:][-1] == reason_of(refused)
