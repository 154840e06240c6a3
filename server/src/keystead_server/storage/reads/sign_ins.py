"""The sign-in log by time, person, app and outcome, with names beside each row.

Two kinds of rows, read apart and merged:

    sign-ins that were granted   all day long; the id of one is as old as its challenge, at most, so a span
                                 of moments is a span of the key, a little wider on both sides
    everything else              an index has it by moment: what was refused, or registered for somebody
                                 else, may answer a challenge of any age

So signing in pays for no index by moment.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import FromClause, Select, func, literal_column, select, tuple_

from keystead_server.domain.challenge import CHALLENGE_LIFETIME
from keystead_server.domain.ids import TenantId
from keystead_server.domain.sign_in import Result
from keystead_server.ports.log_queries import SignInQuery, SignInRow
from keystead_server.storage.reads.reader import Reader, given, here
from keystead_server.storage.reads.span import BEGIN, END, FIRST, LAST, oldest_id, span_of
from keystead_server.storage.rows import activity as rows
from keystead_server.storage.rows.columns import to_micros
from keystead_server.storage.schema import GRANTED_SIGN_IN, OTHER_ATTEMPT, apps, attempts, users
from keystead_server.storage.statement import Arguments, Row, Statement

_LIFETIME = CHALLENGE_LIFETIME // CHALLENGE_LIFETIME.resolution
# One server may have made the challenge and another have judged the answer: so far their clocks may differ.
_CLOCKS_DIFFER = 5 * 60 * 1_000_000
_NAMES = (users.c.username, users.c.display_name, apps.c.name)
_WITH_NAMES: FromClause = attempts.outerjoin(
    users, (users.c.tenant_id == attempts.c.tenant_id) & (users.c.id == attempts.c.user_id)
).outerjoin(apps, (apps.c.tenant_id == attempts.c.tenant_id) & (apps.c.id == attempts.c.app_id))
_A = len(rows.ATTEMPT)
_ID, _AT = (list(attempts.c.keys()).index(name) for name in ("id", "at"))
_IS_GRANTED = attempts.c.result == literal_column(f"'{Result.GRANTED.value}'")
_CONDITIONS = ("tenant", "since", "until", "place_at", "place_id")


class _Shape(NamedTuple):
    """What makes a statement of its own, so that each uses its index.

    Attributes:
        asked: columns that must have a given value.
    """

    newest_first: bool
    asked: tuple[str, ...]
    granted: bool | None


async def sign_ins(reader: Reader, tenant: TenantId, query: SignInQuery) -> Sequence[SignInRow]:
    filters = {"user_id": query.user, "app_id": query.app}
    asked = {name: value for name, value in filters.items() if value is not None}
    shape = _Shape(query.newest_first, tuple(asked), query.granted)
    conditions = (tenant, *span_of(query.since, query.until), *_place(query), *asked.values())
    found = list(await reader.all(_others(shape), (*conditions, query.limit)))
    if query.granted is not False:
        found += await _granted(reader, shape, conditions, query)
        found.sort(key=lambda row: (row[_AT], row[_ID]), reverse=query.newest_first)
    return [SignInRow(rows.attempt(row[:_A]), *row[_A:]) for row in found[: query.limit]]


async def _granted(reader: Reader, shape: _Shape, conditions: Arguments, query: SignInQuery) -> Sequence[Row]:
    """Granted sign-ins in the order of their moments, of which the key's order is only nearly the same.

    The first *limit* of them by id are not the first by moment, but as many as that are as near as the
    farthest of them is. What is nearer still has an id that is not much farther.
    """
    first, end = _ids(shape, conditions)
    row = await reader.one(_farthest(shape), (*conditions, first, end, query.limit))
    if row is None or row[0] is None:
        return ()
    if shape.newest_first:
        first = oldest_id(row[0] - _LIFETIME - _CLOCKS_DIFFER)
    else:
        end = _first_id_behind(row[0])
    return await reader.all(_sign_ins(shape), (*conditions, first, end, query.limit))


def _ids(shape: _Shape, conditions: Arguments) -> tuple[str, str]:
    """Between which ids everything is that was granted in the span and stands behind the place."""
    _, since, until, place, *_ = conditions
    nearest, farthest = (since, min(until, place)) if shape.newest_first else (max(since, place), until)
    return (
        BEGIN if nearest == FIRST else oldest_id(nearest - _LIFETIME - _CLOCKS_DIFFER),
        END if farthest == LAST else _first_id_behind(farthest),
    )


def _first_id_behind(micros: int) -> str:
    return oldest_id(micros + _CLOCKS_DIFFER + 1000)


def _place(query: SignInQuery) -> tuple[int, str]:
    if query.after is not None:
        return to_micros(query.after[0]), query.after[1]
    return (LAST, END) if query.newest_first else (FIRST, BEGIN)


@lru_cache(maxsize=32)
def _others(shape: _Shape) -> Statement:
    found = _conditioned(select(*rows.ATTEMPT, *_NAMES).select_from(_WITH_NAMES), shape).where(OTHER_ATTEMPT)
    if shape.granted is not None:
        found = found.where(_IS_GRANTED if shape.granted else ~_IS_GRANTED)
    found = _first(found, shape.newest_first, attempts.c.at, attempts.c.id)
    return Statement(found, *_CONDITIONS, *shape.asked, "limit")


@lru_cache(maxsize=32)
def _sign_ins(shape: _Shape) -> Statement:
    found = _between_ids(select(*rows.ATTEMPT, *_NAMES).select_from(_WITH_NAMES), shape)
    found = _first(found, shape.newest_first, attempts.c.at, attempts.c.id)
    return Statement(found, *_CONDITIONS, *shape.asked, "first", "end", "limit")


@lru_cache(maxsize=32)
def _farthest(shape: _Shape) -> Statement:
    """The moment that is farthest behind the place among the first of them by id."""
    near = _first(_between_ids(select(attempts.c.at), shape), shape.newest_first, attempts.c.id).subquery()
    at = func.min(near.c.at) if shape.newest_first else func.max(near.c.at)
    return Statement(select(at), *_CONDITIONS, *shape.asked, "first", "end", "limit")


def _between_ids(found: Select[Any], shape: _Shape) -> Select[Any]:
    ids = attempts.c.id >= given("first"), attempts.c.id < given("end")
    return _conditioned(found, shape).where(GRANTED_SIGN_IN, *ids)


def _conditioned(found: Select[Any], shape: _Shape) -> Select[Any]:
    key, place = tuple_(attempts.c.at, attempts.c.id), tuple_(given("place_at"), given("place_id"))
    found = found.where(here(attempts), attempts.c.at >= given("since"), attempts.c.at < given("until"))
    found = found.where(key < place if shape.newest_first else key > place)
    return found.where(*(attempts.c[name] == given(name) for name in shape.asked))


def _first(found: Select[Any], newest_first: bool, *key: Any) -> Select[Any]:
    return found.order_by(*(each.desc() if newest_first else each.asc() for each in key)).limit(given("limit"))
