"""Class 21: what an address names is what is judged and changed, never another thing of the same id's kind."""

from dataclasses import replace
from typing import Any

import pytest
from keystead_server.ports.changes import Replace
from keystead_testkit.api_caller import ApiCaller, own_token, permitted_app
from keystead_testkit.loop import run
from keystead_testkit.office import Office

POLICY = "/policies/authenticationMethodsPolicy"
CONFIGURATIONS = f"{POLICY}/authenticationMethodConfigurations"


def methods(user: Any, *rest: str) -> str:
    return "/".join([f"/users/{user.id}/authentication", *rest])


def test_a_passkey_named_beside_another_person_is_not_there(office: Office, app: ApiCaller) -> None:
    grace = office.add_person("grace@contoso.example")
    (passkey,) = run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))

    assert app.send("DELETE", methods(grace, "fido2Methods", passkey.id)).status_code == 404
    assert app.get(methods(grace, "fido2Methods", passkey.id)).status_code == 404
    assert app.get(methods(grace, "methods", passkey.id)).status_code == 404
    assert run(office.store.passkeys.get(office.tenant.id, passkey.id)) == passkey


def test_a_pass_named_beside_another_person_is_not_there(office: Office, app: ApiCaller) -> None:
    grace = office.add_person("grace@contoso.example")
    theirs = office.issue_pass().access_pass
    office.issue_pass(grace)

    assert app.send("DELETE", methods(grace, "temporaryAccessPassMethods", theirs.id)).status_code == 404
    assert run(office.store.passes.of_user(office.tenant.id, office.ada.id)) == theirs


def test_a_method_is_removed_at_the_address_of_its_own_kind_alone(office: Office, app: ApiCaller) -> None:
    office.allow_passwords()
    office.with_password()
    secrets = run(office.store.secrets.of_user(office.tenant.id, office.ada.id))
    assert secrets.password is not None
    password = secrets.password.id

    assert app.send("DELETE", methods(office.ada, "softwareOathMethods", password)).status_code == 404
    assert app.send("DELETE", methods(office.ada, "fido2Methods", password)).status_code == 404
    assert run(office.store.secrets.of_user(office.tenant.id, office.ada.id)).password is not None
    kinds = [each["@odata.type"] for each in app.get(methods(office.ada, "methods")).json()["value"]]
    assert "#microsoft.graph.softwareOathAuthenticationMethod" in kinds
    assert app.get(methods(office.ada, "passwordMethods")).json()["value"][0]["password"] is None
    assert app.send("DELETE", methods(office.ada, "passwordMethods", password)).status_code == 204
    assert run(office.store.secrets.of_user(office.tenant.id, office.ada.id)).password is None


@pytest.mark.parametrize(
    ("path", "body", "target"),
    [
        (f"{CONFIGURATIONS}/fido2", {"id": "TemporaryAccessPass"}, "id"),
        (f"{CONFIGURATIONS}/fido2", {"state": "on"}, "state"),
        (f"{CONFIGURATIONS}/fido2", {"isAttestationEnforced": True}, "isAttestationEnforced"),
        (f"{CONFIGURATIONS}/fido2", {"passkeyProfiles": "none"}, "passkeyProfiles"),
        (f"{CONFIGURATIONS}/fido2", {"passkeyProfiles": [1]}, "passkeyProfiles[0]"),
        (f"{CONFIGURATIONS}/softwareOath", {"defaultLength": 9}, "authenticationMethodConfigurations[2].defaultLength"),
        (POLICY, {"id": "another"}, "id"),
        (POLICY, {"policyMigrationState": "preMigration"}, "policyMigrationState"),
        (POLICY, {"isSecurityDefaultsEnabled": False}, "isSecurityDefaultsEnabled"),
        (POLICY, {"keystead": {"anything": 1}}, "keystead"),
        (POLICY, {"keystead": {"isSecurityDefaultsEnabled": "no"}}, "isSecurityDefaultsEnabled"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_property(
    office: Office, app: ApiCaller, path: str, body: dict[str, Any], target: str
) -> None:
    answer = app.send("PATCH", path, json=body)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["target"] == target
    assert not [name for name in office.audit if "policy" in name]


def test_what_is_ours_in_the_policy_is_changed_under_our_name(office: Office, app: ApiCaller) -> None:
    assert app.send("PATCH", POLICY, json={"keystead": {"isSecurityDefaultsEnabled": False}}).status_code == 204

    assert app.get(POLICY).json()["keystead"]["isSecurityDefaultsEnabled"] is False
    assert app.get(POLICY).json()["policyVersion"] == "0.1"


def test_an_unknown_configuration_is_not_there(app: ApiCaller) -> None:
    for method, more in (("GET", {}), ("DELETE", {}), ("PATCH", {"json": {}})):
        assert app.send(method, f"{CONFIGURATIONS}/sms", **more).status_code == 404


def test_two_tokens_are_no_token(office: Office, app: ApiCaller) -> None:
    async def twice() -> int:
        statuses: list[int] = []

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        header = (b"authorization", f"Bearer {app.token}".encode())
        scope = {
            "type": "http", "method": "GET", "path": "/graph/v1.0/users", "query_string": b"",
            "headers": [header, header], "client": ("192.0.2.9", 1),
        }  # fmt: skip
        await office.http().application(scope, receive, send)
        return statuses[0]

    assert run(twice()) == 401


def test_an_app_that_became_public_has_no_token_of_its_own_any_more(office: Office) -> None:
    registered = permitted_app(office, application=("User.Read.All",))
    caller = ApiCaller(office, own_token(office, registered))
    assert caller.get("/users").status_code == 200

    run(office.store.write(Replace(replace(registered.app, secret_digests=()))))

    assert caller.get("/users").status_code == 401
