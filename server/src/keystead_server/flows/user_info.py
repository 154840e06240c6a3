"""Say who somebody is to an app that holds their access token (OpenID Connect Core §5.3)."""

from dataclasses import dataclass
from typing import TypeAlias

from keystead_core.jose.errors import JoseError
from keystead_core.jose.jwt import Expected, check_claims
from keystead_core.oidc.claims import ACCESS_TOKEN_TYPE, Claims, userinfo_claims

from keystead_server.domain.ids import GrantId
from keystead_server.domain.tenant import Tenant
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.people import person_of
from keystead_server.ports.clock import Clock
from keystead_server.ports.signer import Signer
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Info:
    claims: Claims


@dataclass(frozen=True, slots=True)
class TokenInvalid:
    """Attributes:
    code: stable, for the log; the app is told `invalid_token`.
    """

    code: str


Outcome: TypeAlias = Info | TokenInvalid


@dataclass(frozen=True, slots=True)
class UserInfo:
    store: Store
    clock: Clock
    signer: Signer
    gate: AccessGate

    async def __call__(self, tenant: Tenant, token: str, *, issuer: str) -> Outcome:
        """Judge an access token at each use: session, user, app and grant may be over, and a policy may block."""
        now = self.clock.now()
        try:
            claims = self.signer.verify(token, typ=ACCESS_TOKEN_TYPE)
            check_claims(claims, Expected(issuer, f"{issuer}/userinfo", ACCESS_TOKEN_TYPE), now=now)
        except JoseError as error:
            return TokenInvalid(error.code)
        owner = await self.store.sessions.grant(tenant.id, GrantId(str(claims.get("jti"))))
        if owner is None or owner.grant.revoked_at is not None:
            return TokenInvalid("grant_revoked")
        if not owner.app.enabled:
            return TokenInvalid("client_disabled")
        if not owner.session.is_open(owner.user, now):
            return TokenInvalid("session_over")
        # Asked about what is certain: who calls is the app, not the person, so their place is not known.
        session = await self.store.sessions.owner_of(tenant.id, owner.session.id)
        if session is None or await self.gate.surely_blocked(session, owner.app):
            return TokenInvalid("access_blocked")
        return Info(userinfo_claims(person_of(owner.user), owner.grant.scope.split()))
