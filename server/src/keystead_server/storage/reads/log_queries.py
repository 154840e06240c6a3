"""The audit log by time, with names beside each row."""

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import select

from keystead_server.domain.ids import TenantId
from keystead_server.ports.log_queries import AuditQuery, AuditRow
from keystead_server.storage.reads.reader import Reader, given, here
from keystead_server.storage.reads.span import BEGIN, END, oldest_id, span_of
from keystead_server.storage.rows import activity as rows
from keystead_server.storage.schema import apps, audit_events, users
from keystead_server.storage.statement import Statement

_E = len(rows.AUDIT_EVENT)
_NAMES = (users.c.username, users.c.display_name, apps.c.name)


async def audit_events_of(reader: Reader, tenant: TenantId, query: AuditQuery) -> Sequence[AuditRow]:
    since, until = span_of(query.since, query.until)
    place = query.after or (END if query.newest_first else BEGIN)
    # An event's id is of its own millisecond, so the key's order is that of time.
    first = BEGIN if query.since is None else oldest_id(since)
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
    found = found.order_by(table.c.id.desc() if newest_first else table.c.id.asc()).limit(given("limit"))
    return Statement(found, "tenant", "since", "until", "first", "place", "limit")
