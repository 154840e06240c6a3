"""An app asks for itself: by its secret, for what it was granted, and never for more."""

from dataclasses import replace
from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.sign_in import Purpose, Result
from keystead_server.flows.app_token import AppTokens
from keystead_server.flows.manage_app import RegisteredApp
from keystead_server.ports.changes import Replace
from keystead_testkit.api_caller import ask_for_itself, own_token, permitted_app
from keystead_testkit.app_over_http import TOKEN
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of
from keystead_testkit.relying_party import claims_of

API = "https://id.example.org/graph"
GRANTED = ("AuditLog.Read.All", "User.Read.All")


@pytest.fixture
def app(office: Office) -> RegisteredApp:
    return permitted_app(office, application=GRANTED)


def test_the_token_says_which_app_may_do_what_where(office: Office, app: RegisteredApp) -> None:
    claims = claims_of(own_token(office, app))

    now = int(office.clock.now().timestamp())
    assert (claims["iss"], claims["aud"], claims["tid"]) == (office.issuer(), API, office.tenant.id)
    assert claims["sub"] == claims["oid"] == claims["client_id"] == app.app.id
    assert (claims["idtyp"], claims["roles"]) == ("app", list(GRANTED))
    assert (claims["iat"], claims["exp"]) == (now, now + 3600)
    assert "scp" not in claims


def test_each_token_has_its_row_in_the_log(office: Office, app: RegisteredApp) -> None:
    token = own_token(office, app)

    (row,) = office.rows
    assert (row.id, row.purpose, row.result) == (claims_of(token)["jti"], Purpose.APP, Result.GRANTED)
    assert (row.app_id, row.user_id) == (app.app.id, None)


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"client_secret": "wrong"}, "invalid_client", "invalid_client"),
        ({"client_secret": None}, "invalid_client", "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client", "invalid_client"),
        ({"scope": None}, "invalid_scope", "invalid_scope"),
        ({"scope": "User.Read.All"}, "invalid_scope", "invalid_scope"),
        ({"scope": f"{API}/.default {API}/User.ReadWrite.All"}, "invalid_scope", "invalid_scope"),
        ({"scope": "https://graph.microsoft.example/.default"}, "invalid_scope", "invalid_scope"),
        ({"grant_type": "password"}, "unsupported_grant_type", "unsupported_grant_type"),
    ],
)
def test_refuses_what_is_not_right_and_records_it(
    office: Office, app: RegisteredApp, changes: dict[str, str | None], error: str, code: str
) -> None:
    refused = ask_for_itself(office, app, **changes)

    assert (refused.error, refused.code) == (error, code)
    assert office.log == [code]


def test_an_app_that_was_granted_nothing_for_itself_gets_nothing(office: Office) -> None:
    app = permitted_app(office, delegated=("User.Read.All",))

    assert reason_of(ask_for_itself(office, app)) == "unauthorized_client"


def test_an_app_without_a_secret_cannot_ask_for_itself_even_if_it_once_could(
    office: Office, app: RegisteredApp
) -> None:
    run(office.store.write(Replace(replace(app.app, secret_digests=()))))

    assert reason_of(ask_for_itself(office, app, client_secret=None)) == "invalid_client"


def test_an_app_that_is_switched_off_gets_nothing(office: Office, app: RegisteredApp) -> None:
    run(office.store.write(Replace(replace(app.app, enabled=False))))

    assert reason_of(ask_for_itself(office, app)) == "invalid_client"


def test_another_organisations_app_is_not_known_here(office: Office, app: RegisteredApp) -> None:
    other, _ = office.found("fabrikam")
    stranger = RegisteredApp(replace(app.app, tenant_id=other.id), app.secret)

    assert reason_of(ask_for_itself(office, stranger)) == "invalid_client"


def over_http(office: Office, app: RegisteredApp, **changes: str) -> Any:
    sent = {"grant_type": "client_credentials", "scope": f"{API}/.default", "client_id": app.app.id} | changes
    return office.http().send("POST", TOKEN, data=sent, headers={"content-type": "application/x-www-form-urlencoded"})


def test_the_answer_is_a_bearer_token_that_no_cache_keeps(office: Office, app: RegisteredApp) -> None:
    answer = over_http(office, app, client_secret=app.secret or "")

    assert answer.status_code == 200
    assert answer.json().keys() == {"token_type", "access_token", "expires_in"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    # An app in a browser has no secret, and no page may read what another machine's app gets.
    assert "access-control-allow-origin" not in answer.headers


def test_two_grant_types_are_one_too_many(office: Office, app: RegisteredApp) -> None:
    body = (
        f"grant_type=authorization_code&grant_type=client_credentials&client_id={app.app.id}&client_secret={app.secret}"
    )
    headers = {"content-type": "application/x-www-form-urlencoded"}

    answer = office.http().send("POST", TOKEN, content=body.encode(), headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_discovery_names_the_grant(office: Office) -> None:
    document = office.http().get("/contoso/v2.0/.well-known/openid-configuration").json()

    assert document["grant_types_supported"] == ["authorization_code", "client_credentials"]


def test_administrators_see_what_apps_tried_by_themselves(office: Office, app: RegisteredApp) -> None:
    ask_for_itself(office, app, client_secret="wrong")
    assert isinstance(ask_for_itself(office, app), AppTokens)
    browser = office.http()
    browser.sign_in("contoso", office.with_passkey(office.administrator))

    page = browser.get("/contoso/admin/sign-ins")

    assert page.status_code == 200
    assert "App signed in by itself" in page.text
    assert "App not signed in by itself" in page.text


# -- what apps are granted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delegated", "application", "code"),
    [
        (("Everything",), (), "permission_unknown"),
        ((), ("Everything",), "permission_unknown"),
        ((), ("User.Read",), "permission_needs_a_person"),
    ],
)
def test_only_what_there_is_can_be_granted(
    office: Office, app: RegisteredApp, delegated: tuple[str, ...], application: tuple[str, ...], code: str
) -> None:
    with pytest.raises(Exception) as refused:
        run(office.services.manage_app.set_permissions(
            app.app, delegated=delegated, application=application, by=OPERATOR
        ))  # fmt: skip

    assert getattr(refused.value, "code", None) == code


def test_a_public_app_is_granted_nothing_for_itself(office: Office) -> None:
    public = office.app(public=True)

    with pytest.raises(Exception) as refused:
        run(office.services.manage_app.set_permissions(
            public.app, delegated=(), application=("User.Read.All",), by=OPERATOR
        ))  # fmt: skip

    assert getattr(refused.value, "code", None) == "app_is_public"


def test_what_was_granted_is_in_the_audit_log(office: Office, app: RegisteredApp) -> None:
    (event, *_) = run(office.store.logs.audit(office.tenant.id, limit=1))

    assert (event.name, event.target_id) == ("app.permissions_changed", app.app.id)
    assert event.detail["application"] == "AuditLog.Read.All User.Read.All"


def test_an_administrator_grants_and_takes_back_on_the_apps_page(office: Office) -> None:
    app = office.app().app
    browser = office.http()
    browser.sign_in("contoso", office.with_passkey(office.administrator))
    here = f"/contoso/admin/apps/{app.id}"

    granted = browser.submit(
        here, f"{here}/permissions", {"delegated": "User.Read.All", "application": "Policy.Read.All"}
    )
    shown = browser.get(here).text
    kept = run(office.store.apps.get(office.tenant.id, app.id))
    refused = browser.submit(here, f"{here}/permissions", {"application": "User.Read"})
    taken = browser.submit(here, f"{here}/permissions", {})

    assert [granted.status_code, refused.status_code, taken.status_code] == [303, 422, 303]
    assert kept is not None
    assert (kept.delegated_permissions, kept.application_permissions) == (("User.Read.All",), ("Policy.Read.All",))
    assert 'value="Policy.Read.All" checked' in shown
    after = run(office.store.apps.get(office.tenant.id, app.id))
    assert after is not None
    assert after.delegated_permissions == after.application_permissions == ()
