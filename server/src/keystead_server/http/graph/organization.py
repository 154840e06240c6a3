"""`organization`: the tenant that the token is for, and no other."""

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.graph.answers import list_of, list_page, named, query_of, single
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE
from keystead_server.http.problems import Refuse

_PROPERTIES = frozenset({"id", "displayName", "createdDateTime", "tenantType", "keystead"})
COLLECTION = Collection(_PROPERTIES, {}, ("id",))


def _entity(call: Call) -> Entity:
    tenant = call.tenant
    return {
        "id": tenant.id,
        "displayName": tenant.display_name,
        "createdDateTime": tenant.created_at,
        "tenantType": "AAD",
        "keystead": {"name": tenant.name, "issuer": call.services.relying_party.issuer(tenant.name)},
    }


async def list_organizations(call: Call) -> Response:
    source = list_of([call.tenant], lambda tenant: tenant.id, lambda _: _entity(call))
    return await list_page(call, "organization", query_of(call, COLLECTION), source)


async def get_organization(call: Call) -> Response:
    if named(call, "organization") != call.tenant.id:
        raise Refuse(NOT_THERE)
    return single(call, "organization", _entity(call), _PROPERTIES)
