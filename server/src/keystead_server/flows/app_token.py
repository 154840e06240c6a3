"""Give an app a token for itself (RFC 6749 §4.4): it proves who it is, and nobody is there.

What the token lets it do is what an administrator granted the app, and is looked at again at each
use (`api_access`). Each token has its row in the sign-in log, under the token's id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from keystead_core.oidc.claims import ACCESS_TOKEN_TYPE, Issue, app_token_claims
from keystead_core.oidc.client_auth import parse_client_authentication
from keystead_core.oidc.errors import InvalidClient, InvalidScope, TokenError, UnauthorizedClient
from keystead_core.oidc.token_request import ClientCredentialsGrant, parse_client_credentials

from keystead_server.domain.app import App
from keystead_server.domain.session import ACCESS_TOKEN_LIFETIME
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.app_credentials import TokenRefused, authenticated_app, refused, without_client
from keystead_server.flows.attempts import start_trail
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.ports.changes import Add
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.signer import Signer
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class AppTokens:
    access_token: str
    expires_in_seconds: int


Outcome: TypeAlias = AppTokens | TokenRefused


class _NotLetIn(UnauthorizedClient):
    """Conditional Access keeps this app out; no prompt could help it."""

    def __init__(self, code: str) -> None:
        super().__init__("the organisation's policies do not let this app in")
        self.reason = code


@dataclass(frozen=True, slots=True)
class AppToken:
    store: Store
    clock: Clock
    entropy: Entropy
    signer: Signer
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
        """Judge a client credentials request; the arguments are as for `redeem_code`."""
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.APP, Method.NONE)
        try:
            presented = parse_client_authentication(authorization, body)
            request = parse_client_credentials(without_client(body))
            app = await authenticated_app(self.store, tenant, presented)
            trail.app_id = app.id
            self._check(app, request)
            ruling = await self.gate.of_app(app, visitor)
            trail.access = ruling.record
            if ruling.code is not None:
                raise _NotLetIn(ruling.code)
        except TokenError as error:
            return await refused(trail, error, error.reason if isinstance(error, _NotLetIn) else None)
        await self.store.write(Add(trail.granted()))
        claims = app_token_claims(
            Issue(issuer, app.id, now, ACCESS_TOKEN_LIFETIME), tenant=tenant.id, audience=self.relying_party.api,
            roles=app.application_permissions, token_id=trail.id,
        )  # fmt: skip
        token = self.signer.sign("ES256", ACCESS_TOKEN_TYPE, claims)
        return AppTokens(token, int(ACCESS_TOKEN_LIFETIME.total_seconds()))

    def _check(self, app: App, request: ClientCredentialsGrant) -> None:
        # §4.4: "The client credentials grant type MUST only be used by confidential clients."
        if app.is_public:
            raise InvalidClient("an app without a secret cannot ask for itself")
        if not app.application_permissions:
            raise UnauthorizedClient("nobody has granted this app anything that it may do by itself")
        if request.scope != f"{self.relying_party.api}/.default":
            raise InvalidScope(f"scope must be {self.relying_party.api}/.default")
