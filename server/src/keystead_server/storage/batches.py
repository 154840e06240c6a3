"""PostgreSQL's group commit: units of one kind that wait together become one statement.

A unit such as [Add(Attempt), PasskeyUsed, Add(Session)] is one statement with a part for each
change, and each part takes arrays: `INSERT … SELECT … FROM unnest($1, $2, …)`. So one unit costs
one round trip, and so do thirty: measured, 32 in a statement need a seventh of the time.

What a statement writes into the logs is one link of a chain, and a part of the statement (see `chains`).

The statement does all or nothing. When anything in it is refused, every unit in it is run by
itself, change by change, which finds the one to blame and does the others' work.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    CTE,
    ColumnElement,
    Table,
    bindparam,
    case,
    column,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.letter import Letter
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.session import Grant, Session
from keystead_server.domain.sign_in import Attempt
from keystead_server.ports.changes import (
    Add,
    Change,
    CloseSession,
    Conflict,
    PasskeyUsed,
    RevokeGrant,
    SpendPass,
    Written,
)
from keystead_server.storage import schema, statements, writes
from keystead_server.storage.chains import Chains, Logged, NewLink, link_parts, link_values, logged, together
from keystead_server.storage.lines import REFUSED, Lines
from keystead_server.storage.statement import Arguments, Statement

MAX_UNITS_IN_A_STATEMENT = 128
# While these are under way the next units gather; more would only make smaller statements.
_STATEMENTS_AT_ONCE = 2
_WRITTEN = Written()
_LOGS = frozenset({Attempt, AuditEvent})

Unit: TypeAlias = tuple[Change, ...]
Shape: TypeAlias = tuple[type[Any], ...]


class _Part(NamedTuple):
    """How one kind of change is written as arrays.

    Attributes:
        columns: what is given for each row.
        values: for an update, the new values from those; None is an insert of all columns.
        unended: for an update, the column that must still be empty.
        must_hit: refuse when a row is not found.
    """

    table: Table
    row: Callable[[Any], Arguments]
    columns: Sequence[ColumnElement[Any]]
    values: Callable[[Any], dict[Any, Any]] | None = None
    unended: str | None = None
    must_hit: bool = False


def _insert(kind: type[Any]) -> _Part:
    table, row = statements.NOUNS[kind]
    return _Part(table, lambda change: row(change.value), list(table.c))


def _end(table: Table, row: Callable[[Any], Arguments], ended: str, *, must_hit: bool) -> _Part:
    columns = [table.c.tenant_id, table.c.id, table.c[ended].label("at")]
    return _Part(table, row, columns, lambda given: statements.ends(table, ended, given.at), ended, must_hit)


_USED = ("sign_count", "backed_up", "last_used_at", "last_used_address", "last_used_agent")
_PASSKEY_USED = _Part(
    schema.passkeys,
    writes.used_row,
    [schema.passkeys.c[name] for name in ("tenant_id", "id", *_USED)],
    lambda given: {name: given[name] for name in _USED},
    must_hit=True,
)
# Only what people do all day. What administrators do is rare, and its order within a unit can
# matter, which the parts of one statement do not have.
_PARTS: dict[type[Any], _Part] = {
    **{kind: _insert(kind) for kind in (Attempt, AuditEvent, Session, Grant, Passkey, TemporaryAccessPass, Letter)},
    PasskeyUsed: _PASSKEY_USED,
    SpendPass: _end(schema.passes, writes.spent_row, "used_at", must_hit=True),
    CloseSession: _end(schema.sessions, writes.closed_row, "closed_at", must_hit=False),
    RevokeGrant: _end(schema.grants, writes.revoked_row, "revoked_at", must_hit=False),
}


def shape_of(unit: Unit) -> Shape | None:
    """The kinds of change in *unit*, or None when it has to be written change by change."""
    shape = tuple([type(change.value) if isinstance(change, Add) else type(change) for change in unit])
    return shape if _fits(shape) else None


@cache
def _fits(shape: Shape) -> bool:
    # All parts of a statement see the tables as they were before it, so two of them must not
    # touch the same one. (Foreign keys are looked at when all parts are done.)
    tables = [_PARTS[kind].table.name for kind in shape if kind in _PARTS]
    return 0 < len(shape) == len(set(tables))


@cache
def _statement(shape: Shape) -> Statement:
    """Writes arrays of units of this shape; divides by zero when a row that must be found is not."""
    ctes, wrong, names = [], [], []
    for index, kind in enumerate(shape):
        part = _PARTS[kind]
        arrays = [bindparam(f"a{index}_{c.name}", type_=ARRAY(c.type)) for c in part.columns]
        names += [array.key for array in arrays]
        cte = _part(part, arrays, f"c{index}")
        ctes.append(cte)
        if part.must_hit:
            found = select(func.count()).select_from(cte).scalar_subquery()
            wrong.append(found != func.cardinality(arrays[0]))
    if _LOGS.intersection(shape):
        parts, given = link_parts()
        ctes += parts
        names += given
    # An error is the only way for a statement to take back what its parts have written.
    all_found = case(*[(each, literal_column("0")) for each in wrong], else_=literal_column("1"))
    final = select(literal_column("1").op("/")(all_found) if wrong else literal(1)).add_cte(*ctes)
    return Statement(final, *names)


def _part(part: _Part, arrays: list[Any], name: str) -> CTE:
    columns = [column(c.name, c.type) for c in part.columns]
    given = func.unnest(*arrays).table_valued(*columns, name=f"given_{name}").render_derived()
    table = part.table
    if part.values is None:
        return insert(table).from_select([c.name for c in columns], select(*given.c)).returning(table.c.id).cte(name)
    where = [table.c.tenant_id == given.c.tenant_id, table.c.id == given.c.id]
    if part.unended is not None:
        where.append(table.c[part.unended].is_(None))
    return update(table).where(*where).values(part.values(given.c)).returning(table.c.id).cte(name)


class _Waiting(NamedTuple):
    unit: Unit
    rows: list[Arguments]
    logged: Logged | None
    future: "asyncio.Future[Written | Conflict]"


class Batches:
    """Gathers units of the same shape and writes them together."""

    def __init__(
        self, lines: Lines, chains: Chains, one_by_one: Callable[[Unit], Awaitable[Written | Conflict]]
    ) -> None:
        self._lines = lines
        self._chains = chains
        self._one_by_one = one_by_one
        self._waiting: dict[Shape, deque[_Waiting]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._scheduled = False

    async def submit(self, shape: Shape, unit: Unit) -> Written | Conflict:
        # Here, where a value that makes no row is its caller's error and nobody else's.
        rows = [_PARTS[kind].row(change) for kind, change in zip(shape, unit, strict=True)]
        unit_logged = logged(unit)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Written | Conflict] = loop.create_future()
        self._waiting.setdefault(shape, deque()).append(_Waiting(unit, rows, unit_logged, future))
        if not self._scheduled and len(self._running) < _STATEMENTS_AT_ONCE:
            # At the end of this turn of the loop, so that what comes in the same turn goes along.
            self._scheduled = True
            loop.call_soon(self._start)
        return await future

    async def drain(self) -> None:
        """Return when nothing is being written."""
        while self._running or self._waiting:
            await asyncio.sleep(0)
            if self._running:
                await asyncio.wait(self._running)

    def _start(self) -> None:
        self._scheduled = False
        while self._waiting and len(self._running) < _STATEMENTS_AT_ONCE:
            # Oldest shape first; what is left of it goes to the end of the queue.
            shape = next(iter(self._waiting))
            queue = self._waiting.pop(shape)
            batch = [queue.popleft() for _ in range(min(len(queue), MAX_UNITS_IN_A_STATEMENT))]
            if queue:
                self._waiting[shape] = queue
            task = asyncio.ensure_future(self._write(shape, batch))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._start()

    async def _write(self, shape: Shape, batch: list[_Waiting]) -> None:
        try:
            found = [waiting.logged for waiting in batch if waiting.logged]
            await self._chains.extend(
                together(found) if found else None,
                lambda link: self._together(shape, [waiting.rows for waiting in batch], link),
            )
        except REFUSED:
            await asyncio.gather(*[self._alone(waiting) for waiting in batch])
        except BaseException as error:
            for waiting in batch:
                _fail(waiting.future, error)
        else:
            for waiting in batch:
                if not waiting.future.done():
                    waiting.future.set_result(_WRITTEN)

    async def _together(self, shape: Shape, units: list[list[Arguments]], link: NewLink | None) -> None:
        text = _statement(shape).postgresql
        # From a list of units of rows to one array for each column of each part.
        arrays: list[Any] = [array for rows in zip(*units, strict=True) for array in zip(*rows, strict=True)]
        given = (*arrays, *link_values(link)) if link else tuple(arrays)
        await self._lines.fetch(text.sql, text.arguments(given))

    async def _alone(self, waiting: _Waiting) -> None:
        try:
            outcome = await self._one_by_one(waiting.unit)
        except BaseException as error:
            _fail(waiting.future, error)
        else:
            if not waiting.future.done():
                waiting.future.set_result(outcome)


def _fail(future: "asyncio.Future[Written | Conflict]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
