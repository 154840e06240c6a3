"""The endpoints for apps, over HTTP: discovery that is true, codes and tokens."""

import base64
import html
import json
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from keystead_server.flows.manage_app import RegisteredApp
from keystead_server.http.table import routes
from keystead_testkit.app_over_http import asked, redeem, sent_to, tokens
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.office import Office
from keystead_testkit.relying_party import CALLBACK, authorization_parameters, token_parameters

AUTHORIZE = "/contoso/oauth2/v2.0/authorize"
TOKEN = "/contoso/oauth2/v2.0/token"
LOGOUT = "/contoso/oauth2/v2.0/logout"
DISCOVERY = "/contoso/v2.0/.well-known/openid-configuration"


@pytest.fixture
def app(office: Office) -> RegisteredApp:
    return office.app()


@pytest.fixture
def browser(office: Office) -> HttpBrowser:
    """Ada's, signed in."""
    browser = office.http()
    assert browser.sign_in("contoso", office.passkey).status_code == 200
    return browser


# -- discovery -------------------------------------------------------------------------------------


def test_what_discovery_says_is_there(office: Office) -> None:
    told = office.http().get(DISCOVERY).json()

    known = {route.path.replace("{tenant}", "contoso") for route in routes()}
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint", "jwks_uri"):
        url = urlsplit(told[name])
        assert f"{url.scheme}://{url.netloc}" == "https://id.example.org"
        assert url.path in known
    assert told["issuer"] == "https://id.example.org/contoso/v2.0"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["response_types_supported"] == ["code"]
    assert told["authorization_response_iss_parameter_supported"] is True


def test_what_discovery_claims_is_done(office: Office, browser: HttpBrowser) -> None:
    told = browser.get(DISCOVERY).json()

    for alg in told["id_token_signing_alg_values_supported"]:
        token = tokens(browser, office.app(id_token_alg=alg))["id_token"]
        assert json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["alg"] == alg
    id_token = jwt.decode(token, KeySet.import_key_set(browser.get("/contoso/discovery/v2.0/keys").json()), ["RS256"])
    assert set(id_token.claims) <= set(told["claims_supported"])
    assert id_token.claims["acr"] in told["acr_values_supported"]
    for mode in told["response_modes_supported"]:
        assert browser.get(asked(office.app(), response_mode=mode)).status_code in (200, 303)


@pytest.mark.parametrize("which", ["id", "name"])
def test_an_issuer_is_what_the_app_was_configured_with(office: Office, browser: HttpBrowser, which: str) -> None:
    tenant = getattr(office.tenant, which)
    issuer = f"https://id.example.org/{tenant}/v2.0"
    app = office.app()

    assert browser.get(f"/{tenant}/v2.0/.well-known/openid-configuration").json()["issuer"] == issuer
    _, parameters = sent_to(browser.get(asked(app).replace("/contoso/", f"/{tenant}/")))
    assert parameters["iss"] == issuer
    body = urlencode(token_parameters(app, parameters["code"])).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    told = browser.send("POST", f"/{tenant}/oauth2/v2.0/token", content=body, headers=headers).json()
    claims = json.loads(base64.urlsafe_b64decode(told["id_token"].split(".")[1] + "=="))
    assert claims["iss"] == issuer


def test_discovery_and_keys_may_be_read_by_apps_in_browsers_and_kept_a_while(office: Office) -> None:
    for path in (DISCOVERY, "/contoso/discovery/v2.0/keys"):
        headers = office.http().get(path).headers
        assert headers["access-control-allow-origin"] == "*"
        assert headers["cache-control"] == "public, max-age=300"
        assert "set-cookie" not in headers


# -- authorize, sign in, resume --------------------------------------------------------------------


def test_whoever_is_signed_in_goes_straight_back(app: RegisteredApp, browser: HttpBrowser) -> None:
    address, parameters = sent_to(browser.get(asked(app)))

    assert address == CALLBACK
    assert (parameters["state"], parameters["iss"]) == ("the-app's-state", "https://id.example.org/contoso/v2.0")


def test_whoever_is_not_signs_in_on_the_way_and_the_log_knows_the_app(office: Office, app: RegisteredApp) -> None:
    browser = office.http()
    on_the_way = browser.get(asked(app)).headers["location"]
    assert on_the_way.startswith("/contoso/sign-in?continue=")

    answer = browser.sign_in("contoso", office.passkey, to=on_the_way.removeprefix("/contoso/sign-in"))
    address, parameters = sent_to(browser.get(answer.json()["redirect"]))

    assert address == CALLBACK
    assert redeem(browser, app, parameters["code"]).status_code == 200
    assert office.rows[0].app_id == app.app.id


def test_prompt_login_is_satisfied_by_the_sign_in_it_led_to(
    office: Office, app: RegisteredApp, browser: HttpBrowser
) -> None:
    office.advance(seconds=1)
    on_the_way = browser.get(asked(app, prompt="login")).headers["location"]
    assert on_the_way.startswith("/contoso/sign-in?continue=")
    resume = on_the_way.replace("/sign-in", "/oauth2/v2.0/resume")
    assert browser.get(resume).headers["location"].startswith("/contoso/sign-in?continue=")

    office.advance(seconds=1)
    browser.sign_in("contoso", office.passkey, to=on_the_way.removeprefix("/contoso/sign-in"))

    assert sent_to(browser.get(resume))[0] == CALLBACK


def test_a_login_hint_stands_in_the_form(office: Office, app: RegisteredApp) -> None:
    location = office.http().get(asked(app, login_hint="ada@contoso.example")).headers["location"]

    assert dict(parse_qsl(urlsplit(location).query))["user"] == "ada@contoso.example"


@pytest.mark.parametrize("sealed", ["", "x", "A" * 200])
def test_a_continuation_that_is_not_ours_leads_nowhere(office: Office, browser: HttpBrowser, sealed: str) -> None:
    answer = browser.get(f"/contoso/oauth2/v2.0/resume?continue={sealed}")

    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_a_continuation_lasts_an_hour(office: Office, app: RegisteredApp) -> None:
    browser = office.http()
    on_the_way = browser.get(asked(app)).headers["location"]
    office.advance(minutes=61)

    assert browser.get(on_the_way.replace("/sign-in", "/oauth2/v2.0/resume")).status_code == 400


def test_a_request_may_come_by_form(app: RegisteredApp, browser: HttpBrowser) -> None:
    answer = browser.post_form(AUTHORIZE, authorization_parameters(app.app.id))

    assert sent_to(answer)[0] == CALLBACK


def test_a_parameter_given_twice_is_refused(app: RegisteredApp, browser: HttpBrowser) -> None:
    for name in ("client_id", "redirect_uri"):
        assert browser.get(f"{asked(app)}&{name}=https://evil.test/").status_code == 400
    assert sent_to(browser.get(f"{asked(app)}&scope=openid"))[1]["error"] == "invalid_request"


def test_form_post_carries_the_answer_in_a_page_that_can_send_it_there_only(
    app: RegisteredApp, browser: HttpBrowser
) -> None:
    answer = browser.get(asked(app, response_mode="form_post", state='"><script>alert(1)</script>'))

    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "form-action https://app.example.net;" in policy
    assert "frame-ancestors 'none'" in policy
    assert f'action="{CALLBACK}"' in answer.text
    fields = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', answer.text)}
    assert fields["state"] == '"><script>alert(1)</script>'
    assert "<script>alert" not in answer.text
    script = re.search(r'<script src="([^"]+)"', answer.text)
    assert script
    assert browser.get(f"/contoso/oauth2/v2.0/{script[1]}").headers["content-type"].startswith("text/javascript")
    assert redeem(browser, app, fields["code"]).status_code == 200


def test_form_post_reaches_an_apps_own_scheme(office: Office, browser: HttpBrowser) -> None:
    app = office.app(public=True, redirect_uris=["com.example.app:/callback"])

    answer = browser.get(asked(app, response_mode="form_post", redirect_uri="com.example.app:/callback"))

    assert "form-action com.example.app:;" in answer.headers["content-security-policy"]


# -- token -----------------------------------------------------------------------------------------


def test_tokens_are_for_nobodys_cache(app: RegisteredApp, browser: HttpBrowser) -> None:
    _, parameters = sent_to(browser.get(asked(app)))

    answer = redeem(browser, app, parameters["code"])

    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert "set-cookie" not in answer.headers
    told = answer.json()
    assert set(told) == {"token_type", "access_token", "id_token", "expires_in", "scope"}
    assert (told["token_type"], told["scope"], told["expires_in"]) == ("Bearer", "openid profile", 3600)


def test_a_refusal_is_in_oauths_shape(app: RegisteredApp, browser: HttpBrowser) -> None:
    wrong_code = redeem(browser, app, "x")
    wrong_secret = redeem(browser, app, "x", client_secret="wrong")

    assert (wrong_code.status_code, wrong_code.json()["error"]) == (400, "invalid_grant")
    assert (wrong_secret.status_code, wrong_secret.json()["error"]) == (401, "invalid_client")
    assert wrong_secret.headers["www-authenticate"].startswith("Basic")
    assert wrong_code.json()["correlation_id"] == wrong_code.headers["x-request-id"]


def test_what_comes_before_the_token_is_told_in_that_shape_too(office: Office) -> None:
    browser = office.http()

    for answer in (
        browser.send("POST", TOKEN, json={}),
        browser.send("GET", TOKEN),
        browser.send("POST", TOKEN, content=b"x" * 20_000),
        browser.send(
            "POST", TOKEN.replace("contoso", "nobody"), headers={"content-type": "application/x-www-form-urlencoded"}
        ),
    ):
        assert answer.status_code in (404, 405, 413, 415)
        assert set(answer.json()) == {"error", "error_description"}


def test_secrets_in_the_query_are_not_read(app: RegisteredApp, browser: HttpBrowser) -> None:
    _, parameters = sent_to(browser.get(asked(app)))
    query, form = (
        urlencode({"client_secret": app.secret}),
        token_parameters(app, parameters["code"], client_secret=None),
    )

    answer = browser.post_form(f"{TOKEN}?{query}", form)

    assert answer.json()["error"] == "invalid_client"
