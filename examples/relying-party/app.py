"""The smallest relying party: one page that knows who signed in, through OpenID Connect.

Authlib does the protocol: authorization code with PKCE S256, state and nonce,
and the checks of the ID token. What is ours is the page, a session in memory,
and the check of `iss` in the answer (RFC 9207), which Authlib leaves to the app.
"""

import argparse
import os
import secrets
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import uvicorn
from authlib.integrations.starlette_client import OAuth, OAuthError
from joserfc.errors import JoseError
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE = (Path(__file__).parent / "page.html").read_text()
SHOWN = ("name", "preferred_username", "email", "amr", "acr", "auth_time", "sub", "iss")


class Sessions:
    """A session in memory for each browser, under a random cookie that changes at every sign-in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.sessions: dict[str, dict[str, object]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        sent = HTTPConnection(scope).cookies.get("session", "")
        session = scope["session"] = self.sessions.get(sent, {})

        async def keep(message: Message) -> None:
            fresh = sent not in self.sessions or scope.get("signed_in", False)
            if message["type"] == "http.response.start" and session and fresh:
                # A name that somebody else planted before the sign-in must not be good after it.
                self.sessions.pop(sent, None)
                name = secrets.token_urlsafe(32)
                self.sessions[name] = session
                cookie = f"session={name}; Path=/; HttpOnly; SameSite=Lax"
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        return await self.app(scope, receive, keep)


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(PAGE.replace("{{title}}", escape(title)).replace("{{body}}", body), status)


async def home(request: Request) -> Response:
    claims = request.session.get("claims")
    if claims is None:
        return page("Welcome", '<p>You are not signed in.</p><a class="button" href="/login">Sign in</a>')
    rows = "".join(f"<tr><th>{name}<td>{escape(shown(name, claims[name]))}" for name in SHOWN if name in claims)
    out = '<form method="post" action="/logout"><button class="button">Sign out</button></form>'
    return page(f"Hello, {claims.get('name', 'you')}", f"<table>{rows}</table>{out}")


def shown(name: str, value: object) -> str:
    if name == "auth_time" and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


async def login(request: Request) -> Response:
    answer: Response = await request.app.state.keystead.authorize_redirect(request, str(request.url_for("callback")))
    return answer


async def callback(request: Request) -> Response:
    keystead = request.app.state.keystead
    issuer = (await keystead.load_server_metadata())["issuer"]
    try:
        if request.query_params.get("iss") != issuer:
            raise OAuthError("wrong_issuer", "the answer is not from the server that was asked")
        token = await keystead.authorize_access_token(request)
    except (OAuthError, JoseError) as refused:
        why = f"<p><code>{escape(str(refused))}</code></p>"
        return page("Not signed in", why + '<a class="button" href="/login">Try again</a>', 400)
    request.scope["signed_in"] = True
    request.session["claims"] = dict(token["userinfo"])
    request.session["id_token"] = token["id_token"]
    return RedirectResponse("/", 303)


async def logout(request: Request) -> Response:
    keystead, id_token = request.app.state.keystead, request.session.pop("id_token", None)
    request.session.clear()
    answer: Response = await keystead.logout_redirect(
        request, str(request.url_for("home")), id_token_hint=id_token, client_id=keystead.client_id
    )
    return answer


def application(issuer: str, client_id: str, client_secret: str | None) -> ASGIApp:
    app = Starlette(
        routes=[
            Route("/", home),
            Route("/login", login),
            Route("/callback", callback),
            Route("/logout", logout, methods=["POST"]),
        ]
    )
    app.state.keystead = OAuth().register(
        "keystead",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_basic" if client_secret else "none",
        },
    )
    return Sessions(app)


def main() -> None:
    env = os.environ
    parser = argparse.ArgumentParser(description="The smallest relying party of Keystead.")
    parser.add_argument("--issuer", default=env.get("ISSUER"), help="https://id.example.org/contoso/v2.0")
    parser.add_argument("--client-id", default=env.get("CLIENT_ID"))
    parser.add_argument("--client-secret", default=env.get("CLIENT_SECRET"), help="only for a confidential client")
    parser.add_argument("--port", type=int, default=int(env.get("PORT", "8500")))
    options = parser.parse_args()
    if not options.issuer or not options.client_id:
        parser.error("--issuer and --client-id are needed (or ISSUER and CLIENT_ID)")
    print(f"http://localhost:{options.port}", flush=True)
    app = application(options.issuer.rstrip("/"), options.client_id, options.client_secret)
    uvicorn.run(app, host="localhost", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
