"""The two logs by time, person, app and outcome, with names beside each row."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, literal_column, select, tuple_

from keystead_server.domain.ids import TenantId
from keystead_server.domain.sign_in import Result
from keystead_server.ports.log_queries import AuditQuery, AuditRow, SignInQuery, SignInRow
from keystead_server.storage.reads.reader import Reader, given, here
from keystead_server.storage.rows import activity as rows
from keystead_server.storage.rows.columns import to_micros
from keystead_server.storage.schema import apps, attempts, audit_events, users
from keystead_server.storage.statement import Statement

_FIRST, _LAST = 0, 2**62
# Before and behind every UUID.
_BEGIN, _END = "", "~"
_A, _E = len(rows.ATTEMPT), len(rows.AUDIT_EVENT)
_NAMES = (users.c.username, users.c.display_name, apps.c.name)


async def sign_ins(reader: Reader, tenant: TenantId, query: SignInQuery) -> Sequence[SignInRow]:
    filters = {"user_id": query.user, "app_id": query.app}
    asked = {name: value for name, value in filters.items() if value is not None}
    place = _place(query.after, query.newest_first)
    arguments = (tenant, *_span(query.since, query.until), *place, *asked.values(), query.limit)
    found = await reader.all(_sign_ins(query.newest_first, tuple(asked), query.granted), arguments)
    return [SignInRow(rows.attempt(row[:_A]), *row[_A:]) for row in found]


@lru_cache(maxsize=32)
def _sign_ins(newest_first: bool, asked: tuple[str, ...], granted: bool | None) -> Statement:
    """Each combination its own text, so that each uses its index."""
    table = attempts
    found = (
        select(*rows.ATTEMPT, *_NAMES)
        .select_from(
            table.outerjoin(
                users, (users.c.tenant_id == table.c.tenant_id) & (users.c.id == table.c.user_id)
            ).outerjoin(apps, (apps.c.tenant_id == table.c.tenant_id) & (apps.c.id == table.c.app_id))
        )
        .where(here(table), table.c.at >= given("since"), table.c.at < given("until"))
        .where(_behind(newest_first, table.c.at, table.c.id))
    )
    for name in asked:
        found = found.where(table.c[name] == given(name))
    if granted is not None:
        is_granted = table.c.result == literal_column(f"'{Result.GRANTED.value}'")
        found = found.where(is_granted if granted else ~is_granted)
    found = _ordered(found, newest_first, table.c.at, table.c.id)
    return Statement(found, "tenant", "since", "until", "place_at", "place_id", *asked, "limit")


async def audit_events_of(reader: Reader, tenant: TenantId, query: AuditQuery) -> Sequence[AuditRow]:
    since, until = _span(query.since, query.until)
    place = query.after or (_END if query.newest_first else _BEGIN)
    # An event's id is of its own millisecond, so the key's order is that of time.
    first = _BEGIN if query.since is None else _oldest_id(query.since)
    arguments = (tenant, since, until, first, place, query.limit)
    found = await reader.all(_audit(query.newest_first), arguments)
    return [AuditRow(rows.audit_event(row[:_E]), *row[_E:]) for row in found]


@lru_cache(maxsize=2)
def _audit(newest_first: bool) -> Statement:
    table = audit_events
    place = table.c.id < given("place") if newest_first else table.c.id > given("place")
    found = (
        select(*rows.AUDIT_EVENT, *_NAMES)
        .select_from(
            table.outerjoin(
                users, (users.c.tenant_id == table.c.tenant_id) & (users.c.id == table.c.actor_id)
            ).outerjoin(apps, (apps.c.tenant_id == table.c.tenant_id) & (apps.c.id == table.c.actor_id))
        )
        .where(here(table), table.c.at >= given("since"), table.c.at < given("until"))
        .where(table.c.id >= given("first"), place)
    )
    found = _ordered(found, newest_first, table.c.id)
    return Statement(found, "tenant", "since", "until", "first", "place", "limit")


def _behind(newest_first: bool, *key: ColumnElement[Any]) -> ColumnElement[bool]:
    place = tuple_(given("place_at"), given("place_id"))
    return tuple_(*key) < place if newest_first else tuple_(*key) > place


def _ordered(found: Select[Any], newest_first: bool, *key: ColumnElement[Any]) -> Select[Any]:
    order = [column.desc() if newest_first else column.asc() for column in key]
    return found.order_by(*order).limit(given("limit"))


def _place(after: tuple[datetime, str] | None, newest_first: bool) -> tuple[int, str]:
    if after is not None:
        return to_micros(after[0]), after[1]
    return (_LAST, _END) if newest_first else (_FIRST, _BEGIN)


def _span(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    return (
        _FIRST if since is None else max(to_micros(since), _FIRST),
        _LAST if until is None else max(to_micros(until), _FIRST),
    )


def _oldest_id(moment: datetime) -> str:
    """The beginning of every UUIDv7 of *moment*'s millisecond: 48 bits of it, as they are written."""
    written = f"{max(to_micros(moment), 0) // 1000:012x}"
    return f"{written[:8]}-{written[8:]}"
