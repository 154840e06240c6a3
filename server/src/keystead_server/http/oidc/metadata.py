"""What an app reads before it asks: discovery and keys."""

from keystead_core.oidc.discovery import Endpoints, provider_metadata
from msgspec.json import encode
from starlette.responses import Response

from keystead_server.http.call import Call

ACR_VALUES = ("phrh", "phr", "mfa")
# Long enough to spare a request for each sign-in, short enough that a new key is seen soon.
_CACHE = {"cache-control": "public, max-age=300", "access-control-allow-origin": "*"}


def endpoints(call: Call) -> Endpoints:
    """Addresses by the tenant's name or id, whichever the app uses: the issuer must be what it was configured with."""
    return Endpoints(call.services.relying_party.public_url, call.path["tenant"])


async def discovery(call: Call) -> Response:
    rules = (await call.services.access_gate.in_force(call.tenant.id)).rules
    contexts = sorted((one.id for one in rules.contexts if one.available), key=lambda one: int(one[1:]))
    document = provider_metadata(endpoints(call), acr_values=(*ACR_VALUES, *contexts))
    return Response(encode(document), media_type="application/json", headers=_CACHE)


async def keys(call: Call) -> Response:
    return Response(encode(call.services.signer.jwks()), media_type="application/json", headers=_CACHE)
