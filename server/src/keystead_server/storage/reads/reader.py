"""What an engine offers to the reads, and what several of them share."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

from sqlalchemy import BindParameter, ColumnElement, Table, bindparam, func, literal_column, select

from keystead_server.domain.ids import GroupId
from keystead_server.storage.schema import memberships, users
from keystead_server.storage.statement import Arguments, Row, Statement


class Reader(Protocol):
    async def one(self, statement: Statement, arguments: Arguments) -> Row | None:
        """The first row, or None.

        Raises:
            StorageUnavailable: the database did not answer.
        """
        ...

    async def all(self, statement: Statement, arguments: Arguments) -> Sequence[Row]:
        """Every row, in the statement's order."""
        ...


# Opens a reader that sees the database as it is now, for as long as it is open.
Snapshot: TypeAlias = Callable[[], AbstractAsyncContextManager[Reader]]


class Reads:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader


def given(name: str) -> BindParameter[Any]:
    return bindparam(name)


def here(table: Table) -> ColumnElement[bool]:
    """Rows of the tenant that the reader named."""
    return table.c.tenant_id == given("tenant")


# Text of the statement, not a parameter of it, which SQLAlchemy would make of a str.
_COMMA: Any = literal_column("','")

# The groups of the row of `users` beside it, as one value: a join would repeat the row for each.
GROUP_IDS = (
    select(func.aggregate_strings(memberships.c.group_id, _COMMA))
    .where(memberships.c.tenant_id == users.c.tenant_id, memberships.c.user_id == users.c.id)
    .correlate(users)
    .scalar_subquery()
)


@lru_cache(maxsize=4096)
def group_ids(joined: str | None) -> frozenset[GroupId]:
    return frozenset(map(GroupId, joined.split(","))) if joined else frozenset()
