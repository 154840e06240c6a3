"""Microsoft's own client, unmodified: only told where our API is and which token to send."""

from typing import Any

import httpx
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory


class _Held(AccessTokenProvider):
    def __init__(self, token: str) -> None:
        self._token = token

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        return self._token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator([])


def client_at(token: str, base_url: str) -> GraphServiceClient:
    """Over the network."""
    return _pointed_at(base_url, GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(_Held(token))))


def client_of(application: Any, token: str, base_url: str, *, address: str = "192.0.2.9") -> GraphServiceClient:
    """Straight into an ASGI application."""
    plain = httpx.AsyncClient(transport=httpx.ASGITransport(app=application, client=(address, 40000)))
    # With all that it does to its own client's requests, such as making /me of what it calls otherwise.
    http = GraphClientFactory.create_with_default_middleware(client=plain, options=options)
    held = BaseBearerTokenAuthenticationProvider(_Held(token))
    return _pointed_at(base_url, GraphRequestAdapter(held, client=http))


def _pointed_at(base_url: str, adapter: GraphRequestAdapter) -> GraphServiceClient:
    adapter.base_url = base_url
    return GraphServiceClient(request_adapter=adapter)
