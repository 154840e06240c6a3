"""What Conditional Access consists of, one thing at a time: policies, named locations, strengths, contexts.

Each `ItemKind` says where its items stand in the rules, how one is read from Graph's form, which policies
name one, and what the rules are after one was added, changed or removed. Nothing is saved here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.document import AccessRules, Context, context_to_json, read_context
from keystead_server.policy.access.location_document import location_to_json, read_location
from keystead_server.policy.access.locations import AddressRange, IpLocation, NamedLocation
from keystead_server.policy.access.model import NO_IDS, Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.vocabulary import ALL_TRUSTED, State
from keystead_server.policy.access.writing import policy_to_json
from keystead_server.policy.loose import Note
from keystead_server.policy.strengths.document import read_strength, strength_to_json
from keystead_server.policy.strengths.model import BUILT_IN, Strength

_Item = TypeVar("_Item", Policy, NamedLocation, Strength, Context)


@dataclass(frozen=True, slots=True)
class ItemKind(Generic[_Item]):
    """One of the collections.

    Attributes:
        noun: for the audit log.
        all: what there is, built in ones too.
        shown: in Graph's form.
        read: a body, and an id for what has none → the item and what was adapted.
        kept: the rules with these items in the place of those there were.
        named_by: the ids of such items that a policy names, so that none is removed under it.
    """

    noun: str
    all: Callable[[AccessRules], Sequence[_Item]]
    shown: Callable[[_Item, AccessRules], dict[str, Any]]
    read: Callable[[Mapping[str, Any], str], tuple[_Item, Sequence[Note]]]
    kept: Callable[[AccessRules, tuple[_Item, ...]], AccessRules]
    named_by: Callable[[Policy], frozenset[str]] = lambda _: NO_IDS

    def find(self, rules: AccessRules, wanted: str) -> _Item | None:
        return next((one for one in self.all(rules) if one.id == wanted.casefold()), None)

    def naming(self, rules: AccessRules, wanted: str) -> tuple[Policy, ...]:
        return tuple(policy for policy in rules.set.policies if wanted in self.named_by(policy))

    def with_added(self, rules: AccessRules, item: _Item, now: datetime) -> AccessRules:
        """Raises Invalid: there is one with its id."""
        if self.find(rules, item.id) is not None:
            raise Invalid("policy_malformed", f"another {self.noun} has this id already", target="id")
        added: tuple[_Item, ...] = (stamped(item, None, now),)
        return self.kept(rules, self._own(rules) + added)

    def with_changed(self, rules: AccessRules, before: _Item, after: _Item, now: datetime) -> AccessRules:
        """Raises Invalid."""
        _not_built_in(before.id)
        fresh = stamped(after, before, now)
        return self.kept(rules, tuple(fresh if one.id == before.id else one for one in self._own(rules)))

    def without(self, rules: AccessRules, gone: _Item) -> AccessRules:
        """Raises Invalid: it is built in, or a policy names it."""
        _not_built_in(gone.id)
        in_use(rules, self.named_by, gone.id)
        return self.kept(rules, tuple(one for one in self._own(rules) if one.id != gone.id))

    def _own(self, rules: AccessRules) -> tuple[_Item, ...]:
        return tuple(one for one in self.all(rules) if one.id not in BUILT_IN)


def _not_built_in(one: str) -> None:
    if one in BUILT_IN:
        raise Invalid("strength_built_in", "what is built in stays as it is")


def in_use(rules: AccessRules, named: Callable[[Policy], frozenset[str]], one: str) -> None:
    """Raises Invalid: a policy names *one*, which is about to be removed.

    Otherwise the policy would go on, and mean something else.
    """
    for policy in rules.set.policies:
        if one in named(policy):
            raise Invalid("in_use", f"the policy {policy.name!r} names it; change that first", target="id")


def stamped(item: _Item, before: _Item | None, now: datetime) -> _Item:
    """*item* as it is saved now; strengths and contexts have no times."""
    if isinstance(item, Strength | Context) or isinstance(before, Strength | Context):
        return item
    if before is None:
        return replace(item, created_at=now, modified_at=None)
    return replace(item, created_at=before.created_at, modified_at=now)


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
    return NO_IDS if locations is None else locations.include | locations.exclude


def _strengths_of(policy: Policy) -> frozenset[str]:
    return NO_IDS if policy.grant is None else frozenset(policy.grant.strength_ids)


POLICIES: Final[ItemKind[Policy]] = ItemKind(
    "policy",
    all=lambda rules: rules.set.policies,
    shown=lambda one, rules: policy_to_json(one, rules.set.all_strengths),
    read=_read_policy,
    kept=lambda rules, items: replace(rules, set=replace(rules.set, policies=items)),
)
LOCATIONS: Final[ItemKind[NamedLocation]] = ItemKind(
    "named location",
    all=lambda rules: rules.set.locations,
    shown=lambda one, _: location_to_json(one),
    read=_read_location,
    kept=lambda rules, items: replace(rules, set=replace(rules.set, locations=items)),
    named_by=_places_of,
)
STRENGTHS: Final[ItemKind[Strength]] = ItemKind(
    "strength",
    all=lambda rules: tuple(rules.set.all_strengths.values()),
    shown=lambda one, _: strength_to_json(one),
    read=_read_strength,
    kept=lambda rules, items: replace(rules, set=replace(rules.set, strengths={one.id: one for one in items})),
    named_by=_strengths_of,
)
CONTEXTS: Final[ItemKind[Context]] = ItemKind(
    "authentication context",
    all=lambda rules: rules.contexts,
    shown=lambda one, _: context_to_json(one),
    read=_read_context,
    kept=lambda rules, items: replace(rules, contexts=items),
    named_by=lambda policy: policy.conditions.applications.contexts,
)


# -- what a change of one means for others -----------------------------------------------------------


def looking_at(before: AccessRules, after: AccessRules) -> tuple[Policy, ...]:
    """The policies that a change of locations or strengths gives another meaning, though nobody changed them."""
    changed = _changed(_meanings(before), _meanings(after))
    # “Any trusted place” names none of them and is made of all that are trusted.
    if _trusted(before) != _trusted(after):
        changed |= {ALL_TRUSTED}
    return tuple(
        policy
        for policy in after.set.policies
        if policy.state is not State.DISABLED and changed & (_places_of(policy) | _strengths_of(policy))
    )


def _meanings(rules: AccessRules) -> dict[str, NamedLocation | Strength]:
    """By id, without what decides nothing."""
    places = {one.id: replace(one, name="", created_at=None, modified_at=None) for one in rules.set.locations}
    return {**places, **{one.id: replace(one, name="", description="") for one in rules.set.all_strengths.values()}}


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> frozenset[str]:
    return frozenset(one for one in before.keys() | after.keys() if before.get(one) != after.get(one))


def _trusted(rules: AccessRules) -> frozenset[AddressRange]:
    found = (one for one in rules.set.locations if isinstance(one, IpLocation) and one.trusted)
    return frozenset(each for one in found for each in one.ranges)
