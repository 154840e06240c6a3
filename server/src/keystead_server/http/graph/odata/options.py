"""The query options of a request, checked against what a collection offers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keystead_server.http.graph.odata.errors import QueryRefused, QueryUnsupported
from keystead_server.http.graph.odata.filter import Expression, Fields, parse_filter

MAX_TOP = 999
_KNOWN = ("$filter", "$top", "$orderby", "$select", "$skiptoken", "$count")
# Graph has these, on some collections.
_ELSEWHERE = ("$expand", "$search", "$skip", "$format", "$apply", "$compute", "$deltatoken")


@dataclass(frozen=True, slots=True)
class Collection:
    """What may be asked of a collection.

    Attributes:
        properties: all that `$select` may name.
        fields: what `$filter` may ask about.
        order: what `$orderby` may name, the first being the order without it; a leading "-" is descending.
        page: how many come when `$top` says nothing; at most *most* come at once.
        kind: what Graph calls one of them when it refuses to sort.
    """

    properties: frozenset[str]
    fields: Fields = field(default_factory=dict)
    order: tuple[str, ...] = ()
    page: int = 100
    most: int = MAX_TOP
    countable: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """Attributes:
    order_by: a property, and whether it descends.
    select: None is every property.
    """

    filter: Expression | None
    filter_text: str
    top: int
    order_by: tuple[str, bool]
    select: frozenset[str] | None
    skiptoken: str
    count: bool


def parse_query(pairs: Iterable[tuple[str, str]], collection: Collection) -> Query:
    """Raises QueryRefused."""
    given = _options(pairs)
    text = given.get("$filter", "")
    return Query(
        filter=parse_filter(text, collection.fields) if text else None,
        filter_text=text,
        top=_top(given.get("$top"), collection),
        order_by=_order(given.get("$orderby", ""), collection),
        select=parse_select(given.get("$select"), collection.properties),
        skiptoken=given.get("$skiptoken", ""),
        count=_count(given.get("$count"), collection),
    )


def parse_single(pairs: Iterable[tuple[str, str]], properties: frozenset[str]) -> frozenset[str] | None:
    """The options of a single entity: `$select` alone. Raises QueryRefused."""
    given = _options(pairs)
    for name in given:
        if name != "$select":
            raise QueryRefused(name, "this address is of one thing, and takes $select alone")
    return parse_select(given.get("$select"), properties)


def _options(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    given: dict[str, str] = {}
    for name, value in pairs:
        # What has no dollar is nobody's option, and ignored as OData says.
        if not name.startswith("$"):
            continue
        if name in _ELSEWHERE:
            raise QueryUnsupported(name, f"The query option '{name}' is not supported.")
        if name not in _KNOWN:
            raise QueryRefused(name, f"not supported; there are {', '.join(_KNOWN)}")
        if name in given:
            raise QueryRefused(name, "given more than once")
        given[name] = value
    return given


def _top(value: str | None, collection: Collection) -> int:
    if value is None:
        return collection.page
    if not (value.isascii() and value.isdecimal() and len(value) <= 4 and 1 <= int(value) <= MAX_TOP):
        raise QueryRefused("$top", f"a number from 1 to {MAX_TOP}")
    return min(int(value), collection.most)


def _order(value: str, collection: Collection) -> tuple[str, bool]:
    if not value:
        first = collection.order[0] if collection.order else ""
        return first.lstrip("-"), first.startswith("-")
    name, _, direction = value.strip().partition(" ")
    allowed = [each.lstrip("-") for each in collection.order]
    if name in collection.properties and name not in allowed:
        # Word for word what Graph says of it.
        raise QueryUnsupported("$orderby", f"Unsupported sort property '{name}' for '{collection.kind or 'entity'}'.")
    if name not in allowed or direction.strip() not in ("", "asc", "desc"):
        raise QueryRefused("$orderby", f"one of: {', '.join(allowed) or 'nothing here'}, then asc or desc")
    descending = direction.strip() == "desc"
    if descending and name == "id":
        # The order without an order; nothing reads it backwards.
        raise QueryUnsupported("$orderby", "Unsupported sort direction 'desc' for 'id'.")
    return name, descending


def parse_select(value: str | None, properties: frozenset[str]) -> frozenset[str] | None:
    if value is None or value.strip() == "*":
        return None
    names = [name.strip() for name in value.split(",")]
    for name in names:
        if name not in properties:
            raise QueryRefused("$select", f"there is no property {name[:64]!r}")
    return frozenset(names)


def _count(value: str | None, collection: Collection) -> bool:
    if value not in (None, "true", "false"):
        raise QueryRefused("$count", "true or false")
    if value == "true" and not collection.countable:
        raise QueryUnsupported("$count", "The query option '$count' is not supported for this collection.")
    return value == "true"


def selected(entity: Mapping[str, Any], names: frozenset[str] | None) -> Mapping[str, Any]:
    """*entity* with the properties asked for; its id and type always come."""
    if names is None:
        return entity
    return {name: value for name, value in entity.items() if name in names or name == "id" or name[0] == "@"}


def all_selected(entities: Sequence[Mapping[str, Any]], names: frozenset[str] | None) -> list[Mapping[str, Any]]:
    return [selected(entity, names) for entity in entities]
