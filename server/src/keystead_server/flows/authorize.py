"""Answer an app's authorization request: a code, a refusal, "sign in first", or "register a passkey first".

Conditional Access is asked each time, for this app and the authentication contexts it names: what it misses
leads to another sign-in that can bring it, and to a refusal where none can.

The request is judged anew each time it comes, before and after the sign-in, so nothing about it
is remembered in between and no step can be skipped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from keystead_core.fast_init import fast_init
from keystead_core.oidc.authorization import (
    AuthorizationRequest,
    Prompt,
    parse_authorization,
    receive_authorization,
)
from keystead_core.oidc.errors import AuthorizationError, UnknownClient, UnsafeToRedirect
from keystead_core.oidc.reply import Parameters, ReplyTo, code_parameters, error_parameters
from keystead_core.wire import b64url_encode

from keystead_server.domain.app import App
from keystead_server.domain.authorization_code import CODE_SEAL, AuthorizationCode, redirect_uri_digest
from keystead_server.domain.ids import AppId, GrantId
from keystead_server.domain.session import CODE_LIFETIME, Session
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_facts import REGISTRATION, app_target, platform_of
from keystead_server.flows.access_gate import AccessGate, Ruling
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.registration_duty import NOWHERE, Here, RegistrationDuty
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import SessionOwner, Store


@fast_init
@dataclass(frozen=True, slots=True)
class Reply:
    """Send the person back to the app with these parameters: a code, or an error for the app to read.

    Attributes:
        error: the error's code; None with a code.
    """

    reply_to: ReplyTo
    parameters: Parameters
    error: str | None = None


@dataclass(frozen=True, slots=True)
class SignInFirst:
    """The person must sign in (again) before the app gets an answer."""

    app: App
    login_hint: str | None


@dataclass(frozen=True, slots=True)
class RegisterFirst:
    """The person is signed in, and must register a passkey before any app gets an answer.

    Attributes:
        on_this_device: the campaign asks; they may have others, which do not work there.
    """

    app: App
    on_this_device: bool = False


@dataclass(frozen=True, slots=True)
class AcceptFirst:
    """The person is signed in, and must accept terms of use before the app gets an answer."""

    app: App


@dataclass(frozen=True, slots=True)
class ChangePasswordFirst:
    """The person is signed in, and must change the password before the app gets an answer."""

    app: App


@dataclass(frozen=True, slots=True)
class NotSafe:
    """Nobody may be sent anywhere; the person is told, on our page."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The person is told on our page what is asked for, and what they can do."""

    refused: Refused
    ruling: Ruling


Outcome: TypeAlias = Reply | SignInFirst | RegisterFirst | AcceptFirst | ChangePasswordFirst | NotSafe | Denied


@dataclass(frozen=True, slots=True)
class Authorize:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    duty: RegistrationDuty
    relying_party: RelyingParty
    gate: AccessGate

    async def __call__(
        self,
        tenant: Tenant,
        pairs: Iterable[tuple[str, str]],
        owner: SessionOwner | None,
        *,
        issuer: str,
        visitor: Visitor,
        asked_at: datetime | None = None,
        here: Here = NOWHERE,
    ) -> Outcome:
        """Judge a request.

        Args:
            pairs: the parameters, decoded, in their order.
            owner: the open session of whoever's browser it is.
            issuer: us, by the name of the tenant that the app uses.
            asked_at: when the request first came, if the person was sent to sign in for it since.
            here: the device they sit at.
        """
        try:
            received = receive_authorization(pairs)
            app = await self.store.apps.get(tenant.id, AppId(received.client_id))
            if app is None or not app.enabled:
                raise UnknownClient("there is no such app in this tenant")
            request = parse_authorization(received, app.redirect_uris, api_scopes=self._api_scopes(app))
        except UnsafeToRedirect as error:
            return NotSafe(error.code, str(error))
        except AuthorizationError as error:
            return _error(error.reply_to, error.error, error.description, issuer)
        if not await self._publishes(tenant, request.claims.contexts):
            # To leave one out would give the app a token that it takes for a stronger one, or an endless step-up.
            return _error(
                request.reply_to,
                "unmet_authentication_requirements",
                "an authentication context is asked for that is not published",
                issuer,
            )
        if owner is not None and self._is_recent_enough(request, owner.session, asked_at):
            if await self.duty.holds(owner):
                return _held(request, RegisterFirst(app), issuer)
            if await self.duty.is_asked_now(owner, here, self.clock.now()):
                first = RegisterFirst(app, on_this_device=True)
                # A session that goes on may be too old to register anything with.
                fresh = owner.session.is_fresh(self.clock.now())
                return _held(request, first if fresh else SignInFirst(app, owner.user.username), issuer)
            return await self._under_policy(request, app, owner, visitor, issuer, asked_at)
        if Prompt.NONE in request.prompts:
            return _error(request.reply_to, "login_required", "the person must sign in", issuer)
        return SignInFirst(app, request.login_hint)

    async def _under_policy(
        self,
        request: AuthorizationRequest,
        app: App,
        owner: SessionOwner,
        visitor: Visitor,
        issuer: str,
        asked_at: datetime | None,
    ) -> Outcome:
        ruling = await self.gate.of_session(owner, visitor, app_target(app.id, request.claims.contexts))
        if ruling.code is None:
            if request.claims.acr and owner.session.acr not in request.claims.acr:
                return await self._without_the_acr(request, app, owner, visitor, issuer, asked_at)
            code = self._code(request, owner, visitor)
            return Reply(request.reply_to, code_parameters(request.reply_to, code, issuer))
        refused = await self._trail(app, owner, visitor).refuse_access(ruling)
        if Prompt.NONE in request.prompts:
            if ruling.blocks:
                return _error(request.reply_to, "access_denied", "the organisation's policies forbid it", issuer)
            return _error(request.reply_to, "interaction_required", "the organisation's policies are not met", issuer)
        return await self._what_helps(request, app, owner, visitor, asked_at, Denied(refused, ruling))

    async def _publishes(self, tenant: Tenant, contexts: tuple[str, ...]) -> bool:
        if not contexts:
            return True
        rules = (await self.gate.in_force(tenant.id)).rules
        return {one.id for one in rules.contexts if one.available}.issuperset(contexts)

    def _trail(self, app: App, owner: SessionOwner, visitor: Visitor) -> Trail:
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, app.tenant_id, visitor, now, Purpose.AUTHORIZE, Method.NONE)
        trail.user_id, trail.username, trail.app_id = owner.user.id, owner.user.username, app.id
        return trail

    async def _without_the_acr(
        self,
        request: AuthorizationRequest,
        app: App,
        owner: SessionOwner,
        visitor: Visitor,
        issuer: str,
        asked_at: datetime | None,
    ) -> Outcome:
        """Another sign-in may bring it; OpenID Connect Core §5.5.1.1: otherwise it is "a failed authentication attempt"."""
        is_for_this = asked_at is not None and owner.session.signed_in_at >= asked_at
        if Prompt.NONE not in request.prompts and not is_for_this:
            return SignInFirst(app, owner.user.username)
        await self._trail(app, owner, visitor).refuse("unmet_authentication_requirements")
        return _error(
            request.reply_to,
            "unmet_authentication_requirements",
            "the sign-in has none of the acr values that are asked for",
            issuer,
        )

    async def _what_helps(
        self,
        request: AuthorizationRequest,
        app: App,
        owner: SessionOwner,
        visitor: Visitor,
        asked_at: datetime | None,
        denied: Denied,
    ) -> Outcome:
        """Another sign-in, a first passkey, terms to be accepted, another password, or nothing: never a circle."""
        session = owner.session
        if not denied.ruling.decision.can_be_met:
            return denied
        if denied.ruling.only_terms:
            return AcceptFirst(app)
        if denied.ruling.change_password:
            return ChangePasswordFirst(app)
        again = SignInFirst(app, owner.user.username)
        if asked_at is None or session.signed_in_at < asked_at:
            return again
        # This very sign-in was made for the request and does not do. With a passkey that was not used it could.
        if session.used(Method.PASSKEY):
            return denied
        if await self.store.passkeys.of_user(app.tenant_id, owner.user.id):
            return again
        registering = await self.gate.of_session(owner, visitor, REGISTRATION)
        return RegisterFirst(app) if registering.code is None else denied

    def _api_scopes(self, app: App) -> dict[str, tuple[str, ...]]:
        """What *app* may ask for of our API: by name, by name behind the API's address, or all it was granted.

        What it was not granted is not there to be asked for, however the app asks.
        """
        granted = app.delegated_permissions
        named = {name: (name,) for name in granted}
        return (
            named
            | {f"{self.relying_party.api}/{name}": (name,) for name in granted}
            | {f"{self.relying_party.api}/.default": granted}
        )

    def _is_recent_enough(self, request: AuthorizationRequest, session: Session, asked_at: datetime | None) -> bool:
        # A sign-in made for this very request satisfies whatever it asks.
        if asked_at is not None and session.signed_in_at >= asked_at:
            return True
        if request.prompts & {Prompt.LOGIN, Prompt.SELECT_ACCOUNT}:
            return False
        return request.max_age is None or self.clock.now() - session.signed_in_at <= request.max_age

    def _code(self, request: AuthorizationRequest, owner: SessionOwner, visitor: Visitor) -> str:
        now = self.clock.now()
        code = AuthorizationCode(
            id=GrantId(self.entropy.new_id(now)),
            session_id=owner.session.id,
            app_id=AppId(request.client_id),
            redirect_uri_digest=redirect_uri_digest(request.redirect_uri),
            code_challenge=request.code_challenge,
            scopes=request.scopes,
            nonce=request.nonce,
            expires_at=now + CODE_LIFETIME,
            address=visitor.address,
            platform=platform_of(visitor.user_agent) or "",
            contexts=request.claims.contexts,
            capabilities=request.claims.capabilities,
        )
        sealed = self.sealer.seal(CODE_SEAL, code.to_bytes(), bound_to=owner.user.tenant_id.encode())
        return b64url_encode(sealed)


def _held(request: AuthorizationRequest, first: RegisterFirst | SignInFirst, issuer: str) -> Outcome:
    if Prompt.NONE in request.prompts:
        return _error(request.reply_to, "interaction_required", "the person must register a passkey first", issuer)
    return first


def _error(reply_to: ReplyTo, error: str, description: str, issuer: str) -> Reply:
    return Reply(reply_to, error_parameters(reply_to, error, description, issuer), error)
