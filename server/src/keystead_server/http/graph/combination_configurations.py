"""`combinationConfigurations` of an authentication strength: which authenticators or certificates count in a combination.

They are kept inside their strength, and each change of one is a change of the whole document, made on
what is there at that moment.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.graph.access_items import STRENGTHS, merged, rules_of
from keystead_server.http.graph.answers import body_of, in_order, list_page, named, no_content, query_of, single
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE
from keystead_server.http.problems import Problem, Refuse

_TYPE, _NAME = "@odata.type", "combinationConfigurations"
_KINDS = {
    "#microsoft.graph.fido2CombinationConfiguration": ("allowedAAGUIDs",),
    "#microsoft.graph.x509CertificateCombinationConfiguration": ("allowedIssuerSkis", "allowedPolicyOIDs"),
}
_PROPERTIES = frozenset({"id", "appliesToCombinations", *(name for names in _KINDS.values() for name in names)})
COLLECTION = Collection(_PROPERTIES, {"id": Kind.TEXT}, ("id",), countable=True)


async def list_configurations(call: Call) -> Response:
    query = query_of(call, COLLECTION)
    found = in_order(await _configurations(call), query, {"id": lambda one: [str(one["id"])]}, lambda one: one)
    return await list_page(call, _context(call), query, found)


async def get_configuration(call: Call) -> Response:
    return single(call, _context(call), _found(await _configurations(call), named(call, "configuration")), _PROPERTIES)


async def create_configuration(call: Call) -> Response:
    given = body_of(call, _TYPE, *_PROPERTIES)
    _check_kind(given, str(given.get(_TYPE)))
    new_id = call.services.entropy.new_id(call.services.clock.now())
    await _rewrite(call, lambda before: [*before, {**given, "id": new_id}], len)
    return single(call, _context(call), _found(await _configurations(call), new_id), _PROPERTIES, status=201)


async def change_configuration(call: Call) -> Response:
    wanted = named(call, "configuration")
    given = body_of(call, _TYPE, *_PROPERTIES)

    def changed(before: list[Entity]) -> list[Entity]:
        found = _found(before, wanted)
        for fixed in ("id", _TYPE):
            if given.get(fixed, found[fixed]) != found[fixed]:
                raise _malformed(fixed, "the body is of another one.")
        _check_kind(given, found[_TYPE])
        return [merged(one, given) if one is found else one for one in before]

    await _rewrite(call, changed, lambda before: before.index(_found(before, wanted)))
    return no_content(call)


async def remove_configuration(call: Call) -> Response:
    wanted = named(call, "configuration")

    def without(before: list[Entity]) -> list[Entity]:
        found = _found(before, wanted)
        return [one for one in before if one is not found]

    await _rewrite(call, without, lambda _: 0)
    return no_content(call)


async def _rewrite(
    call: Call, change: Callable[[list[Entity]], list[Entity]], place: Callable[[list[Entity]], int]
) -> None:
    """Put what *change* makes of the configurations in their place; *place* is where the one stands that the body is of."""
    inside = ""

    def given(strength: Entity) -> Mapping[str, Any]:
        nonlocal inside
        before = list(strength[_NAME])
        after = change(before)
        inside = f"{_NAME}[{place(before)}]."
        return {_NAME: after}

    try:
        await STRENGTHS.put(call, named(call, "item"), given)
    except Refuse as refused:
        # The body has the properties of one configuration, not those of its strength.
        target = refused.problem.target
        if target is None or not inside:
            raise
        raise Refuse(replace(refused.problem, target=target.removeprefix(inside))) from None


async def _configurations(call: Call) -> list[Entity]:
    rules = await rules_of(call)
    return list(STRENGTHS.shown(STRENGTHS.found(rules, named(call, "item")), rules)[_NAME])


def _found(configurations: list[Entity], wanted: str) -> Entity:
    for one in configurations:
        if one["id"] == wanted.casefold():
            return one
    raise Refuse(NOT_THERE)


def _check_kind(given: Mapping[str, Any], kind: str) -> None:
    """Whoever lists models for a certificate, or issuers for a passkey, believes that it restricts something."""
    if kind not in _KINDS:
        raise _malformed(_TYPE, f"one of {', '.join(_KINDS)}.")
    for name in given:
        if name not in (_TYPE, "id", "appliesToCombinations", *_KINDS[kind]):
            raise _malformed(name, "a configuration of this kind has no such list.")


def _malformed(target: str, says: str) -> Refuse:
    return Refuse(Problem(400, "property_malformed", f"{target}: {says}", target=target))


def _context(call: Call) -> str:
    return f"{STRENGTHS.context}('{named(call, 'item')}')/{_NAME}"
