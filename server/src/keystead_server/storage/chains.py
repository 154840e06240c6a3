"""The chains that this process writes, and the statements that add a link to one.

A link needs the digest of the link before it, so the writers of one chain wait for each other.
SQLite has one writer, and one chain. With PostgreSQL several statements are under way at once, and
each takes a chain that nobody else is using, or begins one: no statement waits for another, and a
process has as many chains as it ever had writes at once.

What became of a write decides about its chain:

    written         the next write goes on from its link
    taken back      the next write goes on from where this one did
    not known       nobody goes on: a new chain begins, and a checkpoint binds the old one where it really ended
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import asyncpg
from sqlalchemy import CTE, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.log_chain import ChainId, Head, LogLink, RowMark, mark
from keystead_server.domain.sign_in import Attempt
from keystead_server.ports.changes import Add, Change, Conflict
from keystead_server.ports.clock import Entropy
from keystead_server.storage import schema
from keystead_server.storage.lines import REFUSED
from keystead_server.storage.rows import chains as rows
from keystead_server.storage.statement import Arguments, Statement

T = TypeVar("T")

# A chain that another process goes on with was in a copy of this process's memory: a new one never is.
TRIES = 3
_ADD_LINK = Statement(insert(schema.log_links), *(column.name for column in schema.log_links.c))


def _moved(insertion: Any) -> Any:
    return insertion.on_conflict_do_update(index_elements=["chain_id"], set_={"number": insertion.excluded.number})


_MOVE_HEAD = Statement(
    _moved(sqlite.insert(schema.log_heads)),
    "chain_id",
    "number",
    postgresql=_moved(postgresql.insert(schema.log_heads)),
)


class Logged(NamedTuple):
    """What a unit writes into the logs.

    Attributes:
        packed: the same, as it rests.
        at: when; a chain that begins with it is named for that moment.
    """

    marks: Sequence[RowMark]
    packed: bytes
    at: datetime


def logged(changes: Sequence[Change]) -> Logged | None:
    """What *changes* write into the logs; None when that is nothing.

    Raises:
        Exception: a value that makes no row, to its caller and nobody else.
    """
    found = [
        change.value for change in changes if isinstance(change, Add) and isinstance(change.value, Attempt | AuditEvent)
    ]
    if not found:
        return None
    marks = [mark(value) for value in found]
    return Logged(marks, b"".join(map(rows.pack, marks)), found[0].at)


def together(units: Sequence[Logged]) -> Logged:
    """What several units write, in their order."""
    marks, packed = [row for unit in units for row in unit.marks], b"".join([unit.packed for unit in units])
    return Logged(marks, packed, units[0].at)


class NewLink(NamedTuple):
    """A link, and what of it is written."""

    link: LogLink
    row: Arguments


def follow(head: Head, unit: Logged) -> NewLink:
    """The link for *unit* behind *head*."""
    link = head.link(unit.marks)
    return NewLink(link, rows.link_row(link, unit.packed))


def link_parts() -> tuple[list[CTE], list[str]]:
    """The same as parts of a PostgreSQL statement, and the names of what they are given: `link_values`."""
    table = schema.log_links
    values = {column: bindparam(f"link_{column.name}", type_=column.type) for column in table.c}
    link = insert(table).values(values).returning(table.c.number).cte("link")
    # Other parts see nothing of what this one inserts, so the values are given once more.
    heads = schema.log_heads
    moved = _moved(postgresql.insert(heads).values({column: bindparam(f"head_{column.name}") for column in heads.c}))
    names = [f"link_{column.name}" for column in table.c] + [f"head_{column.name}" for column in heads.c]
    return [link, moved.returning(heads.c.number).cte("head")], names


def link_values(new: NewLink) -> Arguments:
    return *new.row, new.link.chain_id, new.link.number


def link_steps(new: NewLink) -> list[tuple[Statement, Arguments]]:
    """What writes a link and says that no checkpoint binds it yet."""
    return [(_ADD_LINK, new.row), (_MOVE_HEAD, (new.link.chain_id, new.link.number))]


class Chains:
    """The heads of this process's chains that no write is using."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._free: list[Head] = []

    def take(self, at: datetime) -> Head:
        """A head for one write; it comes back with `keep`, or never."""
        return self._free.pop() if self._free else Head(ChainId(self._entropy.new_id(at)))

    def keep(self, head: Head) -> None:
        self._free.append(head)

    async def extend(self, unit: Logged | None, write: Callable[[NewLink | None], Awaitable[T]]) -> T:
        """Do *write*, which writes to PostgreSQL, with the link for what it logs.

        Raises:
            Exception: what *write* raised.
        """
        if unit is None:
            return await write(None)
        for _ in range(TRIES):
            head = self.take(unit.at)
            new = follow(head, unit)
            try:
                outcome = await write(new)
            except REFUSED as error:
                if _is_ours(error):
                    last = error
                    continue
                self.keep(head)
                raise
            self.keep(head if isinstance(outcome, Conflict) else new.link.head)
            return outcome
        raise last


def _is_ours(error: Exception) -> bool:
    """Whether it was the link that was refused, and no change of a caller's."""
    return isinstance(error, asyncpg.UniqueViolationError) and error.table_name == schema.log_links.name
