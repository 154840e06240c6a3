"""Pages: what fits, and a sealed link to what follows.

The link carries where to go on, sealed for this tenant and this very question, so that nobody can
write one of their own or take it into another query (attack class 22: forged pagination tokens).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from keystead_core.wire import WireError, b64url_decode, b64url_encode
from msgspec import DecodeError, json

from keystead_server.http.call import Call
from keystead_server.http.graph.odata.errors import QueryRefused
from keystead_server.http.graph.odata.filter import Expression
from keystead_server.http.graph.odata.match import matches
from keystead_server.http.graph.odata.options import Query
from keystead_server.ports.sealer import SealBroken

_SEAL = "api-page"
# Rows that one request looks at before it answers with what it found so far, and a link to go on.
SCANNED_AT_MOST = 5_000
BATCH = 500
# Rows that are looked at to say how many a filter leaves: an exact number or a refusal, never a part of it.
COUNTED_AT_MOST = 200_000

Entity = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Attributes:
    after: where the next page begins, or None at the end.
    """

    found: Sequence[T]
    after: list[Any] | None


async def scan(
    read: Callable[[list[Any] | None, int], Awaitable[Sequence[T]]],
    place: Callable[[T], list[Any]],
    shown: Callable[[T], Entity],
    query: Query,
    after: list[Any] | None,
    *,
    batch: int | None,
) -> Page[Entity]:
    """Gather a page from a source that is read in batches.

    Args:
        read: rows from behind a place, in order.
        place: where a row stands.
        batch: how many to read at once; with None every row matches, and no more are read than are shown.
    """
    found: list[Entity] = []
    scanned = 0
    while scanned < SCANNED_AT_MOST:
        size = batch or query.top - len(found) + 1
        rows = await read(after, size)
        for row in rows:
            entity = shown(row)
            if query.filter is None or matches(query.filter, entity):
                if len(found) == query.top:
                    return Page(found, after)
                found.append(entity)
            after = place(row)
        scanned += len(rows)
        if len(rows) < size:
            return Page(found, None)
    return Page(found, after)


async def count_matching(
    read: Callable[[list[Any] | None, int], Awaitable[Sequence[T]]],
    place: Callable[[T], list[Any]],
    shown: Callable[[T], Entity],
    expression: Expression,
    *,
    batch: int,
) -> int:
    """How many rows *expression* leaves.

    Raises:
        QueryRefused: there are more rows than one request looks at.
    """
    found = looked_at = 0
    after: list[Any] | None = None
    while True:
        rows = await read(after, batch)
        found += sum(matches(expression, shown(row)) for row in rows)
        looked_at += len(rows)
        if looked_at > COUNTED_AT_MOST:
            raise QueryRefused("$count", f"with this filter more than {COUNTED_AT_MOST} would have to be looked at")
        if len(rows) < batch:
            return found
        after = place(rows[-1])


def place_of(call: Call, query: Query) -> list[Any] | None:
    """Where the page that *query* asks for begins.

    Raises:
        QueryRefused: the token is not one of ours for this question.
    """
    if not query.skiptoken:
        return None
    try:
        opened = call.services.sealer.open(_SEAL, b64url_decode(query.skiptoken), bound_to=_question(call, query))
        return json.decode(opened, type=list)
    except (WireError, SealBroken, DecodeError):
        raise QueryRefused("$skiptoken", "not one that we gave for this question") from None


def next_link(call: Call, query: Query, after: list[Any]) -> str:
    sealed = call.services.sealer.seal(_SEAL, json.encode(after), bound_to=_question(call, query))
    pairs = [(name, value) for name, value in call.query_pairs() if name != "$skiptoken"]
    pairs.append(("$skiptoken", b64url_encode(sealed)))
    text = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in pairs)
    return f"{call.services.relying_party.public_url}{call.scope['path']}?{text}"


def _question(call: Call, query: Query) -> bytes:
    return json.encode([call.tenant.id, call.scope["path"], query.filter_text, list(query.order_by)])
