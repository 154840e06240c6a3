"""`policies/authenticationMethodsPolicy`: what may be used to sign in, passkeys and all other methods.

We keep two documents, each with its versions: the passkey policy is Graph's configuration `fido2`,
the methods policy is all the others and what holds for all of them. Both are shown as Graph's one.
A PATCH replaces the properties that it names, in the version it was read from; a DELETE of a
configuration brings back what an organisation begins with.
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from keystead_server.domain import policy_document
from keystead_server.domain.invalid import Invalid
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import list_of, list_page, named, no_content, object_of, query_of, single
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE, refused
from keystead_server.http.problems import Problem, Refuse
from keystead_server.policy.methods import document as methods
from keystead_server.policy.methods.model import FIRST_METHODS
from keystead_server.policy.passkeys import document as passkeys
from keystead_server.policy.passkeys.model import FIRST_POLICY

_CONFIGURATIONS = "authenticationMethodConfigurations"
_CONTEXT = f"policies/authenticationMethodsPolicy/{_CONFIGURATIONS}"
_FIDO2 = "Fido2"
_PROFILES = "passkeyProfiles"
_PROPERTIES = frozenset(
    {
        "id", "displayName", "description", "lastModifiedDateTime", "policyVersion", "policyMigrationState",
        "registrationEnforcement", "systemCredentialPreferences", _CONFIGURATIONS, "keystead",
    }
)  # fmt: skip
_CONFIGURATION_PROPERTIES = frozenset(
    {
        "id", "state", "isSelfServiceRegistrationAllowed", "includeTargets", "excludeTargets", "passkeyProfiles",
        "profileCombination", "defaultPasskeyProfile", "defaultLifetimeInMinutes", "minimumLifetimeInMinutes",
        "maximumLifetimeInMinutes", "defaultLength", "isUsableOnce",
    }
)  # fmt: skip
COLLECTION = Collection(_CONFIGURATION_PROPERTIES, {"id": Kind.TEXT, "state": Kind.TEXT}, ("id",))
SECURITY_DEFAULTS = "isSecurityDefaultsEnabled"
# What the methods policy has beside its configurations: Graph's, and ours, which stand under `keystead`.
_OF_ALL = ("registrationEnforcement", "systemCredentialPreferences")
_OURS = (SECURITY_DEFAULTS, "arePasswordsForbidden", "retireWeakerMethodsOnPasskey")


# -- reading -----------------------------------------------------------------------------------------


async def show(call: Call) -> Response:
    policies, tenant = call.services.store.policies, call.tenant
    about_passkeys = await policies.current(tenant.id, policy_document.PASSKEYS)
    about_methods = await policies.current(tenant.id, policy_document.METHODS)
    written = [each for each in (about_passkeys, about_methods) if each is not None]
    _, body = await methods_of(call)
    entity: Entity = {
        "id": "authenticationMethodsPolicy",
        "displayName": "Authentication Methods Policy",
        "description": "What may be used to sign in to this organisation, and by whom.",
        "lastModifiedDateTime": max([tenant.created_at, *(each.changed_at for each in written)]),
        "policyVersion": ".".join(str(each.version if each else 0) for each in (about_passkeys, about_methods)),
        "policyMigrationState": "migrationComplete",
        **{name: body[name] for name in _OF_ALL},
        _CONFIGURATIONS: await _all(call),
        "keystead": {name: body[name] for name in _OURS},
    }
    return single(call, "policies/authenticationMethodsPolicy", entity, _PROPERTIES)


async def list_configurations(call: Call) -> Response:
    rows = sorted(await _all(call), key=_id)
    return await list_page(call, _CONTEXT, query_of(call, COLLECTION), list_of(rows, _id, lambda each: each))


async def get_configuration(call: Call) -> Response:
    wanted = _configuration_name(call)
    entity = next(each for each in await _all(call) if each["id"] == wanted)
    return single(call, _CONTEXT, entity, _CONFIGURATION_PROPERTIES)


async def _all(call: Call) -> list[Entity]:
    _, about_passkeys = await _passkeys(call)
    _, about_methods = await methods_of(call)
    default = {"defaultPasskeyProfile": next((each["id"] for each in about_passkeys["passkeyProfiles"]), None)}
    return [{**about_passkeys, **default}, *about_methods[_CONFIGURATIONS]]


async def _passkeys(call: Call) -> tuple[int, dict[str, Any]]:
    written = await call.services.store.policies.current(call.tenant.id, policy_document.PASSKEYS)
    if written is None:
        return 0, passkeys.to_json(FIRST_POLICY)
    return written.version, passkeys.to_json(passkeys.from_text(written.body))


async def methods_of(call: Call) -> tuple[int, dict[str, Any]]:
    """The methods policy in Graph's form, and its version."""
    written = await call.services.store.policies.current(call.tenant.id, policy_document.METHODS)
    if written is None:
        return 0, methods.to_json(FIRST_METHODS)
    return written.version, methods.to_json(methods.from_text(written.body))


def _id(entity: Entity) -> str:
    return str(entity["id"])


def _configuration_name(call: Call) -> str:
    """A configuration's id as we write it; Graph does not mind capitals."""
    asked = named(call, "configuration").lower()
    for known in (_FIDO2, *methods.IDS.values()):
        if known.lower() == asked:
            return known
    raise Refuse(NOT_THERE)


# -- writing -----------------------------------------------------------------------------------------


async def change(call: Call) -> Response:
    """What holds for all methods; a configuration has an address of its own."""
    version, body = await methods_of(call)
    for name, value in _without_annotations(object_of(call)).items():
        if name == "keystead" and isinstance(value, dict) and set(value) <= set(_OURS):
            body |= value
        elif name in _OF_ALL:
            body[name] = _merged(body[name], value)
        elif name not in ("id", "policyMigrationState") or value != {"id": body["id"]}.get(name, "migrationComplete"):
            raise Refuse(Problem(400, "property_unknown", f"{name[:64]!r} cannot be written here.", target=name[:64]))
    return await save_methods(call, body, version)


async def change_configuration(call: Call) -> Response:
    name = _configuration_name(call)
    given = _without_annotations(object_of(call))
    if str(given.pop("id", name)).lower() != name.lower():
        raise Refuse(Problem(400, "property_malformed", "The body is of another configuration.", target="id"))
    if name == _FIDO2:
        version, body = await _passkeys(call)
        # Shown because Graph has it; it follows from the profiles and is not kept.
        given.pop("defaultPasskeyProfile", None)
        if isinstance(given.get(_PROFILES), list):
            given[_PROFILES] = _completed(body[_PROFILES], given[_PROFILES])
        return await _save_passkeys(call, {**body, **given}, version)
    version, body = await methods_of(call)
    changed = [{**each, **given} if each["id"] == name else each for each in body[_CONFIGURATIONS]]
    return await save_methods(call, {**body, _CONFIGURATIONS: changed}, version)


async def reset_configuration(call: Call) -> Response:
    name = _configuration_name(call)
    if name == _FIDO2:
        version, _ = await _passkeys(call)
        return await _save_passkeys(call, passkeys.to_json(FIRST_POLICY), version)
    version, body = await methods_of(call)
    first = {each["id"]: each for each in methods.to_json(FIRST_METHODS)[_CONFIGURATIONS]}
    changed = [first[name] if each["id"] == name else each for each in body[_CONFIGURATIONS]]
    return await save_methods(call, {**body, _CONFIGURATIONS: changed}, version)


async def _save_passkeys(call: Call, body: Mapping[str, Any], version: int) -> Response:
    try:
        policy = passkeys.from_json(dict(body))
        await call.services.save_passkey_policy(call.tenant.id, policy, by=call.actor, expected=version)
    except Invalid as invalid:
        raise refused(invalid) from None
    return no_content(call)


async def save_methods(call: Call, body: Mapping[str, Any], version: int) -> Response:
    try:
        policy = methods.from_json(dict(body))
        await call.services.save_methods_policy(call.tenant.id, policy, by=call.actor, expected=version)
    except Invalid as invalid:
        raise refused(invalid) from None
    return no_content(call)


def _completed(before: list[dict[str, Any]], given: list[Any]) -> list[Any]:
    """Profiles as given, each with what it does not mention as it was.

    A client that knows only Graph's properties would otherwise take `minimumProof` and the like out of
    every profile that it sends back; Microsoft's own, which reads flags and does not write them, the types.
    """
    known = {each["id"]: each for each in before}
    return [_merged(known.get(str(each.get("id"))), each) if isinstance(each, dict) else each for each in given]


def _without_annotations(value: Any) -> Any:
    """*value* without what says only what type a thing is; Microsoft's clients say it of every object."""
    match value:
        case dict():
            return {name: _without_annotations(each) for name, each in value.items() if "@odata." not in name}
        case list():
            return [_without_annotations(each) for each in value]
        case _:
            return value


def _merged(before: Any, given: Any) -> Any:
    """Objects property by property, anything else as it was given."""
    if isinstance(before, dict) and isinstance(given, dict):
        return {**before, **{name: _merged(before.get(name), each) for name, each in given.items()}}
    return given
