"""Every endpoint of the server."""

from keystead_server.http import operations, well_known
from keystead_server.http.devices.routes import ROUTES as DEVICES
from keystead_server.http.graph.routes import ROUTES as GRAPH
from keystead_server.http.oidc.routes import ROUTES as OIDC
from keystead_server.http.pages.routes import ROUTES as PAGES
from keystead_server.http.route import Route


def routes() -> tuple[Route, ...]:
    described = operations.ROUTES + well_known.ROUTES + OIDC + GRAPH + DEVICES + PAGES
    return described + operations.describing(described)
