"""A passkey that a program registers for somebody, in Graph's shape; Microsoft's client for v1.0 has no call for it."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_testkit.api_caller import ApiCaller
from keystead_testkit.loop import run
from keystead_testkit.office import Office


def options_of(app: ApiCaller, user: str, minutes: int = 60) -> dict[str, Any]:
    answer = app.get(f"/users/{user}/authentication/fido2Methods/creationOptions(challengeTimeoutInMinutes={minutes})")
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


def test_a_program_registers_a_passkey_that_signs_in_and_is_counted_apart(office: Office, app: ApiCaller) -> None:
    grace = office.add_person("grace@contoso.example")
    options, passkey = options_of(app, grace.id), office.new_passkey()
    answer = passkey.register_with(options["publicKey"])
    response = {name: answer["response"][name] for name in ("clientDataJSON", "attestationObject")}
    body = {"displayName": "Red key", "publicKeyCredential": {"id": answer["id"], "response": response}}

    made = app.send("POST", f"/users/{grace.id}/authentication/fido2Methods", json=body)

    assert made.status_code == 201, made.text
    assert made.json()["displayName"] == "Red key"
    assert made.json()["keystead"]["registeredOnBehalf"] is True
    assert type(office.sign_in(passkey)).__name__ == "SignedIn"
    assert "passkey.registered_on_behalf" in office.audit
    report = app.get(f"/reports/authenticationMethods/userRegistrationDetails/{grace.id}").json()
    assert (report["isMfaCapable"], report["keystead"]["passkeysUsableOnBehalf"]) == (False, 1)


@pytest.mark.parametrize("minutes", [5, 43200])
def test_the_challenge_lasts_as_long_as_was_asked(office: Office, app: ApiCaller, minutes: int) -> None:
    options = options_of(app, office.ada.id, minutes)

    expected = office.clock.now() + timedelta(minutes=minutes)
    assert options["challengeTimeoutDateTime"] == expected.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("challengeTimeoutInMinutes=4", "challenge_lifetime_out_of_range"),
        ("challengeTimeoutInMinutes=43201", "challenge_lifetime_out_of_range"),
        ("challengeTimeoutInMinutes=999999999", "challenge_lifetime_out_of_range"),
        ("challengeTimeoutInMinutes=-5", "query_malformed"),
        ("minutes=5", "query_malformed"),
    ],
)
def test_other_arguments_are_refused(office: Office, app: ApiCaller, arguments: str, code: str) -> None:
    answer = app.get(f"/users/{office.ada.id}/authentication/fido2Methods/creationOptions({arguments})")

    assert (answer.status_code, answer.json()["error"]["innerError"]["code"]) == (400, code)


def test_an_app_by_itself_registers_nothing_for_who_administers(office: Office, app: ApiCaller) -> None:
    helper = office.add_person("helper@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR)
    path = f"/users/{helper.id}/authentication/fido2Methods"

    asked = app.get(f"{path}/creationOptions(challengeTimeoutInMinutes=5)")
    sent = app.send("POST", path, json={"displayName": "Mine", "publicKeyCredential": {"id": "x"}})

    assert [a.json()["error"]["innerError"]["code"] for a in (asked, sent)] == ["app_beyond_its_reach"] * 2
    assert list(run(office.store.passkeys.of_user(office.tenant.id, helper.id))) == []
