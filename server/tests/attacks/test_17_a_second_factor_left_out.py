"""Class 17: no door opens with one factor, and no weaker door stays open beside a stronger."""

import re

import pytest
from keystead_server.domain.session import SESSION_LIFETIME
from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.model import FIRST_METHODS
from keystead_testkit.http_browser import HttpBrowser, form_token
from keystead_testkit.loop import run
from keystead_testkit.office import PASSWORD, Office, reason_of

PAGE, CODE = "/contoso/sign-in/password", "/contoso/sign-in/code"


@pytest.fixture
def secret(office: Office) -> bytes:
    office.allow_passwords()
    return office.with_password()


def type_password(office: Office, browser: HttpBrowser) -> tuple[str, str]:
    """The sealed half of a sign-in, and the form's token."""
    page = browser.submit(PAGE, PAGE, {"user": office.ada.username, "password": PASSWORD})
    assert page.status_code == 200
    found = re.search(r'name="partial" value="([^"]+)"', page.text)
    assert found
    return found[1], form_token(page)


def test_after_the_password_alone_nobody_is_signed_in_anywhere(office: Office, secret: bytes) -> None:
    browser = office.http()
    type_password(office, browser)

    assert not [name for name in browser.cookies if name.endswith("contoso")]
    assert browser.get("/contoso/account").status_code == 303
    assert browser.get("/contoso/account/password").status_code == 303


@pytest.mark.parametrize("fields", [{}, {"partial": ""}, {"partial": "", "code": ""}, {"code": "{code}"}])
def test_a_code_without_a_password_before_it_opens_nothing(
    office: Office, secret: bytes, fields: dict[str, str]
) -> None:
    browser = office.http()
    sent = {name: value.format(code=office.totp(secret)) for name, value in fields.items()}

    answer = browser.submit(PAGE, CODE, sent)

    assert answer.status_code == 401
    assert not [name for name in browser.cookies if name.endswith("contoso")]
    assert "partial_not_ours" in office.log


def test_an_empty_code_is_no_code(office: Office, secret: bytes) -> None:
    browser = office.http()
    partial, token = type_password(office, browser)

    for code in ("", " ", "\0", "null", "000000"):
        answer = browser.post_form(CODE, {"partial": partial, "code": code, "form_token": token})
        assert answer.status_code == 401
    assert not any(row.method is Method.SOFTWARE_OATH and row.reason == "granted" for row in office.rows)


def test_ones_own_code_does_not_complete_somebody_elses_password(office: Office, secret: bytes) -> None:
    mallory = office.add_person("mallory@contoso.example")
    hers = office.with_password(mallory)
    half = office.type_password()

    assert reason_of(office.type_code(half, office.totp(hers))) == "totp_wrong"


def test_a_page_that_asks_for_a_weaker_factor_gets_what_was_sealed(office: Office, secret: bytes) -> None:
    # `methods` only chooses the page's words; a code that does not exist is not accepted for being named.
    browser = office.http()
    partial, token = type_password(office, browser)
    sent = {"partial": partial, "code": "BCDFGHJKMN", "methods": "recoveryCode", "form_token": token}

    assert browser.post_form(CODE, sent).status_code == 401
    assert "recovery_code_wrong" in office.log


def test_what_was_sealed_for_a_set_up_or_a_challenge_is_no_half_of_a_sign_in(office: Office, secret: bytes) -> None:
    owner = office.session()
    offer = run(office.services.set_up_totp.begin(owner, organisation="Contoso"))
    sealed = getattr(offer, "sealed", b"")
    assert sealed

    assert reason_of(office.type_code(sealed, office.totp(secret))) == "partial_not_ours"


def test_a_session_of_two_factors_is_new_and_lasts_no_longer_than_any_other(office: Office, secret: bytes) -> None:
    browser = office.http()
    before = dict(browser.cookies)
    partial, token = type_password(office, browser)
    code = office.totp(secret)
    answer = browser.post_form(CODE, {"partial": partial, "code": code, "form_token": token})

    assert answer.status_code == 303
    assert before.get("__Host-keystead-contoso") != browser.cookies["__Host-keystead-contoso"]
    row = next(row for row in office.rows if row.reason == "granted" and row.method is Method.SOFTWARE_OATH)
    session = run(office.store.sessions.owner_of(office.tenant.id, row.id))  # type: ignore[arg-type]
    assert session is not None
    assert session.session.expires_at - session.session.signed_in_at == SESSION_LIFETIME


def test_with_a_passkey_the_password_is_no_fallback_where_the_organisation_retires_it(
    office: Office, secret: bytes
) -> None:
    # Set up before the organisation decided, and never removed: refused all the same.
    office.allow_passwords(retire_weaker_on_passkey=True)

    assert reason_of(office.type_password()) == "weaker_method_retired"


def test_passwords_forbidden_are_forbidden_to_whoever_has_one(office: Office, secret: bytes) -> None:
    office.allow_passwords(passwords_forbidden=True, configurations=FIRST_METHODS.configurations)

    assert reason_of(office.type_password()) == "passwords_forbidden"
