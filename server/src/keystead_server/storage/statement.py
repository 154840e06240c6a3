"""A statement written once in SQLAlchemy Core, and its text for each driver.

Building and compiling a statement costs many times what running it does, so it is compiled on
first use and kept; from then on the bare driver gets the text and a tuple.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import ClauseElement

Arguments: TypeAlias = tuple[Any, ...]
Row: TypeAlias = Sequence[Any]

_SQLITE: Dialect = sqlite.dialect(paramstyle="qmark")
_POSTGRESQL: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]


class Text(NamedTuple):
    """What the driver gets.

    Attributes:
        arrange: puts a statement's arguments into the driver's order; None when they are in it.
    """

    sql: str
    arrange: Callable[[Arguments], Arguments] | None

    def arguments(self, given: Arguments) -> Arguments:
        return given if self.arrange is None else self.arrange(given)


class Statement:
    """A statement whose arguments are given in the order of *names*.

    *postgresql* is for the few that the two engines write differently.
    """

    def __init__(self, element: ClauseElement, *names: str, postgresql: ClauseElement | None = None) -> None:
        self._element = element
        self._postgresql = element if postgresql is None else postgresql
        self._names = names

    @cached_property
    def sqlite(self) -> Text:
        return _compile(self._element, _SQLITE, self._names)

    @cached_property
    def postgresql(self) -> Text:
        return _compile(self._postgresql, _POSTGRESQL, self._names)


def _compile(element: ClauseElement, dialect: Dialect, names: tuple[str, ...]) -> Text:
    compiled: Any = element.compile(dialect=dialect)
    order: list[str] = list(compiled.positiontup or ())
    if order == list(names):
        return Text(compiled.string, None)
    # What is not named must be a constant of the statement: forgetting to name a value fails here.
    constants = {name: value for name, value in compiled.params.items() if name not in names}
    if None in constants.values() or not set(names) <= set(order):
        raise TypeError(f"{compiled} binds {sorted(set(order))}, but is given {sorted(names)}")
    source = [*names, *constants]
    places, fixed = [source.index(name) for name in order], tuple(constants.values())
    return Text(compiled.string, lambda given: _pick(given + fixed, places))


def _pick(values: Arguments, places: Sequence[int]) -> Arguments:
    return tuple([values[place] for place in places])
