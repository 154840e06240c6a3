"""Who may call the API: judged from the token, the app, the person and their session, at each use."""

from dataclasses import replace
from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Role
from keystead_server.policy.methods.model import FIRST_METHODS
from keystead_server.ports.changes import Replace
from keystead_testkit.api_caller import ApiCaller, app_alone, for_person, own_token, permitted_app
from keystead_testkit.loop import run
from keystead_testkit.office import Office
from keystead_testkit.relying_party import claims_of

USERS = "/users"


@pytest.fixture
def administrators(office: Office) -> ApiCaller:
    """An app with the administrator's token for reading accounts."""
    passkey = office.with_passkey(office.administrator)
    return for_person(office, office.session(passkey), "User.Read.All", "User.ReadWrite.All")


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["innerError"]["code"]


# -- for a person ------------------------------------------------------------------------------------


def test_a_persons_token_does_what_both_the_app_and_the_person_may(administrators: ApiCaller) -> None:
    assert administrators.get(USERS).status_code == 200


def test_what_the_person_may_not_the_app_may_not_for_them(office: Office) -> None:
    caller = for_person(office, office.session(), "User.Read.All", "User.Read")

    assert error_of(caller.get(USERS)) == (403, "permission_missing")
    assert caller.get("/me").json()["id"] == office.ada.id


def test_what_the_person_may_and_the_app_was_not_asked_for_it_may_not(office: Office) -> None:
    administrator = office.session(office.with_passkey(office.administrator))
    caller = for_person(office, administrator, "User.Read")

    assert error_of(caller.get(USERS)) == (403, "permission_missing")


def test_a_reader_reads_and_changes_nothing(office: Office) -> None:
    reader = office.add_person("reader@contoso.example", Role.GLOBAL_READER)
    caller = for_person(office, office.session(office.with_passkey(reader)), "User.ReadWrite.All")

    assert caller.get(USERS).status_code == 200
    answer = caller.send("PATCH", f"{USERS}/{office.ada.id}", json={"displayName": "X"})
    assert error_of(answer) == (403, "permission_missing")


def test_scopes_that_were_not_granted_are_not_in_the_token_however_they_are_written(office: Office) -> None:
    app = permitted_app(office, delegated=("User.Read",))
    owner, api = office.session(), office.services.relying_party.api

    asked = f"openid User.ReadWrite.All {api}/AuditLog.Read.All {api}/User.Read"
    assert claims_of(office.tokens(app, owner, scope=asked).access_token)["scp"] == "openid User.Read"
    default = claims_of(office.tokens(app, owner, scope=f"openid {api}/.default").access_token)
    assert default["scp"] == "openid User.Read"
    assert default["aud"] == [api, f"{office.issuer()}/userinfo"]


def test_a_token_that_asked_for_no_permission_is_not_for_the_api(office: Office) -> None:
    app = permitted_app(office, delegated=("User.Read",))
    caller = ApiCaller(office, office.tokens(app).access_token)

    assert error_of(caller.get("/me")) == (401, "invalid_token")


def test_an_id_token_is_no_access_token(office: Office) -> None:
    app = permitted_app(office, delegated=("User.Read",))
    caller = ApiCaller(office, office.tokens(app, scope="openid User.Read").id_token)

    assert error_of(caller.get("/me")) == (401, "invalid_token")


# -- class 18: what ended is over at the next use ----------------------------------------------------


def end_session(office: Office, caller: ApiCaller) -> None:
    owner = run(office.store.sessions.grant(office.tenant.id, claims_of(caller.token)["jti"]))
    assert owner is not None
    run(office.services.sign_out.everywhere(office.owner(owner.session)))


def disable_person(office: Office, caller: ApiCaller) -> None:
    office.add_person("second@contoso.example", Role.GLOBAL_ADMINISTRATOR)
    run(office.services.manage_user.disable(office.now_of(office.administrator), by=OPERATOR))


def disable_app(office: Office, caller: ApiCaller) -> None:
    app = run(office.store.apps.get(office.tenant.id, claims_of(caller.token)["client_id"]))
    assert app is not None
    run(office.store.write(Replace(replace(app, enabled=False))))


def expire(office: Office, caller: ApiCaller) -> None:
    office.advance(hours=1, minutes=2)


@pytest.mark.parametrize("end", [end_session, disable_person, disable_app, expire])
def test_what_ended_is_over_at_the_next_use(office: Office, administrators: ApiCaller, end: Any) -> None:
    assert administrators.get(USERS).status_code == 200

    end(office, administrators)

    assert error_of(administrators.get(USERS)) == (401, "invalid_token")


def test_a_permission_that_is_taken_back_is_gone_at_the_next_use(office: Office, administrators: ApiCaller) -> None:
    app = run(office.store.apps.get(office.tenant.id, claims_of(administrators.token)["client_id"]))
    assert app is not None

    run(office.services.manage_app.set_permissions(app, delegated=(), application=(), by=OPERATOR))

    assert error_of(administrators.get(USERS)) == (403, "permission_missing")


def test_a_role_that_is_taken_back_is_gone_at_the_next_use(office: Office, administrators: ApiCaller) -> None:
    office.add_person("second@contoso.example", Role.GLOBAL_ADMINISTRATOR)
    now = office.now_of(office.administrator)

    run(office.services.manage_user.set_roles(now, frozenset(), by=OPERATOR))

    assert error_of(administrators.get(USERS)) == (403, "permission_missing")


@pytest.mark.parametrize("end", [disable_app, expire])
def test_an_apps_own_token_ends_with_the_app_and_with_time(office: Office, end: Any) -> None:
    caller = app_alone(office, "User.Read.All")
    assert caller.get(USERS).status_code == 200

    end(office, caller)

    assert error_of(caller.get(USERS)) == (401, "invalid_token")


def test_an_apps_own_permission_is_gone_at_the_next_use(office: Office) -> None:
    app = permitted_app(office, application=("User.Read.All", "Group.Read.All"))
    caller = ApiCaller(office, own_token(office, app))

    run(office.services.manage_app.set_permissions(app.app, delegated=(), application=("Group.Read.All",), by=OPERATOR))

    assert error_of(caller.get(USERS)) == (403, "permission_missing")
    assert caller.get("/groups").status_code == 200


def test_what_was_granted_later_needs_a_new_token(office: Office) -> None:
    app = permitted_app(office, application=("Group.Read.All",))
    caller = ApiCaller(office, own_token(office, app))

    run(office.services.manage_app.set_permissions(app.app, delegated=(), application=("User.Read.All",), by=OPERATOR))

    assert error_of(caller.get(USERS)) == (403, "permission_missing")


def test_what_is_granted_for_people_is_not_for_the_app_itself(office: Office) -> None:
    app = permitted_app(office, application=("Group.Read.All",), delegated=("User.Read.All",))

    assert error_of(ApiCaller(office, own_token(office, app)).get(USERS)) == (403, "permission_missing")


# -- class 17: no way around what a session is held to ------------------------------------------------


def test_a_token_does_not_lead_around_security_defaults(office: Office) -> None:
    office.save_methods(replace(FIRST_METHODS, security_defaults=False))
    office.with_passkey(office.administrator)
    caller = for_person(office, office.session_by_pass(office.administrator), "User.Read.All")
    assert caller.get(USERS).status_code == 200

    office.save_methods(FIRST_METHODS)

    assert error_of(caller.get(USERS)) == (401, "invalid_token")


# -- class 26: across tenants ------------------------------------------------------------------------


def signed_by_us(office: Office, **claims: object) -> ApiCaller:
    """A token with our signature that says what no flow would let it say."""
    now = int(office.clock.now().timestamp())
    app = permitted_app(office, application=("User.Read.All",)).app
    said = {
        "iss": office.issuer(), "aud": office.services.relying_party.api, "iat": now, "exp": now + 3600,
        "tid": office.tenant.id, "client_id": app.id, "idtyp": "app", "roles": ["User.Read.All"], "jti": "x",
    } | claims  # fmt: skip
    return ApiCaller(office, office.services.signer.sign("ES256", "at+jwt", said))


def test_the_crafted_token_is_good_when_nothing_in_it_lies(office: Office) -> None:
    assert signed_by_us(office).get(USERS).status_code == 200


def test_a_token_of_one_tenant_opens_nothing_in_another(office: Office) -> None:
    other, _ = office.found("fabrikam")
    mine = app_alone(office, "User.Read.All")

    assert {user["userPrincipalName"] for user in mine.get(USERS).json()["value"]} == {
        "admin@contoso.example", "ada@contoso.example",
    }  # fmt: skip
    for lie in ({"tid": other.id}, {"iss": office.issuer(other)}, {"tid": other.id, "iss": office.issuer(other)}):
        assert error_of(signed_by_us(office, **lie).get(USERS)) == (401, "invalid_token"), lie
    assert error_of(signed_by_us(office, tid="contoso").get(USERS)) == (401, "invalid_token")
    assert error_of(signed_by_us(office, tid=None).get(USERS)) == (401, "invalid_token")


@pytest.mark.parametrize(
    "lie",
    [
        {"aud": "https://id.example.org/contoso/v2.0/userinfo"},
        {"aud": "https://id.example.org/graph/v1.0"},
        {"client_id": "nobody"},
        {"idtyp": "user"},
        {"idtyp": None, "jti": None},
        {"roles": "User.Read.All"},
    ],
)
def test_a_token_that_lies_opens_nothing(office: Office, lie: dict[str, object]) -> None:
    assert signed_by_us(office, **lie).get(USERS).status_code in (401, 403)


def test_a_resource_of_another_tenant_is_not_there(office: Office) -> None:
    other: Tenant
    other, mallory = office.found("fabrikam")
    caller = app_alone(
        office, "User.ReadWrite.All", "Group.ReadWrite.All", "AuditLog.Read.All", "Organization.Read.All"
    )
    theirs = run(office.services.manage_group.create(other.id, name="Theirs", by=OPERATOR))
    (event, *_) = run(office.store.logs.audit(other.id, limit=1))

    for path in (
        f"/users/{mallory.id}", f"/users/{mallory.username}", f"/groups/{theirs.id}", f"/groups/{theirs.id}/members",
        f"/organization/{other.id}", f"/auditLogs/directoryAudits/{event.id}",
    ):  # fmt: skip
        assert error_of(caller.get(path)) == (404, "resource_not_found"), path
    assert caller.send("DELETE", f"/users/{mallory.id}").status_code == 404


# -- what is not a token -----------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Negotiate x"])
def test_no_token_is_told_apart_from_a_bad_one(office: Office, header: str) -> None:
    answer = office.http().send("GET", "/graph/v1.0/users", headers={"authorization": header})

    assert error_of(answer) == (401, "token_missing")
    assert answer.headers["www-authenticate"] == 'Bearer realm="graph"'


@pytest.mark.parametrize("token", ["x", "a.b.c", "a.b.c.d.e", "ü", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_of_ours_is_refused(office: Office, token: str) -> None:
    answer = ApiCaller(office, token).get("/users")

    assert error_of(answer) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_session_cookie_opens_nothing_and_none_is_set(office: Office) -> None:
    browser = office.http()
    browser.sign_in("contoso", office.with_passkey(office.administrator))

    answer = browser.get("/graph/v1.0/users")

    assert error_of(answer) == (401, "token_missing")
    assert "set-cookie" not in answer.headers
