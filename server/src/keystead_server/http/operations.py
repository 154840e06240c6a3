"""For whoever runs the server: is it up, and what does it offer."""

from collections.abc import Iterable
from importlib.metadata import version

from msgspec.json import encode
from starlette.responses import Response

from keystead_server.http import openapi
from keystead_server.http.call import Call
from keystead_server.http.route import BROWSING, UNLIMITED, Access, Face, Route


async def healthz(call: Call) -> Response:
    """Asks the database, so that a server which could sign nobody in is not called healthy."""
    await call.services.store.ping()
    return Response(encode({"status": "ok"}), media_type="application/json")


ROUTES = (
    Route(
        "GET", "/healthz", healthz, "Whether the server and its database answer",
        Access.PUBLIC, UNLIMITED, Face.JSON, answers={200: "Both answer", 503: "The database does not"},
    ),
)  # fmt: skip


def describing(routes: Iterable[Route]) -> tuple[Route, ...]:
    """The route that serves the OpenAPI document of *routes*."""
    described = tuple(routes)

    async def describe(call: Call) -> Response:
        document = openapi.document(
            described, public_url=call.services.relying_party.public_url, version=version("keystead-server")
        )
        return Response(encode(document), media_type="application/json")

    return (
        Route(
            "GET", "/openapi.json", describe, "This server's OpenAPI 3.1 document", Access.PUBLIC, BROWSING, Face.JSON
        ),
    )
