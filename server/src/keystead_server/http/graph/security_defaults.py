"""`policies/identitySecurityDefaultsEnforcementPolicy`: Graph's door to what we keep in the methods policy.

The same switch as `keystead.isSecurityDefaultsEnabled` of `policies/authenticationMethodsPolicy`, so both
addresses say the same and are refused for the same reasons.
"""

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.graph.answers import body_of, single, wanted
from keystead_server.http.graph.methods_policy import SECURITY_DEFAULTS, methods_of, save_methods
from keystead_server.http.problems import Problem, Refuse

_CONTEXT = "policies/identitySecurityDefaultsEnforcementPolicy"
_PROPERTIES = frozenset({"id", "displayName", "description", "isEnabled"})
# As in every tenant of Graph.
_ID = "00000000-0000-0000-0000-000000000005"


async def show(call: Call) -> Response:
    _, methods = await methods_of(call)
    entity = {
        "id": _ID,
        "displayName": "Security Defaults",
        "description": "Everybody is asked for a passkey before anything else, and administrators for a sign-in with it.",
        "isEnabled": methods[SECURITY_DEFAULTS],
    }
    return single(call, _CONTEXT, entity, _PROPERTIES)


async def change(call: Call) -> Response:
    given = body_of(call, "id", "isEnabled")
    if given.get("id", _ID) != _ID:
        raise Refuse(Problem(400, "property_malformed", "The body is of another policy.", target="id"))
    enabled = wanted(given, "isEnabled", bool)
    if enabled is None:
        raise Refuse(Problem(400, "property_malformed", "isEnabled is true or false.", target="isEnabled"))
    version, methods = await methods_of(call)
    return await save_methods(call, {**methods, SECURITY_DEFAULTS: enabled}, version)
