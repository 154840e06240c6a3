"""An authorization code: everything the token endpoint must compare, sealed into the code itself.

Nothing is stored when a code is given out. Redeeming it inserts a grant under the code's id,
so a second redemption meets the key (docs/decisions/0003).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from keystead_core.fast_init import fast_init
from msgspec.json import decode, encode

from keystead_server.domain.ids import AppId, GrantId, SessionId

CODE_SEAL = "authorization-code"


@fast_init
@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """Attributes:
    redirect_uri_digest: SHA-256 of the address the code was sent to (RFC 6749 §4.1.3 compares it).
    code_challenge: PKCE's, S256.
    address, platform: from where the person came, for policy to be asked again: the code is brought by the app.
    contexts: authentication contexts that were asked for, and are satisfied while the code is good.
    capabilities: of the app, by its own account.
    """

    id: GrantId
    session_id: SessionId
    app_id: AppId
    redirect_uri_digest: str
    code_challenge: str
    scopes: tuple[str, ...]
    nonce: str | None
    expires_at: datetime
    address: str = ""
    platform: str = ""
    contexts: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        return encode(
            [
                self.id,
                self.session_id,
                self.app_id,
                self.redirect_uri_digest,
                self.code_challenge,
                " ".join(self.scopes),
                self.nonce,
                self.expires_at.timestamp(),
                self.address,
                self.platform,
                " ".join(self.contexts),
                " ".join(self.capabilities),
            ]
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> "AuthorizationCode":
        """Read what `to_bytes` wrote; only ever called on what our own seal gave back."""
        code, session, app, digest, challenge, scopes, nonce, expires_at, *more = decode(raw)
        address, platform, contexts, capabilities = more
        return cls(
            GrantId(code),
            SessionId(session),
            AppId(app),
            digest,
            challenge,
            tuple(scopes.split()),
            nonce,
            datetime.fromtimestamp(expires_at, UTC),
            address,
            platform,
            tuple(contexts.split()),
            tuple(capabilities.split()),
        )


def redirect_uri_digest(redirect_uri: str) -> str:
    return sha256(redirect_uri.encode()).hexdigest()
