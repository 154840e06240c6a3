"""An app that uses our API: with a person's token or its own, by plain HTTP or through Microsoft's SDK."""

from collections.abc import Coroutine
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
from keystead_server.domain.actor import OPERATOR
from keystead_server.flows.app_token import AppTokens
from keystead_server.flows.manage_app import RegisteredApp
from keystead_server.ports.store import SessionOwner

from keystead_testkit.loop import run
from keystead_testkit.office import Office

if TYPE_CHECKING:
    from msgraph.graph_service_client import GraphServiceClient

T = TypeVar("T")
BASE = "/graph/v1.0"


class ApiCaller:
    """One app, holding one token."""

    def __init__(self, office: Office, token: str, *, address: str = "192.0.2.9") -> None:
        self.office = office
        self.token = token
        self._browser = office.http(address=address)

    @cached_property
    def sdk(self) -> "GraphServiceClient":
        """Microsoft's client, speaking to this office's server without a network."""
        # Here, because importing it takes seconds that most tests need not wait for.
        from keystead_testkit.graph_sdk import client_of

        return client_of(self._browser.application, self.token, f"{self.office.config.public_url}{BASE}")

    def call(self, work: Coroutine[Any, Any, T | None]) -> T:
        """What the SDK's *work* gives, which must be something."""
        self.office.advance(milliseconds=1)
        found = run(work)
        assert found is not None
        return found

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let the SDK do *work* that gives nothing."""
        self.office.advance(milliseconds=1)
        run(work)

    def send(self, method: str, path: str, **rest: Any) -> httpx2.Response:
        """Exactly this request, with the token; *path* follows the API's address."""
        self.office.advance(milliseconds=1)
        headers = {"authorization": f"Bearer {self.token}", **rest.pop("headers", {})}
        return self._browser.send(method, path if path.startswith("/graph") else BASE + path, headers=headers, **rest)

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.send("GET", path, headers=headers)


def permitted_app(
    office: Office, *, delegated: tuple[str, ...] = (), application: tuple[str, ...] = (), **how: Any
) -> RegisteredApp:
    """An app that was granted these permissions."""
    registered = office.app(**how)
    office.advance(milliseconds=1)
    app = run(
        office.services.manage_app.set_permissions(
            registered.app, delegated=delegated, application=application, by=OPERATOR
        )
    )
    return RegisteredApp(app, registered.secret)


def app_alone(office: Office, *permissions: str, **how: Any) -> ApiCaller:
    """An app with a token of its own, good for *permissions*."""
    return ApiCaller(office, own_token(office, permitted_app(office, application=permissions, **how)))


def own_token(office: Office, app: RegisteredApp, **changes: str | None) -> str:
    outcome = ask_for_itself(office, app, **changes)
    assert isinstance(outcome, AppTokens), outcome
    return outcome.access_token


def ask_for_itself(office: Office, app: RegisteredApp, **changes: str | None) -> Any:
    office.advance(milliseconds=1)
    sent = {
        "grant_type": "client_credentials", "client_id": app.app.id, "client_secret": app.secret,
        "scope": f"{office.services.relying_party.api}/.default",
    } | changes  # fmt: skip
    tenant = run(office.store.tenants.by_name(app.app.tenant_id))
    assert tenant is not None
    body = [(name, value) for name, value in sent.items() if value is not None]
    return run(office.services.app_token(tenant, office.visitor(b""), [], body, issuer=office.issuer(tenant)))


def for_person(office: Office, owner: SessionOwner, *permissions: str) -> ApiCaller:
    """An app with a token for *owner*, good for *permissions* as far as they are."""
    app = permitted_app(office, delegated=permissions)
    return ApiCaller(office, office.tokens(app, owner, scope=" ".join(["openid", *permissions])).access_token)
