"""`authenticationStrength/authenticationMethodModes`: every method that a combination may be made of."""

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.graph.access_items import STRENGTHS
from keystead_server.http.graph.answers import in_order, list_page, named, query_of, single
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE
from keystead_server.http.problems import Refuse
from keystead_server.policy.strengths.model import MethodMode
from keystead_server.policy.strengths.words import METHOD_WORDS

_CONTEXT = f"{STRENGTHS.context.removesuffix('/policies')}/authenticationMethodModes"
_FIELDS = {"id": Kind.TEXT, "displayName": Kind.TEXT, "authenticationMethod": Kind.TEXT}
COLLECTION = Collection(frozenset(_FIELDS), _FIELDS, ("id",), countable=True)
# Graph's `baseAuthenticationMethod`, where it is called otherwise than the mode.
_METHODS = {
    MethodMode.AUTHENTICATOR_PUSH: "microsoftAuthenticator",
    MethodMode.DEVICE_BASED_PUSH: "microsoftAuthenticator",
    MethodMode.PASS_ONE_TIME: "temporaryAccessPass",
    MethodMode.PASS_MULTI_USE: "temporaryAccessPass",
    MethodMode.CERTIFICATE_SINGLE_FACTOR: "x509Certificate",
    MethodMode.CERTIFICATE_MULTI_FACTOR: "x509Certificate",
    MethodMode.FEDERATED_SINGLE_FACTOR: "federation",
    MethodMode.FEDERATED_MULTI_FACTOR: "federation",
}


async def list_modes(call: Call) -> Response:
    query = query_of(call, COLLECTION)
    return await list_page(call, _CONTEXT, query, in_order(list(MethodMode), query, {"id": lambda one: [one]}, _shown))


async def get_mode(call: Call) -> Response:
    wanted = named(call, "mode").casefold()
    for mode in MethodMode:
        if mode.casefold() == wanted:
            return single(call, _CONTEXT, _shown(mode), COLLECTION.properties)
    raise Refuse(NOT_THERE)


def _shown(mode: MethodMode) -> Entity:
    words = METHOD_WORDS[mode]
    name = f"{words[:1].upper()}{words[1:]}"
    return {"id": mode.value, "displayName": name, "authenticationMethod": _METHODS.get(mode, mode.value)}
