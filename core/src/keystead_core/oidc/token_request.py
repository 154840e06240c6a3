"""The token request: an authorization code (RFC 6749 §4.1.3 with RFC 7636 §4.5), or the client by itself (§4.4.2).

PKCE and the client's secret are independent of each other: a client that has a
secret must still bring the verifier.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from keystead_core.fast_init import fast_init
from keystead_core.oidc.errors import InvalidRequest, UnsupportedGrantType
from keystead_core.oidc.parameters import KnownParameters, Rule, read_parameters
from keystead_core.oidc.pkce import check_verifier_syntax
from keystead_core.oidc.redirect import MAX_URI_CHARACTERS

GRANT_TYPE = "grant_type"
AUTHORIZATION_CODE, CLIENT_CREDENTIALS = "authorization_code", "client_credentials"
_RULES = {
    GRANT_TYPE: Rule(128),
    "code": Rule(2048),
    "redirect_uri": Rule(MAX_URI_CHARACTERS),
    "code_verifier": Rule(128),
}


@fast_init
@dataclass(frozen=True, slots=True)
class AuthorizationCodeGrant:
    """A code and what must fit it; nothing is checked against the code yet."""

    code: str = field(repr=False)
    redirect_uri: str
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientCredentialsGrant:
    """A client asks in its own name, with nobody there.

    Attributes:
        scope: as asked; empty when nothing was.
    """

    scope: str


def asks_for_itself(body: Iterable[tuple[str, str]]) -> bool:
    """Whether this is a client credentials request; for choosing who reads it, which then reads all of it."""
    return (GRANT_TYPE, CLIENT_CREDENTIALS) in body


def parse_client_credentials(body: Iterable[tuple[str, str]]) -> ClientCredentialsGrant:
    """Raises TokenError."""
    parameters = read_parameters(body, {GRANT_TYPE: _RULES[GRANT_TYPE], "scope": Rule(4096)})
    fault = parameters.first_fault()
    if fault is not None:
        raise InvalidRequest(fault)
    if _required(parameters, GRANT_TYPE) != CLIENT_CREDENTIALS:
        raise UnsupportedGrantType("grant_type must be client_credentials")
    return ClientCredentialsGrant(parameters.get("scope") or "")


def parse_token_request(body: Iterable[tuple[str, str]]) -> AuthorizationCodeGrant:
    """Raises TokenError."""
    parameters = read_parameters(body, _RULES)
    fault = parameters.first_fault()
    if fault is not None:
        raise InvalidRequest(fault)
    if _required(parameters, GRANT_TYPE) != AUTHORIZATION_CODE:
        raise UnsupportedGrantType("grant_type must be authorization_code or client_credentials")
    grant = AuthorizationCodeGrant(
        code=_required(parameters, "code"),
        redirect_uri=_required(parameters, "redirect_uri"),
        code_verifier=_required(parameters, "code_verifier"),
    )
    check_verifier_syntax(grant.code_verifier)
    return grant


def _required(parameters: KnownParameters, name: str) -> str:
    value = parameters.get(name)
    if value is None:
        raise InvalidRequest(f"{name} is missing")
    return value
