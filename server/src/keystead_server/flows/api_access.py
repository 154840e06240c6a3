"""Who is calling our API, and what they may do there now.

A token says what was true when it was made. Whether the app is still switched on and still has
its permissions, whether the person's account is open and their session lasts, is read at each use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from keystead_core.jose.errors import JoseError
from keystead_core.jose.jwt import Expected, check_claims
from keystead_core.oidc.claims import ACCESS_TOKEN_TYPE, APP_TOKEN

from keystead_server.domain.actor import Actor
from keystead_server.domain.app import App
from keystead_server.domain.ids import AppId, GrantId
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.registration_duty import RegistrationDuty
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.ports.clock import Clock
from keystead_server.ports.signer import Signer
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Caller:
    """An app with a good token.

    Attributes:
        user: for whom it calls; None when it calls for itself.
        granted: the API permissions that the token carries and the app still has.
    """

    tenant: Tenant
    app: App
    user: User | None
    granted: frozenset[str]

    @property
    def actor(self) -> Actor:
        return Actor(self.user, self.app)


@dataclass(frozen=True, slots=True)
class TokenInvalid:
    """Attributes:
    code: stable, for the log; the app is told that its token is not good.
    """

    code: str


Outcome: TypeAlias = Caller | TokenInvalid


@dataclass(frozen=True, slots=True)
class ApiAccess:
    store: Store
    clock: Clock
    signer: Signer
    relying_party: RelyingParty
    duty: RegistrationDuty
    gate: AccessGate

    async def __call__(self, token: str) -> Outcome:
        """Judge *token*; it also says which tenant is meant, since the API's addresses name none."""
        try:
            claims = self.signer.verify(token, typ=ACCESS_TOKEN_TYPE)
            tenant = await self.store.tenants.by_name(str(claims.get("tid")))
            # A name would do for an address; in a token only the id was ever written.
            if tenant is None or tenant.id != claims.get("tid"):
                return TokenInvalid("tenant_unknown")
            self._check(claims, tenant)
        except JoseError as error:
            return TokenInvalid(error.code)
        if claims.get("idtyp") == APP_TOKEN:
            return await self._app_alone(tenant, claims)
        return await self._for_a_person(tenant, claims)

    def _check(self, claims: Mapping[str, object], tenant: Tenant) -> None:
        """Raises JoseError."""
        by_id = self.relying_party.issuer(tenant.id)
        issuer = by_id if claims.get("iss") == by_id else self.relying_party.issuer(tenant.name)
        check_claims(claims, Expected(issuer, self.relying_party.api, ACCESS_TOKEN_TYPE), now=self.clock.now())

    async def _app_alone(self, tenant: Tenant, claims: Mapping[str, object]) -> Outcome:
        app = await self.store.apps.get(tenant.id, AppId(str(claims.get("client_id"))))
        if app is None or not app.enabled or app.is_public:
            return TokenInvalid("client_disabled")
        roles = claims.get("roles")
        carried = roles if isinstance(roles, list) else []
        return Caller(tenant, app, None, frozenset(app.application_permissions).intersection(carried))

    async def _for_a_person(self, tenant: Tenant, claims: Mapping[str, object]) -> Outcome:
        owner = await self.store.sessions.grant(tenant.id, GrantId(str(claims.get("jti"))))
        if owner is None or owner.grant.revoked_at is not None:
            return TokenInvalid("grant_revoked")
        if not owner.app.enabled:
            return TokenInvalid("client_disabled")
        if not owner.session.is_open(owner.user, self.clock.now()):
            return TokenInvalid("session_over")
        # A token must not lead around what its session is held to (attack class 17).
        session = await self.store.sessions.owner_of(tenant.id, owner.session.id)
        if session is None or await self.duty.holds(session):
            return TokenInvalid("registration_required")
        if await self.gate.surely_blocked(session, owner.app):
            return TokenInvalid("access_blocked")
        granted = frozenset(owner.app.delegated_permissions).intersection(owner.grant.scope.split())
        return Caller(tenant, owner.app, owner.user, granted)
