"""The token endpoint and userinfo."""

import structlog
from keystead_core.oidc.token_request import asks_for_itself
from msgspec.json import encode
from starlette.responses import Response

from keystead_server.flows.app_credentials import TokenRefused
from keystead_server.flows.app_token import AppTokens
from keystead_server.flows.redeem_code import Tokens
from keystead_server.flows.user_info import Info, TokenInvalid
from keystead_server.http.call import Call
from keystead_server.http.oidc.metadata import endpoints

_log = structlog.get_logger("keystead.apps")
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
# Apps in a browser call these from their own origin; there is no cookie to be abused.
_ANY_ORIGIN = {"access-control-allow-origin": "*"}


async def token(call: Call) -> Response:
    body = call.form_pairs()
    judge = call.services.app_token if asks_for_itself(body) else call.services.redeem_code
    outcome = await judge(
        call.tenant, call.visitor, call.header_values("authorization"), body, issuer=endpoints(call).issuer
    )
    return _answered(call, outcome)


def _answered(call: Call, outcome: Tokens | AppTokens | TokenRefused) -> Response:
    match outcome:
        case AppTokens(access_token, seconds):
            # RFC 6749 §4.4.3; an app in a browser has no secret that it could have shown.
            alone = {"token_type": "Bearer", "access_token": access_token, "expires_in": seconds}
            return Response(encode(alone), media_type="application/json", headers=_NO_STORE)
        case Tokens():
            body: dict[str, object] = {
                "token_type": "Bearer",
                "access_token": outcome.access_token,
                "id_token": outcome.id_token,
                "expires_in": outcome.expires_in_seconds,
                "scope": outcome.scope,
            }
            return Response(encode(body), media_type="application/json", headers=_NO_STORE | _ANY_ORIGIN)
        case TokenRefused():
            headers = _NO_STORE | _ANY_ORIGIN
            if outcome.status == 401:
                headers["www-authenticate"] = 'Basic realm="token"'
            body = {"error": outcome.error, "error_description": outcome.description, "correlation_id": call.number}
            return Response(encode(body), outcome.status, media_type="application/json", headers=headers)


async def userinfo(call: Call) -> Response:
    scheme, _, presented = call.header("authorization").partition(" ")
    if scheme.lower() != "bearer" or not presented:
        return _challenge(None)
    outcome = await call.services.user_info(call.tenant, presented.strip(), issuer=endpoints(call).issuer)
    match outcome:
        case Info(claims):
            return Response(encode(claims), media_type="application/json", headers=_NO_STORE | _ANY_ORIGIN)
        case TokenInvalid(code):
            _log.warning("token.refused", code=code, request=call.number, address=call.visitor.address)
            return _challenge("the access token is not valid")


async def userinfo_preflight(_: Call) -> Response:
    """An app in a browser asks first, because the Authorization header is none that a form can send."""
    allowed = {"access-control-allow-methods": "GET, POST", "access-control-allow-headers": "authorization"}
    return Response(status_code=204, headers=_ANY_ORIGIN | allowed | {"access-control-max-age": "86400"})


def _challenge(description: str | None) -> Response:
    # RFC 6750 §3.1: without credentials no error code is given.
    value = 'Bearer realm="userinfo"'
    body: dict[str, object] = {"error": "invalid_request"}
    if description is not None:
        value += ', error="invalid_token"'
        body = {"error": "invalid_token", "error_description": description}
    headers = _NO_STORE | _ANY_ORIGIN | {"www-authenticate": value}
    return Response(encode(body), 401, media_type="application/json", headers=headers)
