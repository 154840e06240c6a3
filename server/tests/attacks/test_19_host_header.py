"""Class 19: links, tokens and cookies carry the name in the settings, whoever asks by what name."""

from urllib.parse import urlencode

import pytest
from keystead_testkit.http_browser import form_token
from keystead_testkit.office import Office, reason_of
from keystead_testkit.relying_party import authorization_parameters, claims_of, token_parameters

EVIL = {"host": "evil.test", "x_forwarded_host": "evil.test", "forwarded": "host=evil.test", "x_original_url": "/evil"}


def test_tokens_name_us_by_the_settings(office: Office) -> None:
    browser = office.http()
    browser.sign_in("contoso", office.passkey)
    app = office.app()
    query = urlencode(authorization_parameters(app.app.id))
    location = browser.get(f"/contoso/oauth2/v2.0/authorize?{query}", **EVIL).headers["location"]
    code = location.partition("code=")[2].partition("&")[0]

    told = browser.post_form("/contoso/oauth2/v2.0/token", token_parameters(app, code), **EVIL).json()

    assert claims_of(told["id_token"])["iss"] == "https://id.example.org/contoso/v2.0"
    assert claims_of(told["access_token"])["aud"] == "https://id.example.org/contoso/v2.0/userinfo"


def test_a_link_with_a_pass_leads_to_us(office: Office) -> None:
    passkey = office.with_passkey(office.administrator)
    browser = office.http()
    browser.sign_in("contoso", passkey)
    path = f"/contoso/admin/users/{office.ada.id}"
    form = browser.get(path)
    page = browser.post_form(f"{path}/pass", {"lifetime": "60", "form_token": form_token(form)}, **EVIL)

    assert "https://id.example.org/contoso/sign-in/pass?user=" in page.text
    assert "evil.test" not in page.text


def test_being_asked_by_another_name_opens_no_other_origin(office: Office) -> None:
    browser = office.http()
    browser.get("/contoso/sign-in")
    options = browser.post_json("/contoso/sign-in/options", {}, **EVIL).json()
    assert options["rpId"] == "id.example.org"

    answer = office.passkey.answer_to(options, client_data={"origin": "https://evil.test"})
    assert browser.post_json("/contoso/sign-in/assertion", answer, **EVIL).json()["code"] == "origin_not_allowed"
    assert (
        browser.post_json("/contoso/sign-in/options", {}, host="evil.test", origin="https://evil.test").status_code
        == 403
    )


@pytest.mark.parametrize("host", ["", "id.example.org:8443", "id.example.org.evil.test", "[::1]", "a" * 5000, "x y"])
def test_an_odd_name_breaks_nothing(office: Office, host: str) -> None:
    answer = office.http().get("/contoso/v2.0/.well-known/openid-configuration", host=host)

    assert answer.json()["issuer"] == "https://id.example.org/contoso/v2.0"
    assert reason_of(office.sign_in()) == "granted"
