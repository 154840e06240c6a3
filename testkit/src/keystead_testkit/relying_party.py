"""What an app sends: an authorization request and a token request, right unless told otherwise."""

import json
from collections.abc import Mapping
from typing import Any

from keystead_core.oidc.pkce import s256_challenge
from keystead_core.wire import b64url_decode
from keystead_server.flows.manage_app import RegisteredApp

CALLBACK = "https://app.example.net/callback"
AFTER_LOGOUT = "https://app.example.net/bye"
VERIFIER = "a-verifier-of-at-least-forty-three-characters"


def authorization_parameters(client_id: str, /, **changes: str | None) -> list[tuple[str, str]]:
    return _pairs({
        "client_id": client_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid profile",
        "state": "the-app's-state", "nonce": "the-app's-nonce", "code_challenge": s256_challenge(VERIFIER),
        "code_challenge_method": "S256",
    } | changes)  # fmt: skip


def token_parameters(app: RegisteredApp, code: str, /, **changes: str | None) -> list[tuple[str, str]]:
    return _pairs({
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
        "client_id": app.app.id, "client_secret": app.secret,
    } | changes)  # fmt: skip


def claims_of(token: str) -> Mapping[str, Any]:
    """What a token says; its signature is not looked at."""
    claims: Mapping[str, Any] = json.loads(b64url_decode(token.split(".")[1]))
    return claims


def _pairs(members: Mapping[str, str | None]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in members.items() if value is not None]
