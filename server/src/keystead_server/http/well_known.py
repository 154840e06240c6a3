"""Addresses that browsers and password managers look for on the relying party's host."""

from msgspec.json import encode
from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.route import BROWSING, Access, Face, Route

_CACHE = {"cache-control": "public, max-age=3600"}


async def related_origins(call: Call) -> Response:
    """Whose pages may use the passkeys of this host (WebAuthn L3 §5.11.1); browsers ask before they let them."""
    body = {"origins": sorted(call.services.relying_party.origins)}
    return Response(encode(body), media_type="application/json", headers=_CACHE)


async def passkey_endpoints(call: Call) -> Response:
    """Where passkeys are added and looked after (W3C, A Well-Known URL for Passkey Endpoints)."""
    public_url = call.services.relying_party.public_url
    tenants = await call.services.store.tenants.all()
    # With several organisations only the person knows which: the start page asks.
    account = f"{public_url}/{tenants[0].name}/account" if len(tenants) == 1 else f"{public_url}/"
    enrol = f"{account}/passkeys/new" if len(tenants) == 1 else account
    return Response(encode({"enroll": enrol, "manage": account}), media_type="application/json", headers=_CACHE)


ROUTES = (
    Route(
        "GET", "/.well-known/webauthn", related_origins, "Origins whose pages may use this host's passkeys",
        Access.PUBLIC, BROWSING, Face.JSON,
    ),
    Route(
        "GET", "/.well-known/passkey-endpoints", passkey_endpoints, "Where passkeys are added and looked after",
        Access.PUBLIC, BROWSING, Face.JSON,
    ),
)  # fmt: skip
