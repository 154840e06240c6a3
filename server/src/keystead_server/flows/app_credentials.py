"""Which app is at the token endpoint, by its name and secret; and how a request there is refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from hmac import compare_digest

from keystead_core.oidc.client_auth import AuthenticationMethod, PresentedClient
from keystead_core.oidc.errors import InvalidClient, TokenError

from keystead_server.domain.app import App, secret_digest
from keystead_server.domain.ids import AppId
from keystead_server.domain.tenant import Tenant
from keystead_server.flows.attempts import Trail
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """Attributes:
    error: RFC 6749 §5.2; what the app is told.
    code: stable; what the log says.
    """

    error: str
    description: str
    status: int
    code: str


async def refused(trail: Trail, error: TokenError, reason: str | None = None) -> TokenRefused:
    """Record the request as refused; *reason* is the code for the log where it must say more than the app is told."""
    code = error.code if reason is None else reason
    await trail.refuse(code, error.description)
    return TokenRefused(error.error, error.description, error.status, code)


async def authenticated_app(store: Store, tenant: Tenant, presented: PresentedClient) -> App:
    """The app that *presented* names, if it is one that may say so.

    Raises:
        InvalidClient: there is none, it is switched off, or its secret is missing or wrong.
    """
    app = await store.apps.get(tenant.id, AppId(presented.client_id))
    if app is None or not app.enabled:
        raise InvalidClient("the app is not known, or its secret is wrong")
    if presented.method is AuthenticationMethod.NONE:
        # The secret and PKCE are independent: an app that has a secret must show it.
        if not app.is_public:
            raise InvalidClient("this app must authenticate with its secret")
    elif not _is_secret_of(app, presented.secret or ""):
        raise InvalidClient("the app is not known, or its secret is wrong")
    return app


def without_client(body: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in body if name not in ("client_id", "client_secret")]


def _is_secret_of(app: App, secret: str) -> bool:
    presented = secret_digest(secret)
    # Every digest is compared, so that time tells nothing about which one matched.
    return any([compare_digest(kept, presented) for kept in app.secret_digests])  # noqa: C419
