"""The way in: from the bare address to an organisation, and what its container asks about us."""

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.pages.next_page import printable
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.pages.sign_in import json


async def root(call: Call) -> Response:
    tenants = await call.services.store.tenants.all()
    if len(tenants) == 1:
        return see_other(f"/{tenants[0].name}/account")
    typed = printable(call.query("organisation")).strip()
    # Only a name that we know becomes part of an address.
    found = next((t for t in tenants if typed.casefold() in (t.name, t.display_name.casefold())), None)
    if found is not None:
        return see_other(f"/{found.name}/account")
    return page(call, "organisation.html", founded=bool(tenants), typed=typed, status=404 if typed else 200)


async def tenant_root(call: Call) -> Response:
    return see_other(f"/{call.tenant.name}/account")


async def well_known(call: Call) -> Response:
    """What a container must know to keep passkeys for us: our names, and the pages it may answer."""
    tenant, relying_party = call.tenant, call.services.relying_party
    return json(
        {
            "issuer": relying_party.issuer(tenant.name),
            "tenant": {"id": tenant.id, "name": tenant.name, "display_name": tenant.display_name},
            "rp_id": relying_party.rp_id,
            "origins": sorted(relying_party.origins),
            "name": relying_party.name,
        }
    )
