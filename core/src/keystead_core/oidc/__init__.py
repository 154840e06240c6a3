"""OpenID Connect, the provider's side, as values.

authorization   what a client asks, in two steps: received, then matched and whole
redirect        which addresses may be registered, and which is the registered one
reply           where an answer goes and what it carries
pkce            S256, and nothing else
client_auth     who the client says it is
token_request   a code and what must fit it
claims          what our tokens say
discovery       where everything is
logout          leaving, and where to afterwards
errors          by who may hear of it
"""

from keystead_core.oidc.authorization import (
    AuthorizationRequest,
    Prompt,
    ReceivedAuthorization,
    parse_authorization,
    receive_authorization,
)
from keystead_core.oidc.claims import (
    ACCESS_TOKEN_TYPE,
    ID_TOKEN_TYPE,
    Authentication,
    Issue,
    Person,
    access_token_claims,
    app_token_claims,
    at_hash,
    id_token_claims,
    userinfo_claims,
)
from keystead_core.oidc.client_auth import AuthenticationMethod, PresentedClient, parse_client_authentication
from keystead_core.oidc.discovery import Endpoints, provider_metadata
from keystead_core.oidc.errors import (
    AuthorizationError,
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    OidcError,
    RedirectUriError,
    RedirectUriNotRegistered,
    TokenError,
    UnauthorizedClient,
    UnknownClient,
    UnsafeToRedirect,
    UnsupportedGrantType,
)
from keystead_core.oidc.logout import LogoutRequest, ReceivedLogout, client_of, parse_logout, receive_logout
from keystead_core.oidc.pkce import check_verifier, s256_challenge
from keystead_core.oidc.redirect import check_redirect_uri, match_redirect
from keystead_core.oidc.reply import ReplyTo, ResponseMode, code_parameters, error_parameters, location
from keystead_core.oidc.token_request import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    asks_for_itself,
    parse_client_credentials,
    parse_token_request,
)

__all__ = [
    "ACCESS_TOKEN_TYPE",
    "ID_TOKEN_TYPE",
    "Authentication",
    "AuthenticationMethod",
    "AuthorizationCodeGrant",
    "AuthorizationError",
    "AuthorizationRequest",
    "ClientCredentialsGrant",
    "Endpoints",
    "InvalidClient",
    "InvalidGrant",
    "InvalidRequest",
    "InvalidScope",
    "Issue",
    "LogoutRequest",
    "OidcError",
    "Person",
    "PresentedClient",
    "Prompt",
    "ReceivedAuthorization",
    "ReceivedLogout",
    "RedirectUriError",
    "RedirectUriNotRegistered",
    "ReplyTo",
    "ResponseMode",
    "TokenError",
    "UnauthorizedClient",
    "UnknownClient",
    "UnsafeToRedirect",
    "UnsupportedGrantType",
    "access_token_claims",
    "app_token_claims",
    "asks_for_itself",
    "at_hash",
    "check_redirect_uri",
    "check_verifier",
    "client_of",
    "code_parameters",
    "error_parameters",
    "id_token_claims",
    "location",
    "match_redirect",
    "parse_authorization",
    "parse_client_authentication",
    "parse_client_credentials",
    "parse_logout",
    "parse_token_request",
    "provider_metadata",
    "receive_authorization",
    "receive_logout",
    "s256_challenge",
    "userinfo_claims",
]
