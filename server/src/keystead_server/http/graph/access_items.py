"""`identity/conditionalAccess/…`: policies, named locations, authentication strengths and contexts.

All of them stand in one document with versions; each request reads it, changes one thing and saves it
whole. What an export holds otherwise than Graph documents it is adapted, and the answer says how
(`keystead.adapted`); what would change a policy's meaning is refused with the property's name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.manage_access import in_use, stamped
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import list_of, list_page, named, no_content, object_of, query_of, single
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE, refused
from keystead_server.http.problems import Problem, Refuse
from keystead_server.policy.access.document import AccessRules, Context, context_to_json, read_context
from keystead_server.policy.access.location_document import location_to_json, read_location
from keystead_server.policy.access.locations import NamedLocation
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.writing import policy_to_json
from keystead_server.policy.loose import Note
from keystead_server.policy.strengths.document import read_strength, strength_to_json
from keystead_server.policy.strengths.model import BUILT_IN, Strength

_Item = TypeVar("_Item")
_NO_IDS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Items(Generic[_Item]):
    """One of the collections.

    Attributes:
        noun: for the audit log.
        context: as Graph names the collection.
        properties: what may be selected.
        all: what there is, built in ones too.
        read: a body, and an id for what has none → the item and what was adapted.
        kept: the rules with these items in the place of those there were.
        named_by: the ids of such items that a policy names, so that none is removed under it.
        called_by_us: whoever adds one does not choose its id.
    """

    noun: str
    context: str
    properties: frozenset[str]
    all: Callable[[AccessRules], Sequence[_Item]]
    key: Callable[[_Item], str]
    shown: Callable[[_Item, AccessRules], Entity]
    read: Callable[[Mapping[str, Any], str], tuple[_Item, Sequence[Note]]]
    kept: Callable[[AccessRules, tuple[_Item, ...]], AccessRules]
    named_by: Callable[[Policy], frozenset[str]] = lambda _: _NO_IDS
    called_by_us: bool = True

    @property
    def collection(self) -> Collection:
        return Collection(self.properties, {"id": Kind.TEXT, "displayName": Kind.TEXT}, ("id",))

    async def list(self, call: Call) -> Response:
        rules = await rules_of(call)
        rows = sorted((self.shown(one, rules) for one in self.all(rules)), key=_id)
        return await list_page(call, self.context, query_of(call, self.collection), list_of(rows, _id, lambda row: row))

    async def get(self, call: Call) -> Response:
        rules = await rules_of(call)
        return single(call, self.context, self.shown(self.found(rules, named(call, "item")), rules), self.properties)

    async def create(self, call: Call) -> Response:
        body = {name: value for name, value in object_of(call).items() if name != "keystead"}
        if self.called_by_us:
            # One that was sent could be that of another policy.
            body = {name: value for name, value in body.items() if name.lower() != "id"}
        new_id = call.services.entropy.new_id(call.services.clock.now()) if self.called_by_us else ""
        try:
            item, notes = self.read(body, new_id)

            def add(rules: AccessRules) -> AccessRules:
                return self.kept(rules, (*self._own(rules), _stamped(call, item, None)))

            await self._save(call, add, self.key(item))
        except Invalid as invalid:
            raise refused(invalid) from None
        rules = await rules_of(call)
        entity = self.shown(self.found(rules, self.key(item)), rules)
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
            shown = self.shown(before, rules)
            after, _ = self.read(merged(shown, given(shown)), wanted)
            own = tuple(_stamped(call, after, before) if self.key(one) == wanted else one for one in self._own(rules))
            return self.kept(rules, own)

        return await self._edited(call, edit, wanted)

    async def remove(self, call: Call) -> Response:
        wanted = named(call, "item")

        def without(rules: AccessRules) -> AccessRules:
            self.found(rules, wanted)
            in_use(rules, self.named_by, wanted)
            return self.kept(rules, tuple(one for one in self._own(rules) if self.key(one) != wanted))

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
        about = f"{self.noun} {one}"
        await call.services.manage_access.change(call.tenant.id, edit, by=call.actor, about=about)

    def found(self, rules: AccessRules, wanted: str) -> _Item:
        for one in self.all(rules):
            if self.key(one) == wanted.casefold():
                return one
        raise Refuse(NOT_THERE)

    def _own(self, rules: AccessRules) -> tuple[_Item, ...]:
        return tuple(one for one in self.all(rules) if self.key(one) not in BUILT_IN)


async def rules_of(call: Call) -> AccessRules:
    return (await call.services.access_policies.now(call.tenant.id, call.services.clock.now())).rules


def _id(entity: Entity) -> str:
    return str(entity["id"])


def merged(before: Any, given: Any) -> Any:
    """Objects property by property, anything else as it was given."""
    if isinstance(before, dict) and isinstance(given, dict):
        return {**before, **{name: merged(before.get(name), each) for name, each in given.items()}}
    return given


def _stamped(call: Call, item: Any, before: Any) -> Any:
    now = call.services.clock.now()
    if isinstance(item, Policy):
        return stamped(item, before, now)
    if isinstance(item, Strength | Context):
        return item
    return replace(
        item, created_at=now if before is None else before.created_at, modified_at=None if before is None else now
    )


# -- the four ----------------------------------------------------------------------------------------


def _read_policy(body: Mapping[str, Any], one: str) -> tuple[Policy, Sequence[Note]]:
    imported = read_policy(dict(body), new_id=one)
    return imported.policy, imported.notes


def _read_location(body: Mapping[str, Any], one: str) -> tuple[NamedLocation, Sequence[Note]]:
    imported = read_location(dict(body), new_id=one)
    return imported.location, imported.notes


def _read_strength(body: Mapping[str, Any], one: str) -> tuple[Strength, Sequence[Note]]:
    imported = read_strength(dict(body), new_id=one)
    return imported.strength, imported.notes


def _read_context(body: Mapping[str, Any], one: str) -> tuple[Context, Sequence[Note]]:
    return read_context(dict(body), context_id=one), ()


def _places_of(policy: Policy) -> frozenset[str]:
    locations = policy.conditions.locations
    return _NO_IDS if locations is None else locations.include | locations.exclude


def _strengths_of(policy: Policy) -> frozenset[str]:
    return _NO_IDS if policy.grant is None else frozenset(policy.grant.strength_ids)


POLICIES: Items[Policy] = Items(
    "policy",
    "identity/conditionalAccess/policies",
    frozenset(
        {
            "id", "templateId", "displayName", "description", "createdDateTime", "modifiedDateTime", "state",
            "conditions", "grantControls", "sessionControls",
        }
    ),
    all=lambda rules: rules.set.policies,
    key=lambda one: one.id,
    shown=lambda one, rules: policy_to_json(one, rules.set.all_strengths),
    read=_read_policy,
    kept=lambda rules, items: replace(rules, set=replace(rules.set, policies=items)),
)  # fmt: skip
LOCATIONS: Items[NamedLocation] = Items(
    "named location",
    "identity/conditionalAccess/namedLocations",
    frozenset(
        {
            "id", "displayName", "createdDateTime", "modifiedDateTime", "isTrusted", "ipRanges",
            "countriesAndRegions", "includeUnknownCountriesAndRegions", "countryLookupMethod",
        }
    ),
    all=lambda rules: rules.set.locations,
    key=lambda one: one.id,
    shown=lambda one, _: location_to_json(one),
    read=_read_location,
    kept=lambda rules, items: replace(rules, set=replace(rules.set, locations=items)),
    named_by=_places_of,
)  # fmt: skip
STRENGTHS: Items[Strength] = Items(
    "strength",
    "identity/conditionalAccess/authenticationStrength/policies",
    frozenset(
        {
            "id", "displayName", "description", "policyType", "requirementsSatisfied", "allowedCombinations",
            "combinationConfigurations", "minimumProof",
        }
    ),
    all=lambda rules: tuple(rules.set.all_strengths.values()),
    key=lambda one: one.id,
    shown=lambda one, _: strength_to_json(one),
    read=_read_strength,
    kept=lambda rules, items: replace(rules, set=replace(rules.set, strengths={one.id: one for one in items})),
    named_by=_strengths_of,
)  # fmt: skip
CONTEXTS: Items[Context] = Items(
    "authentication context",
    "identity/conditionalAccess/authenticationContextClassReferences",
    frozenset({"id", "displayName", "description", "isAvailable"}),
    all=lambda rules: rules.contexts,
    key=lambda one: one.id,
    shown=lambda one, _: context_to_json(one),
    read=_read_context,
    kept=lambda rules, items: replace(rules, contexts=items),
    named_by=lambda policy: policy.conditions.applications.contexts,
    called_by_us=False,
)
