"""An app asks that the person be signed out (OpenID Connect RP-Initiated Logout)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from keystead_core.jose.errors import JoseError
from keystead_core.oidc.claims import ID_TOKEN_TYPE
from keystead_core.oidc.errors import UnsafeToRedirect
from keystead_core.oidc.logout import ReceivedLogout, client_of, parse_logout, receive_logout

from keystead_server.domain.ids import AppId
from keystead_server.domain.tenant import Tenant
from keystead_server.ports.changes import CloseSession
from keystead_server.ports.clock import Clock
from keystead_server.ports.signer import Signer
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Attributes:
    return_to: an address the app registered, with its state; None to stay with us.
    """

    return_to: str | None


@dataclass(frozen=True, slots=True)
class AskThePerson:
    """Nothing proves that an app of this session asks: the person must confirm."""

    return_to: str | None


@dataclass(frozen=True, slots=True)
class NotSafe:
    code: str
    detail: str


Outcome: TypeAlias = SignedOut | AskThePerson | NotSafe


@dataclass(frozen=True, slots=True)
class EndSession:
    store: Store
    clock: Clock
    signer: Signer

    async def __call__(
        self, tenant: Tenant, pairs: Iterable[tuple[str, str]], owner: SessionOwner | None, *, confirmed: bool
    ) -> Outcome:
        """Judge a logout request.

        Without an ID token of this very session, any page could sign people out by a link;
        then *confirmed* must say that the person agreed.
        """
        try:
            received = receive_logout(pairs)
            audience, session = self._hint(received)
            client_id = client_of(received, hinted_client_id=audience)
            registered: tuple[str, ...] = ()
            if client_id is not None:
                app = await self.store.apps.get(tenant.id, AppId(client_id))
                registered = () if app is None else app.post_logout_redirect_uris
            request = parse_logout(received, client_id, registered)
        except UnsafeToRedirect as error:
            return NotSafe(error.code, str(error))
        if owner is None:
            return SignedOut(request.return_to)
        if session != owner.session.id and not confirmed:
            return AskThePerson(request.return_to)
        await self.store.write(CloseSession(tenant.id, owner.session.id, self.clock.now()))
        return SignedOut(request.return_to)

    def _hint(self, received: ReceivedLogout) -> tuple[str | None, str | None]:
        """Client and session of the ID token, which may have expired (§2), or nothing when it is not ours."""
        if received.id_token_hint is None:
            return None, None
        try:
            claims = self.signer.verify(received.id_token_hint, typ=ID_TOKEN_TYPE)
        except JoseError:
            return None, None
        return str(claims.get("aud")), str(claims.get("sid"))
