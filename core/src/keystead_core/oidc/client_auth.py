"""How a client says who it is at the token endpoint (RFC 6749 §2.3).

    none                   a public client names itself in the body
    client_secret_basic    name and secret in the Authorization header
    client_secret_post     name and secret in the body

The result is what was presented; whether the secret is right, and whether this
client may use this method, is for whoever knows the client.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from keystead_core.fast_init import fast_init
from keystead_core.oidc.errors import InvalidClient, InvalidRequest
from keystead_core.oidc.parameters import VISIBLE_ASCII, KnownParameters, Rule, read_parameters

MAX_SECRET_CHARACTERS = 512

_RULES = {
    "client_id": Rule(256),
    "client_secret": Rule(MAX_SECRET_CHARACTERS),
    "client_assertion": Rule(16 * 1024),
    "client_assertion_type": Rule(256),
}
_BASIC = re.compile(r"basic +([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)
_MAX_HEADER_CHARACTERS = 4096


class AuthenticationMethod(StrEnum):
    NONE = "none"
    CLIENT_SECRET_BASIC = "client_secret_basic"
    CLIENT_SECRET_POST = "client_secret_post"


@fast_init
@dataclass(frozen=True, slots=True)
class PresentedClient:
    """Who the client says it is; believe nothing."""

    client_id: str
    method: AuthenticationMethod
    secret: str | None = field(default=None, repr=False)


def parse_client_authentication(authorization: Sequence[str], body: Iterable[tuple[str, str]]) -> PresentedClient:
    """Read who a client says it is.

    Args:
        authorization: every Authorization header of the request.
        body: the form's parameters; never the query's, where a secret would be logged.

    Raises:
        InvalidRequest: said twice, or in two ways.
        InvalidClient: not said, or not in a way we understand.
    """
    parameters = read_parameters(body, _RULES)
    fault = parameters.first_fault()
    if fault is not None:
        raise InvalidRequest(fault)
    if "client_assertion" in parameters.values or "client_assertion_type" in parameters.values:
        raise InvalidClient("client assertions are not supported")
    if authorization:
        return _from_header(authorization, parameters)
    return _from_body(parameters)


def _from_body(parameters: KnownParameters) -> PresentedClient:
    client_id = parameters.get("client_id")
    if client_id is None:
        raise InvalidClient("no client is named")
    secret = parameters.get("client_secret")
    if secret is None:
        return PresentedClient(client_id, AuthenticationMethod.NONE)
    return PresentedClient(client_id, AuthenticationMethod.CLIENT_SECRET_POST, secret)


def _from_header(authorization: Sequence[str], parameters: KnownParameters) -> PresentedClient:
    # §2.3: "The client MUST NOT use more than one authentication method in each request."
    if len(authorization) > 1 or "client_secret" in parameters.values:
        raise InvalidRequest("the client authenticates in more than one way")
    client_id, secret = _basic_credentials(authorization[0])
    # Two names: the one that is authenticated, and the one a careless reader would go by.
    if parameters.get("client_id") not in (None, client_id):
        raise InvalidRequest("the header and the body name two clients")
    return PresentedClient(client_id, AuthenticationMethod.CLIENT_SECRET_BASIC, secret)


def _basic_credentials(header: str) -> tuple[str, str]:
    written = _BASIC.fullmatch(header)
    if written is None or len(header) > _MAX_HEADER_CHARACTERS:
        raise InvalidClient("the Authorization header is not Basic")
    try:
        name, colon, secret = base64.b64decode(written[1], validate=True).decode("ascii").partition(":")
        client_id, client_secret = _form_decoded(name), _form_decoded(secret)
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidClient("the Authorization header cannot be decoded") from None
    if not (colon and client_id and client_secret) or len(client_secret) > MAX_SECRET_CHARACTERS:
        raise InvalidClient("the Authorization header has no name or no secret")
    if not (VISIBLE_ASCII.fullmatch(client_id) and VISIBLE_ASCII.fullmatch(client_secret)):
        raise InvalidClient("the Authorization header has characters that are not allowed")
    return client_id, client_secret


def _form_decoded(text: str) -> str:
    # §2.3.1: both are "encoded using the "application/x-www-form-urlencoded" encoding algorithm"
    # before they are joined, so a colon or a percent sign inside them survives.
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
