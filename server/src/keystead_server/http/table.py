"""Every endpoint of the server."""

from keystead_server.http import operations
from keystead_server.http.oidc.routes import ROUTES as OIDC
from keystead_server.http.pages.routes import ROUTES as PAGES
from keystead_server.http.route import Route


def routes() -> tuple[Route, ...]:
    return operations.ROUTES + OIDC + PAGES + operations.describing(operations.ROUTES + OIDC + PAGES)
