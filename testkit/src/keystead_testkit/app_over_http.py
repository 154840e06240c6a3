"""An app that speaks to the server over HTTP: sends a browser to it, and redeems what comes back."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from keystead_server.flows.manage_app import RegisteredApp

from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.relying_party import authorization_parameters, token_parameters

AUTHORIZE = "/contoso/oauth2/v2.0/authorize"
TOKEN = "/contoso/oauth2/v2.0/token"


def asked(app: RegisteredApp, **changes: Any) -> str:
    return f"{AUTHORIZE}?{urlencode(authorization_parameters(app.app.id, **changes))}"


def sent_to(answer: Any) -> tuple[str, dict[str, str]]:
    """Address and parameters of a redirect."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    return f"{parts.scheme}://{parts.netloc}{parts.path}", dict(parse_qsl(parts.query))


def redeem(browser: HttpBrowser, app: RegisteredApp, code: str, **changes: Any) -> Any:
    # As an app's server: no cookies, no Origin.
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode(token_parameters(app, code, **changes)).encode()
    cookies, browser.cookies = browser.cookies, {}
    try:
        return browser.send("POST", TOKEN, content=body, headers=headers)
    finally:
        browser.cookies = cookies


def tokens(browser: HttpBrowser, app: RegisteredApp) -> dict[str, Any]:
    _, parameters = sent_to(browser.get(asked(app)))
    redeemed: dict[str, Any] = redeem(browser, app, parameters["code"]).json()
    return redeemed
