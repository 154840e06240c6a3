"""Files of policies, locations, strengths and terms → rules; `folder` writes them.

    read_bundle     decoded files → what was taken, how it was adapted, and what was refused and why
    laid            a bundle over the set in force: added to it (import) or in its place (apply)

A file holds one thing, a list, a collection as Graph answers it, or a set such as
`{"policies": […], "namedLocations": […]}`. What has no id is known by its name. Times are ours: those in
files are read past, so that the same file applied twice changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.document import AccessRules, Context, read_context
from keystead_server.policy.access.location_document import read_location
from keystead_server.policy.access.locations import NamedLocation
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.terms import Terms, read_terms
from keystead_server.policy.loose import Note, malformed
from keystead_server.policy.strengths.document import read_strength
from keystead_server.policy.strengths.model import BUILT_IN, Strength

BREAK_GLASS, CONTEXTS = "breakGlass", "authenticationContexts"
_ORGANISATION = (BREAK_GLASS, CONTEXTS)
Item: TypeAlias = Policy | NamedLocation | Strength | Terms
Files: TypeAlias = Iterable[tuple[str, object]]


class Kind(StrEnum):
    """By the folders they lie in, which are Graph's names of the collections; terms are ours."""

    POLICY = "policies"
    LOCATION = "namedLocations"
    STRENGTH = "authenticationStrengths"
    TERMS = "termsOfUse"


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one thing in a file.

    Attributes:
        source: the file, and of several in one the number: `policies.json[2]`.
        refusal: None when it was taken.
    """

    source: str
    kind: Kind | None
    id: str = ""
    name: str = ""
    notes: tuple[Note, ...] = ()
    refusal: Invalid | None = None


@dataclass(slots=True)
class Bundle:
    """Attributes:
    break_glass, contexts: None when no file speaks of them.
    """

    items: dict[Kind, dict[str, Item]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    break_glass: frozenset[str] | None = None
    contexts: tuple[Context, ...] | None = None
    entries: list[Entry] = field(default_factory=list)

    @property
    def refused(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.refusal is not None)


def read_bundle(files: Files, known: AccessRules, new_id: Callable[[], str]) -> Bundle:
    """Read every file by itself: one thing that is refused does not spoil the others.

    Args:
        known: what is in force: something without an id is what has its name there.
    """
    bundle = Bundle()
    names = {kind: {item.name: item.id for item in items_of(known, kind)} for kind in Kind}
    for source, content in files:
        for where, kind, body in _spread(source, content):
            if kind is None and isinstance(body, Invalid):
                bundle.entries.append(Entry(where, None, refusal=body))
            elif isinstance(body, frozenset):
                bundle.break_glass = body
            elif isinstance(body, tuple):
                bundle.contexts = body
            elif kind is not None:
                bundle.entries.append(_take(bundle, where, kind, body, names[kind], new_id))
    return bundle


def _spread(source: str, content: object) -> Iterator[tuple[str, Kind | None, Any]]:
    """Each thing in a file with its kind; what is none is refused."""
    if isinstance(content, dict) and isinstance(content.get("value"), list):
        content = content["value"]
    if isinstance(content, list):
        for number, one in enumerate(content):
            yield _one(f"{source}[{number}]", one)
    elif isinstance(content, dict) and content.keys() & {*(kind.value for kind in Kind), *_ORGANISATION}:
        yield from _spread_set(source, content)
    else:
        yield _one(source, content)


def _one(source: str, content: object) -> tuple[str, Kind | None, Any]:
    kind = _kind_of(content)
    if kind is None:
        return (
            source,
            None,
            malformed(
                "it is no policy, named location or authentication strength of Graph's, and no terms of use", "$"
            ),
        )
    return source, kind, content


def _spread_set(source: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Kind | None, Any]]:
    for kind in Kind:
        listed = [] if content.get(kind.value) is None else content[kind.value]
        if not isinstance(listed, list):
            yield f"{source}#{kind.value}", None, malformed(f"{kind.value} must be a list", kind.value)
            continue
        for number, one in enumerate(listed):
            yield f"{source}#{kind.value}[{number}]", kind, one
    for name, read in ((BREAK_GLASS, _break_glass), (CONTEXTS, _contexts)):
        if name in content:
            try:
                yield source, None, read(content[name])
            except Invalid as refused:
                yield source, None, refused


def _break_glass(ids: object) -> frozenset[str]:
    if not isinstance(ids, list) or not all(isinstance(one, str) and one for one in ids):
        raise malformed("breakGlass must be a list of ids", BREAK_GLASS)
    return frozenset(ids)


def _contexts(listed: object) -> tuple[Context, ...]:
    if not isinstance(listed, list):
        raise malformed("authenticationContexts must be a list", CONTEXTS)
    return tuple(read_context(one, where=f"{CONTEXTS}[{number}]") for number, one in enumerate(listed))


def _kind_of(content: object) -> Kind | None:
    if not isinstance(content, dict):
        return None
    names = {str(name).casefold() for name in content}
    said = str(content.get("@odata.type", "")).casefold()
    if "conditions" in names:
        return Kind.POLICY
    if said.endswith("namedlocation") or names & {"ipranges", "countriesandregions"}:
        return Kind.LOCATION
    if "allowedcombinations" in names:
        return Kind.STRENGTH
    return Kind.TERMS if "text" in names else None


def _take(
    bundle: Bundle, source: str, kind: Kind, body: Any, names: Mapping[str, str], new_id: Callable[[], str]
) -> Entry:
    try:
        item, notes, carried = _read(kind, body, names, new_id)
        if item.id in bundle.items[kind]:
            raise malformed("another one has this id, or no id and the same name", "id")
    except Invalid as refused:
        name = body.get("displayName") if isinstance(body, dict) else None
        return Entry(source, kind, name=name if isinstance(name, str) else "", refusal=refused)
    if item.id not in BUILT_IN:
        bundle.items[kind][item.id] = item
    for strength in carried:
        if strength.id not in BUILT_IN:
            bundle.items[Kind.STRENGTH].setdefault(strength.id, strength)
    return Entry(source, kind, item.id, item.name, notes)


def _read(
    kind: Kind, body: Any, names: Mapping[str, str], new_id: Callable[[], str]
) -> tuple[Item, tuple[Note, ...], Sequence[Strength]]:
    name = body.get("displayName") if isinstance(body, dict) else None
    its_id = (names.get(name) if isinstance(name, str) else None) or new_id()
    match kind:
        case Kind.POLICY:
            imported = read_policy(body, new_id=its_id)
            return imported.policy, imported.notes, imported.strengths
        case Kind.LOCATION:
            location = read_location(body, new_id=its_id)
            return location.location, location.notes, ()
        case Kind.STRENGTH:
            strength = read_strength(body, new_id=its_id)
            return strength.strength, strength.notes, ()
        case Kind.TERMS:
            return read_terms({"id": its_id, **body} if isinstance(body, dict) else body), (), ()


# -- over the set in force ------------------------------------------------------------------------------


def laid(bundle: Bundle, over: PolicySet, now: datetime, *, whole: bool) -> PolicySet:
    """*over* with what is in *bundle*; *whole* takes away what is not in it.

    Who is break-glass and which terms there are stay as they are where no file speaks of them: a
    forgotten file must not lock anybody out.
    """
    kept = {kind: {item.id: item for item in _items_in(over, kind)} for kind in _IN_SET}
    made = {kind: {} if whole else dict(kept[kind]) for kind in _IN_SET}
    for kind in _IN_SET:
        for one_id, item in bundle.items[kind].items():
            made[kind][one_id] = _timed(item, kept[kind].get(one_id), now)
    return replace(
        over,
        policies=tuple(one for one in made[Kind.POLICY].values() if isinstance(one, Policy)),
        locations=tuple(one for one in made[Kind.LOCATION].values() if isinstance(one, NamedLocation)),
        strengths={one_id: one for one_id, one in made[Kind.STRENGTH].items() if isinstance(one, Strength)},
        break_glass=over.break_glass if bundle.break_glass is None else bundle.break_glass,
    )


def laid_rules(bundle: Bundle, over: AccessRules, now: datetime, *, whole: bool) -> AccessRules:
    """As `laid`, with the names of authentication contexts and the texts of terms.

    Raises:
        Invalid: two terms have one name.
    """
    contexts = over.contexts if bundle.contexts is None else bundle.contexts
    if bundle.contexts is not None and not whole:
        contexts = tuple(({one.id: one for one in over.contexts} | {one.id: one for one in contexts}).values())
    rules = replace(over, set=laid(bundle, over.set, now, whole=whole), contexts=contexts)
    given = [one for one in bundle.items[Kind.TERMS].values() if isinstance(one, Terms)]
    if given and whole:
        rules = rules.with_terms(one for one in over.terms if one.id in bundle.items[Kind.TERMS])
    before = {one.id: one for one in over.terms}
    for one in given:
        rules = rules.with_text(_numbered(one, before.get(one.id)))
    return rules


def _numbered(terms: Terms, before: Terms | None) -> Terms:
    """The number of a text is ours, as times are."""
    return terms if before is None else before.called(terms.name).saved(terms.text, terms.good_for)


def _timed(item: Item, before: Item | None, now: datetime) -> Item:
    if isinstance(item, Strength | Terms):
        return item
    if before is None or isinstance(before, Strength | Terms):
        return replace(item, created_at=now, modified_at=None)
    same = replace(item, created_at=before.created_at, modified_at=before.modified_at)
    return before if same == before else replace(item, created_at=before.created_at, modified_at=now)


def items_of(rules: AccessRules, kind: Kind) -> Iterable[Item]:
    return rules.terms if kind is Kind.TERMS else _items_in(rules.set, kind)


_IN_SET = (Kind.POLICY, Kind.LOCATION, Kind.STRENGTH)


def _items_in(policy_set: PolicySet, kind: Kind) -> Iterable[Item]:
    if kind is Kind.POLICY:
        return policy_set.policies
    return policy_set.locations if kind is Kind.LOCATION else policy_set.strengths.values()
