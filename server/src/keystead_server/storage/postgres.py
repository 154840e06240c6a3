"""The store in PostgreSQL: for several server processes, and for more than one machine.

A read is one statement on a kept connection. Hot writes go through `batches`: one statement,
one round trip, one commit, for all units of a kind that are waiting. Everything else is a
transaction, statement by statement.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import asyncpg

from keystead_server.ports.changes import Change, Conflict, Written
from keystead_server.storage import writes
from keystead_server.storage.batches import Batches, Unit, shape_of
from keystead_server.storage.chains import Chains, NewLink, link_steps, logged
from keystead_server.storage.errors import StorageUnavailable
from keystead_server.storage.lines import REFUSED, Lines
from keystead_server.storage.reads.nouns import Nouns
from keystead_server.storage.reads.reader import Reader
from keystead_server.storage.statement import Arguments, Row, Statement
from keystead_server.storage.sweep import sweeps
from keystead_server.storage.writes import Step

_WRITTEN = Written()
# A key or a name is taken; a parent is gone.
_CONFLICTS = (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError)


class Fetching(Protocol):
    async def fetch(self, sql: str, arguments: Arguments) -> list[Row]: ...


@dataclass(frozen=True, slots=True)
class _Held:
    """One connection, in one transaction."""

    connection: Any

    async def fetch(self, sql: str, arguments: Arguments) -> list[Row]:
        found: list[Row] = await self.connection.fetch(sql, *arguments)
        return found


class PostgresReader:
    def __init__(self, lines: Fetching) -> None:
        self._lines = lines

    async def one(self, statement: Statement, arguments: Arguments) -> Row | None:
        found = await self.all(statement, arguments)
        return found[0] if found else None

    async def all(self, statement: Statement, arguments: Arguments) -> Sequence[Row]:
        text = statement.postgresql
        try:
            return await self._lines.fetch(text.sql, text.arguments(arguments))
        except asyncpg.DataError:
            # An argument that no column can hold, such as a NUL or a lone surrogate out of a JSON
            # escape: no row can have it, so none is found.
            return ()


class PostgresStore(Nouns):
    """Everything, in one PostgreSQL database."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._chains = Chains(lines.entropy)
        self._batches = Batches(lines, self._chains, self._change_by_change)
        super().__init__(PostgresReader(lines), self._snapshot)

    async def write(self, *changes: Change) -> Written | Conflict:
        shape = shape_of(changes)
        if shape is not None:
            return await self._batches.submit(shape, changes)
        return await self._change_by_change(changes)

    async def _change_by_change(self, changes: Unit) -> Written | Conflict:
        steps = [writes.step(change) for change in changes]
        try:
            return await self._chains.extend(
                logged(changes),
                lambda link: self._lines.use(lambda connection: _transaction(connection, changes, steps, link)),
            )
        except REFUSED as error:
            raise StorageUnavailable(f"PostgreSQL: {error}") from error

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Reader]:
        async with self._lines.hold() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            yield PostgresReader(_Held(connection))

    async def sweep(self, now: datetime) -> int:
        deleted = 0
        for statement, arguments in sweeps(now):
            text = statement.postgresql
            while rows := await self._lines.use(_deletion(text.sql, text.arguments(arguments))):
                deleted += rows
        return deleted

    async def ping(self) -> None:
        found = await self._lines.fetch("SELECT current_setting('transaction_read_only')", ())
        if found[0][0] != "off":
            raise StorageUnavailable("PostgreSQL: the server is read-only; it may be a standby")

    async def close(self) -> None:
        """Let what is being written finish, and hang up."""
        await self._batches.drain()
        await self._lines.close()


class _Refused(Exception):
    """Leaves the transaction, which takes back what it did."""

    def __init__(self, change: Change) -> None:
        self.change = change


async def _transaction(connection: Any, changes: Unit, steps: list[Step], link: NewLink | None) -> Written | Conflict:
    try:
        async with connection.transaction():
            for change, step in zip(changes, steps, strict=True):
                await _make(connection, change, step)
            for statement, arguments in link_steps(link) if link else ():
                text = statement.postgresql
                await connection.execute(text.sql, *text.arguments(arguments))
    except _Refused as refused:
        return Conflict(refused.change)
    return _WRITTEN


async def _make(connection: Any, change: Change, step: Step) -> None:
    text = step.statement.postgresql
    try:
        if step.lock is not None:
            lock = step.lock.postgresql
            await connection.execute(lock.sql, *lock.arguments(step.arguments))
        status = await connection.execute(text.sql, *text.arguments(step.arguments))
    except _CONFLICTS as error:
        raise _Refused(change) from error
    if step.must_hit and _rows(status) == 0:
        raise _Refused(change)


def _deletion(sql: str, arguments: Arguments) -> Callable[[Any], Awaitable[int]]:
    async def delete(connection: Any) -> int:
        return _rows(await connection.execute(sql, *arguments))

    return delete


def _rows(status: str) -> int:
    """How many rows a command touched, by its tag: `UPDATE 1`."""
    return int(status.rpartition(" ")[2])
