"""`identity/conditionalAccess/…`: policies, named locations, authentication strengths and contexts.

All of them stand in one document with versions; each request reads it, changes one thing and saves it
whole. What an export holds otherwise than Graph documents it is adapted, and the answer says how
(`keystead.adapted`); what would change a policy's meaning is refused with the property's name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import list_of, list_page, named, no_content, object_of, query_of, single
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE, refused
from keystead_server.http.problems import Problem, Refuse
from keystead_server.policy.access import items
from keystead_server.policy.access.document import AccessRules, Context
from keystead_server.policy.access.items import ItemKind
from keystead_server.policy.access.locations import NamedLocation
from keystead_server.policy.access.model import Policy
from keystead_server.policy.strengths.model import BUILT_IN, Strength

_Item = TypeVar("_Item", Policy, NamedLocation, Strength, Context)


@dataclass(frozen=True, slots=True)
class Items(Generic[_Item]):
    """One of the collections.

    Attributes:
        context: as Graph names the collection.
        properties: what may be selected.
        called_by_us: whoever adds one does not choose its id.
    """

    kind: ItemKind[_Item]
    context: str
    properties: frozenset[str]
    called_by_us: bool = True

    @property
    def collection(self) -> Collection:
        return Collection(self.properties, {"id": Kind.TEXT, "displayName": Kind.TEXT}, ("id",))

    async def list(self, call: Call) -> Response:
        rules = await rules_of(call)
        rows = sorted((self.kind.shown(one, rules) for one in self.kind.all(rules)), key=_id)
        return await list_page(call, self.context, query_of(call, self.collection), list_of(rows, _id, lambda row: row))

    async def get(self, call: Call) -> Response:
        rules = await rules_of(call)
        return single(call, self.context, self.shown(rules, named(call, "item")), self.properties)

    async def create(self, call: Call) -> Response:
        body = {name: value for name, value in object_of(call).items() if name != "keystead"}
        if self.called_by_us:
            # One that was sent could be that of another policy.
            body = {name: value for name, value in body.items() if name.lower() != "id"}
        new_id = call.services.entropy.new_id(call.services.clock.now()) if self.called_by_us else ""
        try:
            item, notes = self.kind.read(body, new_id)

            def add(rules: AccessRules) -> AccessRules:
                return self.kind.with_added(rules, item, call.services.clock.now())

            await self._save(call, add, item.id)
        except Invalid as invalid:
            raise refused(invalid) from None
        entity = self.shown(await rules_of(call), item.id)
        if notes:
            adapted = [{"target": note.target, "how": note.says} for note in notes]
            entity = {**entity, "keystead": {"adapted": adapted}}
        return single(call, self.context, entity, self.properties | {"keystead"}, status=201)

    async def change(self, call: Call) -> Response:
        wanted = named(call, "item")
        given = {name: value for name, value in object_of(call).items() if name != "keystead"}
        known = {name.casefold() for name in self.properties}
        for name in given:
            # Whoever sends what we do not know believes that it did something.
            if "@" not in name and name.casefold() not in known:
                what = f"There is no property {name[:64]!r} to write here."
                raise Refuse(Problem(400, "property_unknown", what, target=name[:64]))
        if given.pop("id", wanted) != wanted:
            raise Refuse(Problem(400, "property_malformed", "The body is of another one.", target="id"))

        return await self.put(call, wanted, lambda _: given)

    async def put(self, call: Call, wanted: str, given: Callable[[Entity], Mapping[str, Any]]) -> Response:
        """Write what *given* names of the one called *wanted*, seeing what it is at the moment of writing."""

        def edit(rules: AccessRules) -> AccessRules:
            before = self.found(rules, wanted)
            shown = self.kind.shown(before, rules)
            after, _ = self.kind.read(merged(shown, given(shown)), wanted)
            return self.kind.with_changed(rules, before, after, call.services.clock.now())

        return await self._edited(call, edit, wanted)

    async def remove(self, call: Call) -> Response:
        wanted = named(call, "item")

        def without(rules: AccessRules) -> AccessRules:
            return self.kind.without(rules, self.found(rules, wanted))

        return await self._edited(call, without, wanted)

    async def _edited(self, call: Call, edit: Callable[[AccessRules], AccessRules], wanted: str) -> Response:
        if wanted in BUILT_IN:
            raise Refuse(Problem(403, "strength_built_in", "What is built in stays as it is."))
        try:
            await self._save(call, edit, wanted)
        except Invalid as invalid:
            raise refused(invalid) from None
        return no_content(call)

    async def _save(self, call: Call, edit: Callable[[AccessRules], AccessRules], one: str) -> None:
        about = f"{self.kind.noun} {one}"
        await call.services.manage_access.change(call.tenant.id, edit, by=call.actor, about=about)

    def found(self, rules: AccessRules, wanted: str) -> _Item:
        found = self.kind.find(rules, wanted)
        if found is None:
            raise Refuse(NOT_THERE)
        return found

    def shown(self, rules: AccessRules, wanted: str) -> Entity:
        return self.kind.shown(self.found(rules, wanted), rules)


async def rules_of(call: Call) -> AccessRules:
    return (await call.services.access_policies.now(call.tenant.id, call.services.clock.now())).rules


def _id(entity: Entity) -> str:
    return str(entity["id"])


def merged(before: Any, given: Any) -> Any:
    """Objects property by property, anything else as it was given."""
    if isinstance(before, dict) and isinstance(given, dict):
        return {**before, **{name: merged(before.get(name), each) for name, each in given.items()}}
    return given


POLICIES: Items[Policy] = Items(
    items.POLICIES,
    "identity/conditionalAccess/policies",
    frozenset(
        {
            "id", "templateId", "displayName", "description", "createdDateTime", "modifiedDateTime", "state",
            "conditions", "grantControls", "sessionControls",
        }
    ),
)  # fmt: skip
LOCATIONS: Items[NamedLocation] = Items(
    items.LOCATIONS,
    "identity/conditionalAccess/namedLocations",
    frozenset(
        {
            "id", "displayName", "createdDateTime", "modifiedDateTime", "isTrusted", "ipRanges",
            "countriesAndRegions", "includeUnknownCountriesAndRegions", "countryLookupMethod",
        }
    ),
)  # fmt: skip
STRENGTHS: Items[Strength] = Items(
    items.STRENGTHS,
    "identity/conditionalAccess/authenticationStrength/policies",
    frozenset(
        {
            "id", "displayName", "description", "policyType", "requirementsSatisfied", "allowedCombinations",
            "combinationConfigurations", "minimumProof",
        }
    ),
)  # fmt: skip
CONTEXTS: Items[Context] = Items(
    items.CONTEXTS,
    "identity/conditionalAccess/authenticationContextClassReferences",
    frozenset({"id", "displayName", "description", "isAvailable"}),
    called_by_us=False,
)
