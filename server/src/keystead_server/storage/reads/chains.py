"""What proves the logs: heads, checkpoints, and the whole log at one moment."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Table, func, select, tuple_

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.log_chain import Head, Kind, LogCheckpoint, LogLink, UnreadableRow
from keystead_server.domain.sign_in import Attempt
from keystead_server.ports.store import LogSize
from keystead_server.storage.reads.reader import Reader, Reads, Snapshot, given
from keystead_server.storage.rows import activity
from keystead_server.storage.rows import chains as rows
from keystead_server.storage.schema import attempts, audit_events, log_checkpoints, log_heads, log_links
from keystead_server.storage.statement import Arguments, Row, Statement

T = TypeVar("T")

PAGE_ROWS = 2000

# The digest is the link's own: a head that names no link is nothing to sign.
_UNBOUND = Statement(
    select(log_links.c.chain_id, log_links.c.number, log_links.c.digest)
    .select_from(
        log_heads.join(
            log_links, (log_links.c.chain_id == log_heads.c.chain_id) & (log_links.c.number == log_heads.c.number)
        )
    )
    .order_by(log_heads.c.chain_id)
    .limit(given("limit")),
    "limit",
)
_LAST = Statement(select(*rows.CHECKPOINT).order_by(log_checkpoints.c.number.desc()).limit(given("limit")), "limit")
_COUNT = {
    table.name: Statement(select(func.count()).select_from(table))
    for table in (attempts, audit_events, log_links, log_checkpoints)
}


def _page(table: Table, columns: Sequence[ColumnElement[Any]], *key: str) -> Statement:
    """The rows behind a key, in its order."""
    ordered = [table.c[name] for name in key]
    behind = tuple_(*ordered) > tuple_(*[given(f"after_{name}") for name in key])
    found = select(*columns).where(behind).order_by(*ordered).limit(given("limit"))
    return Statement(found, *[f"after_{name}" for name in key], "limit")


_ATTEMPTS = _page(attempts, activity.ATTEMPT, "tenant_id", "id")
_AUDIT = _page(audit_events, activity.AUDIT_EVENT, "tenant_id", "id")
_LINKS = _page(log_links, rows.LINK, "chain_id", "number")
_CHECKPOINTS = _page(log_checkpoints, rows.CHECKPOINT, "number")


# Whoever changes a row behind our back may leave anything in it, and is to be named all the same.
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def _attempt(row: Row) -> Attempt | UnreadableRow:
    try:
        return activity.attempt(row)
    except _UNREADABLE:
        return UnreadableRow(Kind.ATTEMPT, row[1], row[0])


def _audit_event(row: Row) -> AuditEvent | UnreadableRow:
    try:
        return activity.audit_event(row)
    except _UNREADABLE:
        return UnreadableRow(Kind.AUDIT, row[1], row[0])


class WholeLog(Reads):
    async def size(self) -> LogSize:
        counts = {name: await self._reader.one(statement, ()) for name, statement in _COUNT.items()}
        return LogSize(*[int(row[0]) if row else 0 for row in counts.values()])

    def attempts(self) -> AsyncIterator[Sequence[Attempt | UnreadableRow]]:
        return self._pages(_ATTEMPTS, _attempt, lambda a: (a.tenant_id, a.id), ("", ""))

    def audit(self) -> AsyncIterator[Sequence[AuditEvent | UnreadableRow]]:
        return self._pages(_AUDIT, _audit_event, lambda e: (e.tenant_id, e.id), ("", ""))

    def links(self) -> AsyncIterator[Sequence[LogLink]]:
        return self._pages(_LINKS, rows.link, lambda link: (link.chain_id, link.number), ("", 0))

    def checkpoints(self) -> AsyncIterator[Sequence[LogCheckpoint]]:
        return self._pages(_CHECKPOINTS, rows.checkpoint, lambda c: (c.number,), (0,))

    async def _pages(
        self, statement: Statement, read: Callable[[Row], T], key: Callable[[T], Arguments], after: Arguments
    ) -> AsyncIterator[Sequence[T]]:
        while found := await self._reader.all(statement, (*after, PAGE_ROWS)):
            page = list(map(read, found))
            yield page
            after = key(page[-1])


class Chains(Reads):
    def __init__(self, reader: Reader, snapshot: Snapshot) -> None:
        super().__init__(reader)
        self._snapshot = snapshot

    async def unbound(self, *, limit: int) -> Sequence[Head]:
        return [Head(*row) for row in await self._reader.all(_UNBOUND, (limit,))]

    async def last_checkpoint(self) -> LogCheckpoint | None:
        row = await self._reader.one(_LAST, (1,))
        return None if row is None else rows.checkpoint(row)

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[WholeLog]:
        async with self._snapshot() as reader:
            log = WholeLog(reader)
            # Both engines take "this moment" to be that of the first question.
            await log.size()
            yield log
