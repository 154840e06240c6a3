"""An app: an OpenID Connect client of one tenant."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from keystead_core.fast_init import fast_init

from keystead_server.domain.ids import AppId, TenantId

ID_TOKEN_ALGORITHMS = ("ES256", "RS256")


@fast_init
@dataclass(frozen=True, slots=True)
class App:
    """An OpenID Connect client.

    Attributes:
        id: the `client_id`.
        redirect_uris: compared as exact text, never by pattern.
        secret_digests: SHA-256 of each client secret. The secrets are 32 random bytes that we made,
            so a plain digest is enough and a slow one would only cost every sign-in 0.2 s.
            Empty for a public client, which proves itself by PKCE alone.
        id_token_alg: ES256 unless the app can only read RS256.
        delegated_permissions: what of our API it may do for a person who is signed in, as far as that person may.
        application_permissions: what of our API it may do by itself.
    """

    id: AppId
    tenant_id: TenantId
    name: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    secret_digests: tuple[bytes, ...]
    created_at: datetime
    id_token_alg: str = "ES256"
    enabled: bool = True
    delegated_permissions: tuple[str, ...] = ()
    application_permissions: tuple[str, ...] = ()

    @property
    def is_public(self) -> bool:
        return not self.secret_digests


def secret_digest(secret: str) -> bytes:
    """SHA-256: the secret is 256 random bits of our own making, so nothing slower is needed."""
    return sha256(secret.encode()).digest()
