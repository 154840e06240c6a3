"""Class 17: every way to a session or a token is named here, and each asks the policy.

A new way is a new place that opens a `Session`, writes a `Grant` or signs: the lists below then no longer
hold, and whoever adds it has to show here that it asks.
"""

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keystead_server
import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration
from keystead_server.policy.passkeys.model import FIRST_POLICY
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of
from keystead_testkit.relying_party import authorization_parameters, token_parameters

SOURCE = Path(keystead_server.__file__).parent
OPENS_SESSIONS = {"flows/sign_in.py", "flows/sign_in_with_pass.py", "flows/finish_sign_in.py"}
WRITES_GRANTS = {"flows/redeem_code.py"}
SIGNS_TOKENS = {"flows/redeem_code.py", "flows/app_token.py"}
SIGNS_THE_LOG = {"flows/checkpoint_log.py"}


def who_calls(name: str, wanted: Callable[[ast.Call], bool], *, but: tuple[str, ...]) -> set[str]:
    """The files in which there is such a call of *name*, apart from rooms that read one back, or call another thing so."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        file, text = path.relative_to(SOURCE).as_posix(), path.read_text()
        if f"{name}(" not in text or file.startswith(but):
            continue
        calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
        if any(map(wanted, calls)):
            found.add(file)
    return found


def who_makes(name: str, *, but: tuple[str, ...] = ("storage/",)) -> set[str]:
    return who_calls(name, lambda call: isinstance(call.func, ast.Name) and call.func.id == name, but=but)


def signs(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "sign" and len(call.args) == 3


def test_no_other_place_opens_a_session_or_hands_out_a_token() -> None:
    assert who_makes("Session", but=("storage/", "policy/access/")) == OPENS_SESSIONS
    assert who_makes("Grant") == WRITES_GRANTS
    assert who_calls("sign", signs, but=("keys/",)) == SIGNS_TOKENS | SIGNS_THE_LOG


# -- each way to a session -------------------------------------------------------------------------


def with_passkey(office: Office) -> str:
    office.save_policy(replace(FIRST_POLICY, enabled=False))
    return reason_of(office.sign_in())


def with_pass(office: Office) -> str:
    code = office.issue_pass().code
    office.allow_passwords(configurations=without(Method.TEMPORARY_ACCESS_PASS))
    return reason_of(office.sign_in_with_pass(code))


def with_mailed_link(office: Office) -> str:
    ada = office.with_mail(office.ada)
    run(office.services.issue_pass.deliver(ada, by=OPERATOR))
    link = office.letters[-1][1]["link"]
    office.allow_passwords(configurations=without(Method.TEMPORARY_ACCESS_PASS))
    return reason_of(run(office.services.sign_in_with_pass.by_link(office.tenant, office.visitor(), link)))


def with_password(office: Office) -> str:
    office.allow_passwords()
    office.with_password()
    office.allow_passwords(configurations=without(Method.PASSWORD))
    return reason_of(office.type_password())


def with_totp(office: Office) -> str:
    office.allow_passwords()
    secret = office.with_password()
    half = office.type_password()
    office.allow_passwords(configurations=without(Method.SOFTWARE_OATH))
    return reason_of(office.type_code(half, office.totp(secret)))


def with_recovery_code(office: Office) -> str:
    office.allow_passwords()
    office.with_password()
    codes = office.with_recovery_codes(office.session())
    half = office.type_password()
    office.allow_passwords(configurations=without(Method.RECOVERY_CODE))
    return reason_of(office.type_code(half, codes[0]))


def without(method: Method) -> tuple[MethodConfiguration, ...]:
    every = FIRST_METHODS.having(MethodConfiguration(Method.PASSWORD))
    return every.having(MethodConfiguration(method, enabled=False)).configurations


@pytest.mark.parametrize(
    ("way", "refused_as"),
    [
        (with_passkey, "passkey_method_disabled"),
        (with_pass, "method_disabled"),
        (with_mailed_link, "method_disabled"),
        (with_password, "method_disabled"),
        (with_totp, "method_disabled"),
        (with_recovery_code, "method_disabled"),
    ],
)
def test_a_way_that_the_policy_has_closed_since_opens_nothing(way: Callable[[Office], str], refused_as: str) -> None:
    office = Office(smtp_url="smtp://localhost:1", mail_from="no-reply@contoso.example")

    assert way(office) == refused_as


# -- each way to a token ---------------------------------------------------------------------------


def test_a_code_from_before_the_policy_asked_for_more_gets_no_tokens(office: Office) -> None:
    app, grace = office.app(), office.add_person("grace@contoso.example")
    office.allow_passwords()
    code = office.code(app, office.session_by_pass(grace))
    office.allow_passwords(security_defaults=True)

    assert reason_of(office.redeem(app, code)) == "registration_required"


def test_the_grants_we_know_are_those_we_announce(office: Office) -> None:
    found = office.http().get("/contoso/v2.0/.well-known/openid-configuration").json()

    assert found["grant_types_supported"] == ["authorization_code", "client_credentials"]
    assert found["response_types_supported"] == ["code"]


@pytest.mark.parametrize(
    "grant_type",
    [
        "password",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:openid:params:grant-type:ciba",
        "Authorization_Code",
        "authorization_code ",
        "",
    ],
)
def test_no_other_grant_gets_a_token(office: Office, grant_type: str) -> None:
    app = office.app()
    office.allow_passwords()
    office.with_password()
    sent = dict(token_parameters(app, office.code(app), grant_type=grant_type, scope="openid"))
    sent |= {"username": office.ada.username, "password": "correct horse battery", "refresh_token": "x"}

    answer = office.http().post_form("/contoso/oauth2/v2.0/token", sent)

    assert answer.status_code == 400
    assert answer.json()["error"] in ("unsupported_grant_type", "invalid_request")
    assert "access_token" not in answer.text


@pytest.mark.parametrize("response_type", ["token", "id_token", "code id_token", "code token", "none"])
def test_nothing_but_a_code_comes_out_of_the_authorization_endpoint(office: Office, response_type: str) -> None:
    browser, app = office.http(), office.app()
    browser.sign_in("contoso", office.passkey)
    query = "&".join(
        f"{name}={value}" for name, value in authorization_parameters(app.app.id, response_type=response_type)
    )

    answer = browser.get(f"/contoso/oauth2/v2.0/authorize?{query}")

    said = answer.headers.get("location", "") + answer.text
    assert "unsupported_response_type" in said
    assert "access_token" not in said
    assert "id_token=" not in said


def test_an_app_by_itself_gets_nothing_that_nobody_granted(office: Office) -> None:
    app = office.app()
    sent = {
        "grant_type": "client_credentials",
        "client_id": app.app.id,
        "client_secret": app.secret or "",
        "scope": f"{office.services.relying_party.api}/.default",
    }

    answer = office.http().post_form("/contoso/oauth2/v2.0/token", sent)

    assert answer.json()["error"] == "unauthorized_client"
