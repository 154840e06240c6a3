"""Exchange an authorization code for tokens (RFC 6749 §4.1.3, OpenID Connect Core §3.1.3).

The session, its user and the app are read again here: a code is no way around a blocked account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import TypeAlias

from keystead_core.fast_init import fast_init
from keystead_core.oidc.claims import (
    ACCESS_TOKEN_TYPE,
    ID_TOKEN_TYPE,
    Authentication,
    Conditions,
    Issue,
    access_token_claims,
    id_token_claims,
)
from keystead_core.oidc.client_auth import parse_client_authentication
from keystead_core.oidc.errors import InvalidGrant, TokenError
from keystead_core.oidc.pkce import check_verifier
from keystead_core.oidc.token_request import AuthorizationCodeGrant, parse_token_request
from keystead_core.wire import WireError, b64url_decode

from keystead_server.domain.app import App
from keystead_server.domain.authorization_code import CODE_SEAL, AuthorizationCode, redirect_uri_digest
from keystead_server.domain.session import ACCESS_TOKEN_LIFETIME, ID_TOKEN_LIFETIME, Grant, Session
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_facts import Place, app_target
from keystead_server.flows.access_gate import AccessGate, Ruling
from keystead_server.flows.app_credentials import TokenRefused, authenticated_app, refused, without_client
from keystead_server.flows.attempts import Trail, start_trail
from keystead_server.flows.people import person_of
from keystead_server.flows.registration_duty import RegistrationDuty
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.policy.api_permissions import API_PERMISSIONS
from keystead_server.ports.changes import Add, Conflict, RevokeGrant
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import SealBroken, Sealer
from keystead_server.ports.signer import Signer
from keystead_server.ports.store import SessionOwner, Store


@fast_init
@dataclass(frozen=True, slots=True)
class Tokens:
    access_token: str
    id_token: str
    expires_in_seconds: int
    scope: str


Outcome: TypeAlias = Tokens | TokenRefused


class _NoGrant(InvalidGrant):
    """A code that is worth nothing, with the reason that only the log learns."""

    def __init__(self, reason: str) -> None:
        super().__init__("the code is not valid")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RedeemCode:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    signer: Signer
    duty: RegistrationDuty
    relying_party: RelyingParty
    gate: AccessGate

    async def __call__(
        self,
        tenant: Tenant,
        visitor: Visitor,
        authorization: Sequence[str],
        body: Sequence[tuple[str, str]],
        *,
        issuer: str,
    ) -> Outcome:
        """Judge a token request.

        Args:
            authorization: every Authorization header.
            body: the form, decoded, in its order.
        """
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.TOKEN, Method.NONE)
        try:
            presented = parse_client_authentication(authorization, body)
            request = parse_token_request(without_client(body))
            app = await authenticated_app(self.store, tenant, presented)
            trail.app_id = app.id
            code = self._code(tenant, app, request)
            await self._check_in_time(app, code, now)
            owner = await self._owner(tenant, code, now)
            trail.user_id, trail.username = owner.user.id, owner.user.username
            ruling = await self._under_policy(app, code, owner, trail)
            grant = await self._spend(app, code, owner, trail)
            return self._tokens(app, code, owner, grant, issuer, _conditions(code, owner.session, ruling))
        except TokenError as error:
            return await refused(trail, error, error.reason if isinstance(error, _NoGrant) else None)

    def _code(self, tenant: Tenant, app: App, request: AuthorizationCodeGrant) -> AuthorizationCode:
        try:
            opened = self.sealer.open(CODE_SEAL, b64url_decode(request.code), bound_to=tenant.id.encode())
        except (WireError, SealBroken):
            raise _NoGrant("code_not_ours") from None
        code = AuthorizationCode.from_bytes(opened)
        if code.app_id != app.id:
            raise _NoGrant("code_of_another_app")
        if not compare_digest(code.redirect_uri_digest, redirect_uri_digest(request.redirect_uri)):
            raise _NoGrant("redirect_uri_differs")
        check_verifier(code.code_challenge, request.code_verifier)
        return code

    async def _check_in_time(self, app: App, code: AuthorizationCode, now: datetime) -> None:
        if now < code.expires_at:
            return
        # RFC 6749 §4.1.2: "If an authorization code is used more than once, the authorization server MUST deny the
        # request and SHOULD revoke (when possible) all tokens previously issued based on that authorization code."
        # Whoever comes too late may be the second as well; when nothing was given for it, nothing ends.
        await self.store.write(RevokeGrant(app.tenant_id, code.id, now))
        raise _NoGrant("code_expired")

    async def _owner(self, tenant: Tenant, code: AuthorizationCode, now: datetime) -> SessionOwner:
        owner = await self.store.sessions.owner_of(tenant.id, code.session_id)
        if owner is None or not owner.session.is_open(owner.user, now):
            raise _NoGrant("session_over")
        # The code was issued before this person had to; no token is a way around it.
        if await self.duty.holds(owner):
            raise _NoGrant("registration_required")
        return owner

    async def _under_policy(self, app: App, code: AuthorizationCode, owner: SessionOwner, trail: Trail) -> Ruling:
        """A policy may have changed since the code was given; the person is where they were then."""
        place = Place.kept(code.address, code.platform)
        ruling = await self.gate.of_session(owner, trail.visitor, app_target(app.id, code.contexts), place=place)
        trail.access = ruling.record
        if ruling.code is not None:
            raise _NoGrant(ruling.code)
        return ruling

    async def _spend(self, app: App, code: AuthorizationCode, owner: SessionOwner, trail: Trail) -> Grant:
        now = trail.at
        grant = Grant(
            id=code.id,
            tenant_id=app.tenant_id,
            session_id=owner.session.id,
            app_id=app.id,
            user_id=owner.user.id,
            scope=" ".join(code.scopes),
            issued_at=now,
            expires_at=min(now + ACCESS_TOKEN_LIFETIME, owner.session.expires_at),
        )
        # What policies said of an app's tokens is in the log; where none applied, the grant alone is.
        ruled = () if trail.access is None else (Add(trail.granted()),)
        if isinstance(await self.store.write(Add(grant), *ruled), Conflict):
            # RFC 6749 §4.1.2: a code used twice was stolen, perhaps by whoever came first.
            await self.store.write(RevokeGrant(app.tenant_id, grant.id, now))
            raise _NoGrant("code_spent")
        return grant

    def _tokens(
        self, app: App, code: AuthorizationCode, owner: SessionOwner, grant: Grant, issuer: str, conditions: Conditions
    ) -> Tokens:
        person, how = person_of(owner.user), _authentication(owner.session, code.contexts)
        lifetime = grant.expires_at - grant.issued_at
        access_token = self.signer.sign(
            "ES256",
            ACCESS_TOKEN_TYPE,
            access_token_claims(
                Issue(issuer, app.id, grant.issued_at, lifetime), person, how,
                audience=self._audience(issuer, code.scopes), scopes=code.scopes, token_id=grant.id,
                conditions=conditions,
            ),
        )  # fmt: skip
        id_token = self.signer.sign(
            app.id_token_alg,
            ID_TOKEN_TYPE,
            id_token_claims(
                Issue(issuer, app.id, grant.issued_at, min(ID_TOKEN_LIFETIME, lifetime)), person, how,
                # Every app learns whom it signed in, whatever it asked for, as with Entra's v2 tokens and "profile".
                scopes={*code.scopes, "profile"}, nonce=code.nonce, access_token=access_token, alg=app.id_token_alg,
            ),
        )  # fmt: skip
        return Tokens(access_token, id_token, int(lifetime.total_seconds()), " ".join(code.scopes))

    def _audience(self, issuer: str, scopes: Sequence[str]) -> str | list[str]:
        """Userinfo, which OpenID Connect has every such token open; with a scope of our API, that as well."""
        userinfo = f"{issuer}/userinfo"
        return [self.relying_party.api, userinfo] if API_PERMISSIONS.keys() & set(scopes) else userinfo


def _authentication(session: Session, contexts: tuple[str, ...]) -> Authentication:
    return Authentication(session.signed_in_at, session.acr, session.amr, session.id, contexts)


def _conditions(code: AuthorizationCode, session: Session, ruling: Ruling) -> Conditions:
    # No device has proved which one it is, so an app that is to restrict what unknown ones do restricts all.
    state = ("kmsi",) if session.is_kept else ()
    return Conditions(code.capabilities, ruling.decision.session.app_restrictions, state)
