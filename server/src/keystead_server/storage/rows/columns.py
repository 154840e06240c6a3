"""How single values rest in a column: moments, lists, ids of models."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Table

Columns: TypeAlias = tuple[ColumnElement[Any], ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def all_but(table: Table, *hidden: str) -> Columns:
    """The columns of *table* that a domain value is made from."""
    return tuple(column for column in table.c if column.name not in hidden)


def to_micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


# Of an app, a person, a session of just now: they are read again and again.
@lru_cache(maxsize=4096)
def to_moment(micros: int) -> datetime:
    return _EPOCH + timedelta(0, 0, micros)


def to_optional_micros(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def to_optional_moment(micros: int | None) -> datetime | None:
    return None if micros is None else to_moment(micros)


def to_list(values: Sequence[str]) -> str:
    return json.dumps(list(values), separators=(",", ":"))


# The same few lists and models stand in every row.
@lru_cache(maxsize=4096)
def to_tuple(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=1024)
def to_uuid(text: str) -> UUID:
    return UUID(text)


def over_at(expires_at: int, ended_at: int | None) -> int:
    """When a row stopped being of use: what `sweep` goes by."""
    return expires_at if ended_at is None else min(expires_at, ended_at)
