"""Apps on other people's libraries sign people in: Authlib against a server on a port, MSAL over ASGI."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import msal
import pytest
from authlib.integrations.requests_client import OAuth2Session
from click.testing import CliRunner
from joserfc import jwt
from joserfc.jwk import KeySet
from keystead_server.main.cli import main
from keystead_server.policy.access.document import Context
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, publish, under_policies
from keystead_testkit.clock import FixedClock
from keystead_testkit.http_browser import form_token
from keystead_testkit.office import Office
from keystead_testkit.relying_party import CALLBACK, claims_of
from keystead_testkit.running_server import RunningServer
from keystead_testkit.soft_passkey import SoftPasskey

ON_C1 = {"includeAuthenticationContextClassReferences": ["c1"]}
VERIFIER = "another-verifier-of-at-least-forty-three-chars"


# -- a server on a port ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def app(running: RunningServer) -> dict[str, Any]:
    """An app, registered on the command line while the server runs."""
    call = ["--data", str(running.data), "--public-url", running.url, "app", "register", "Wiki", "--json"]
    with ThreadPoolExecutor(1) as elsewhere:
        made = elsewhere.submit(CliRunner().invoke, main, [*call, "--redirect-uri", CALLBACK]).result()
    assert made.exit_code == 0, made.output
    registered: dict[str, Any] = json.loads(made.stdout)
    return registered


@pytest.fixture(scope="module")
def browser(running: RunningServer) -> Iterator[httpx2.Client]:
    """The first administrator's: came with the link, added a passkey, and signed in with it."""
    passkey = SoftPasskey(rp_id="localhost", origin=running.url)
    with httpx2.Client(base_url=running.url, headers={"origin": running.url}) as client:
        page = client.get("/home/sign-in/pass")
        client.headers["cookie"] = _cookies(page)
        fields = {"user": "admin", "pass": running.one_time_pass(), "form_token": form_token(page)}
        _keep(client, client.post("/home/sign-in/pass", data=fields))
        options = client.post("/home/account/passkeys/options", json={}).json()
        assert client.post("/home/account/passkeys", json=passkey.register_with(options)).status_code == 201
        options = client.post("/home/sign-in/options", json={"username": "admin"}).json()
        signed_in = client.post("/home/sign-in/assertion", json=passkey.answer_to(options))
        assert signed_in.status_code == 200, signed_in.text
        _keep(client, signed_in)
        yield client


def _cookies(answer: httpx2.Response) -> str:
    return "; ".join(line.partition(";")[0] for line in answer.headers.get_list("set-cookie"))


def _keep(client: httpx2.Client, answer: httpx2.Response) -> None:
    """Cookie jars do not send cookies to localhost as browsers do, so they are carried by hand."""
    held = dict(pair.split("=", 1) for pair in client.headers["cookie"].split("; "))
    held |= dict(pair.split("=", 1) for pair in _cookies(answer).split("; ") if pair)
    client.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in held.items())
    client.cookies.clear()


def test_authlib_signs_somebody_in_and_everything_it_is_told_is_true(
    running: RunningServer, app: dict[str, Any], browser: httpx2.Client
) -> None:
    session = OAuth2Session(
        app["client_id"],
        app["client_secret"],
        scope="openid profile",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
    )
    told = session.get(f"{app['issuer']}/.well-known/openid-configuration", withhold_token=True).json()
    assert told["issuer"] == app["issuer"]

    url, state = session.create_authorization_url(
        told["authorization_endpoint"], code_verifier=VERIFIER, nonce="the-nonce"
    )
    location = browser.get(url).headers["location"]
    token = session.fetch_token(
        told["token_endpoint"], authorization_response=location, state=state, code_verifier=VERIFIER
    )

    keys = KeySet.import_key_set(session.get(told["jwks_uri"], withhold_token=True).json())
    id_token = jwt.decode(token["id_token"], keys, algorithms=["ES256"])
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": app["issuer"]},
        aud={"essential": True, "value": app["client_id"]},
        nonce={"essential": True, "value": "the-nonce"},
        exp={"essential": True},
    ).validate(id_token.claims)
    assert set(id_token.claims) == {
        "iss", "sub", "tid", "oid", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid",
        "preferred_username", "name", "at_hash",
    }  # fmt: skip
    assert (id_token.claims["preferred_username"], id_token.claims["amr"]) == ("admin", ["fido", "mfa"])
    info = session.get(told["userinfo_endpoint"]).json()
    assert info["sub"] == id_token.claims["sub"]


def test_authlib_is_refused_with_another_verifier_or_state(
    app: dict[str, Any], browser: httpx2.Client, running: RunningServer
) -> None:
    session = OAuth2Session(
        app["client_id"], app["client_secret"], scope="openid", redirect_uri=CALLBACK, code_challenge_method="S256"
    )
    url, state = session.create_authorization_url(f"{running.url}/home/oauth2/v2.0/authorize", code_verifier=VERIFIER)
    location = browser.get(url).headers["location"]

    with pytest.raises(Exception, match="invalid_grant"):
        session.fetch_token(
            f"{running.url}/home/oauth2/v2.0/token",
            authorization_response=location,
            state=state,
            code_verifier=VERIFIER[::-1],
        )


def test_the_browser_is_signed_in_at_the_real_server(browser: httpx2.Client) -> None:
    assert browser.get("/home/account").status_code == 200


# -- over ASGI -------------------------------------------------------------------------------------


class AsgiClient:
    """What MSAL wants of an HTTP client: get and post, answered by an office."""

    def __init__(self, office: Office) -> None:
        self._browser = office.http()

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> Any:
        return self._browser.send("GET", url, params=params, headers=_sendable(headers))

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> Any:
        form = {"content-type": "application/x-www-form-urlencoded"}
        content = urlencode(data or {}).encode()
        return self._browser.send("POST", url, content=content, headers=form | _sendable(headers))

    def close(self) -> None:
        return None


def _sendable(headers: Any) -> dict[str, str]:
    return {name: str(value) for name, value in (headers or {}).items()}


def test_msal_signs_somebody_in() -> None:
    # MSAL looks at the computer's own clock.
    office = Office(clock=FixedClock(datetime.now(UTC)))
    app = office.app(id_token_alg="RS256")
    browser = office.http()
    browser.sign_in("contoso", office.passkey)
    client = msal.ConfidentialClientApplication(
        app.app.id,
        client_credential=app.secret,
        oidc_authority="https://id.example.org/contoso/v2.0",
        http_client=AsgiClient(office),
    )

    flow = client.initiate_auth_code_flow([], redirect_uri=CALLBACK, response_mode="form_post")
    page = browser.get(flow["auth_uri"])
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    result = client.acquire_token_by_auth_code_flow(flow, fields)

    assert "error" not in result, result
    claims = result["id_token_claims"]
    assert (claims["tid"], claims["oid"]) == (office.tenant.id, office.ada.id)
    assert claims["preferred_username"] == "ada@contoso.example"


def test_msal_steps_up_to_an_authentication_context_and_finds_it_in_the_token() -> None:
    office = Office(clock=FixedClock(datetime.now(UTC)))
    publish(office, Context("c1", "Payments"))
    under_policies(office, policy_body("Payments", strength=PHISHING_RESISTANT, applications=ON_C1))
    app = office.app(id_token_alg="RS256")
    browser = office.http()
    browser.sign_in("contoso", office.passkey)
    client = msal.ConfidentialClientApplication(
        app.app.id,
        client_credential=app.secret,
        oidc_authority="https://id.example.org/contoso/v2.0",
        client_capabilities=["CP1"],
        http_client=AsgiClient(office),
    )
    challenge = json.dumps({"id_token": {"acrs": {"essential": True, "value": "c1"}}})

    flow = client.initiate_auth_code_flow(
        [], redirect_uri=CALLBACK, response_mode="form_post", claims_challenge=challenge
    )
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', browser.get(flow["auth_uri"]).text))
    result = client.acquire_token_by_auth_code_flow(flow, fields)

    assert result["id_token_claims"]["acrs"] == ["c1"], result
    assert claims_of(result["access_token"])["xms_cc"] == ["cp1"]


def test_authlib_can_ask_for_a_context_and_brings_back_why_there_is_none(
    running: RunningServer, app: dict[str, Any], browser: httpx2.Client
) -> None:
    session = OAuth2Session(app["client_id"], scope="openid", redirect_uri=CALLBACK, code_challenge_method="S256")
    url, state = session.create_authorization_url(
        f"{running.url}/home/oauth2/v2.0/authorize", code_verifier=VERIFIER, acr_values="c1"
    )

    answer = dict(parse_qsl(urlsplit(browser.get(url).headers["location"]).query))

    assert (answer["error"], answer["state"]) == ("unmet_authentication_requirements", state)
