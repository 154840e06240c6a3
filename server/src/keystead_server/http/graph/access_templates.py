"""`identity/conditionalAccess/templates`: ready-made policies, to be looked at and posted to `policies`."""

from functools import cache

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.graph.answers import list_of, list_page, named, query_of, single
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE
from keystead_server.http.problems import Refuse
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.templates import TEMPLATES, Scenario, Template, body
from keystead_server.policy.access.writing import policy_to_json
from keystead_server.policy.strengths.model import BUILT_IN

_CONTEXT = "identity/conditionalAccess/templates"
_PROPERTIES = frozenset({"id", "name", "description", "scenarios", "details", "keystead"})
COLLECTION = Collection(_PROPERTIES, {"id": Kind.TEXT, "name": Kind.TEXT}, ("id",))
_DETAILS = ("conditions", "grantControls", "sessionControls")
# Graph's flags have no word for these.
_OURS = frozenset({Scenario.AI_AGENTS, Scenario.KEYSTEAD})


async def list_templates(call: Call) -> Response:
    rows = list_of(_every(), lambda row: str(row["id"]), lambda row: row)
    return await list_page(call, _CONTEXT, query_of(call, COLLECTION), rows)


async def get_template(call: Call) -> Response:
    wanted = named(call, "template").casefold()
    found = next((one for one in _every() if one["id"] == wanted), None)
    if found is None:
        raise Refuse(NOT_THERE)
    return single(call, _CONTEXT, found, _PROPERTIES)


@cache
def _every() -> tuple[Entity, ...]:
    return tuple(sorted(map(_template, TEMPLATES), key=lambda row: str(row["id"])))


def _template(one: Template) -> Entity:
    policy = policy_to_json(read_policy(body(one), new_id=one.id).policy, BUILT_IN)
    scenarios = sorted(each.value for each in one.scenarios - _OURS)
    return {
        "id": one.id,
        "name": one.name,
        "description": one.description,
        "scenarios": ",".join(scenarios) or "unknownFutureValue",
        "details": {name: policy[name] for name in _DETAILS},
        "keystead": {"scenarios": sorted(one.scenarios), "needs": one.needs},
    }
