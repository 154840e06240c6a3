"""What every resource does alike: read a query or a body, answer one thing or a page of many."""

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from keystead_core.wire import BadJson, json_decode_object
from msgspec.json import encode
from starlette.responses import Response

from keystead_server.domain.user import MAX_NAME_CHARACTERS
from keystead_server.http.call import Call
from keystead_server.http.graph.odata.errors import QueryRefused
from keystead_server.http.graph.odata.options import (
    Collection,
    Query,
    all_selected,
    parse_query,
    parse_single,
    selected,
)
from keystead_server.http.graph.odata.paging import BATCH, Entity, count_matching, next_link, place_of, scan
from keystead_server.http.graph.problem import BODY_MALFORMED, NOT_THERE, client_request_id
from keystead_server.http.problems import Problem, Refuse

T = TypeVar("T")

BASE = "/graph/v1.0"


@dataclass(frozen=True, slots=True)
class Source(Generic[T]):
    """Where a collection's rows come from.

    Attributes:
        read: up to so many rows from behind a place, in the order that the query asks for.
        place: where a row stands, as JSON has it.
        shown: a row as its entity.
        exact: every row that `read` gives satisfies the filter.
        batch: how many to read at once while filtering.
        whole: how many rows there are without a filter; None where the collection is not counted.
    """

    read: Callable[[list[Any] | None, int], Awaitable[Sequence[T]]]
    place: Callable[[T], list[Any]]
    shown: Callable[[T], Entity]
    exact: bool = False
    batch: int = BATCH
    whole: Callable[[], Awaitable[int]] | None = None


def query_of(call: Call, collection: Collection) -> Query:
    try:
        return parse_query(call.query_pairs(), collection)
    except QueryRefused as refused:
        raise _as_problem(refused) from None


async def list_page(call: Call, context: str, query: Query, source: Source[T]) -> Response:
    try:
        exact = source.exact or query.filter is None
        page = await scan(
            _in_turns(source),
            source.place,
            source.shown,
            query,
            place_of(call, query),
            batch=None if exact else source.batch,
        )
    except QueryRefused as refused:
        raise _as_problem(refused) from None
    body: dict[str, Any] = {"@odata.context": _context(call, context)}
    # As in Graph, the first page alone has the number: what follows would count it all again.
    if query.count and not query.skiptoken and source.whole is not None:
        body["@odata.count"] = await count_of(query, source)
    if page.after is not None:
        body["@odata.nextLink"] = next_link(call, query, page.after)
    return _json(call, body | {"value": all_selected(page.found, query.select)})


async def count_of(query: Query, source: Source[Any]) -> int:
    """How many rows of *source* the query's filter leaves, on all pages together."""
    if query.filter is None:
        return 0 if source.whole is None else await source.whole()
    try:
        return await count_matching(_in_turns(source), source.place, source.shown, query.filter, batch=source.batch)
    except QueryRefused as refused:
        raise _as_problem(refused) from None


def _in_turns(source: Source[T]) -> Callable[[list[Any] | None, int], Awaitable[Sequence[T]]]:
    async def read(after: list[Any] | None, size: int) -> Sequence[T]:
        # SQLite answers at once: between two batches others have their turn.
        await asyncio.sleep(0)
        return await source.read(after, size)

    return read


def list_of(
    rows: Sequence[T], key: Callable[[T], Any], shown: Callable[[T], Entity], *, descending: bool = False
) -> Source[T]:
    """A source of few rows that are all here, each with a key of its own by which they are in order."""

    async def read(after: list[Any] | None, size: int) -> Sequence[T]:
        begin = 0
        if after is not None:
            place = after[0]
            follows = (i for i, row in enumerate(rows) if (key(row) < place if descending else key(row) > place))
            begin = next(follows, len(rows))
        return rows[begin : begin + size]

    async def whole() -> int:
        return len(rows)

    return Source(read, lambda row: [key(row)], shown, whole=whole)


def in_order(
    rows: Sequence[T], query: Query, keys: Mapping[str, Callable[[T], list[str]]], shown: Callable[[T], Entity]
) -> Source[T]:
    """The same, in the order that *query* asks for: *keys* has a key for each property that may be asked for."""
    name, descending = query.order_by
    key = keys[name]
    return list_of(sorted(rows, key=key, reverse=descending), key, shown, descending=descending)


def single(call: Call, context: str, entity: Entity, properties: frozenset[str], *, status: int = 200) -> Response:
    try:
        names = parse_single(call.query_pairs(), properties)
    except QueryRefused as refused:
        raise _as_problem(refused) from None
    body = {"@odata.context": _context(call, f"{context}/$entity"), **selected(entity, names)}
    return _json(call, body, status)


def named(call: Call, name: str) -> str:
    """A variable of the path, when something could be called that."""
    value = call.path[name]
    if len(value) > MAX_NAME_CHARACTERS or any(unicodedata.category(c)[0] == "C" for c in value):
        raise Refuse(NOT_THERE)
    return value


def no_content(call: Call) -> Response:
    return Response(status_code=204, headers=_ids(call))


def text(call: Call, content: str) -> Response:
    return Response(content, media_type="text/plain", headers=_ids(call))


def body_of(call: Call, *known: str) -> Mapping[str, Any]:
    """The JSON object in the body, which names nothing but *known* and annotations.

    What we do not know is refused: whoever sends it believes that it has been done.
    """
    body = object_of(call)
    for name in body:
        if name not in known and "@odata." not in name:
            raise Refuse(
                Problem(400, "property_unknown", f"There is no property {name[:64]!r} to write here.", target=name[:64])
            )
    return {name: value for name, value in body.items() if name in known}


def object_of(call: Call) -> Mapping[str, Any]:
    try:
        return json_decode_object(call.body)
    except BadJson:
        raise Refuse(BODY_MALFORMED) from None


def wanted(body: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    """A property of *body* of its type; None when it is not there."""
    value = body.get(name)
    if value is None:
        return None
    # A JSON true is a number to Python.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refuse(Problem(400, "property_malformed", f"{name} is not what it must be.", target=name))
    return value


def _as_problem(refused: QueryRefused) -> Refuse:
    return Refuse(Problem(400, refused.code, str(refused), target=refused.option))


def _context(call: Call, context: str) -> str:
    return f"{call.services.relying_party.public_url}{BASE}/$metadata#{context}"


def _ids(call: Call) -> dict[str, str]:
    return {"request-id": call.number, "client-request-id": client_request_id(call), "odata-version": "4.0"}


def _json(call: Call, body: Mapping[str, Any], status: int = 200) -> Response:
    content_type = "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8"
    return Response(encode(body), status, media_type=content_type, headers=_ids(call))
