"""Where everything is, and what we can do: the provider's metadata.

OpenID Connect Discovery §3 with RFC 8414; the addresses have Entra's shape, so
that an app moves over by changing its authority.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead_core.fast_init import fast_init
from keystead_core.oidc.authorization import KNOWN_SCOPES, Prompt
from keystead_core.oidc.client_auth import AuthenticationMethod
from keystead_core.oidc.reply import ResponseMode
from keystead_core.oidc.token_request import AUTHORIZATION_CODE, CLIENT_CREDENTIALS

CLAIMS = (
    "iss",
    "sub",
    "tid",
    "oid",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "acrs",
    "amr",
    "sid",
    "at_hash",
    "preferred_username",
    "name",
    "email",
    "email_verified",
)


@fast_init
@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one tenant.

    Attributes:
        public_url: scheme, host and port as people reach us, without a slash at the end. From the
            settings, never from the Host header.
        tenant: the tenant's name or id, as it stands in the path.
    """

    public_url: str
    tenant: str

    @property
    def issuer(self) -> str:
        return f"{self.public_url}/{self.tenant}/v2.0"

    @property
    def discovery(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def authorize(self) -> str:
        return f"{self.public_url}/{self.tenant}/oauth2/v2.0/authorize"

    @property
    def token(self) -> str:
        return f"{self.public_url}/{self.tenant}/oauth2/v2.0/token"

    @property
    def logout(self) -> str:
        return f"{self.public_url}/{self.tenant}/oauth2/v2.0/logout"

    @property
    def jwks(self) -> str:
        return f"{self.public_url}/{self.tenant}/discovery/v2.0/keys"

    @property
    def userinfo(self) -> str:
        return f"{self.public_url}/{self.tenant}/oidc/userinfo"


def provider_metadata(
    endpoints: Endpoints, *, acr_values: Sequence[str] = (), subject_types: Sequence[str] = ("public",)
) -> dict[str, object]:
    metadata: dict[str, object] = {
        "issuer": endpoints.issuer,
        "authorization_endpoint": endpoints.authorize,
        "token_endpoint": endpoints.token,
        "userinfo_endpoint": endpoints.userinfo,
        "end_session_endpoint": endpoints.logout,
        "jwks_uri": endpoints.jwks,
        "scopes_supported": list(KNOWN_SCOPES),
        "claims_supported": list(CLAIMS),
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "response_types_supported": ["code"],
        "response_modes_supported": [str(mode) for mode in ResponseMode],
        "grant_types_supported": [AUTHORIZATION_CODE, CLIENT_CREDENTIALS],
        "subject_types_supported": list(subject_types),
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        "token_endpoint_auth_methods_supported": [str(method) for method in AuthenticationMethod],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": [str(prompt) for prompt in Prompt],
        "authorization_response_iss_parameter_supported": True,
        # §3: for `request_uri` "the default value is true".
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
    if acr_values:
        metadata["acr_values_supported"] = list(acr_values)
    return metadata
