"""Whether an entity satisfies a filter. Text is compared as Graph does: capitals do not matter."""

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from keystead_server.http.graph.odata.filter import And, AnyOf, Compare, Expression, In, Match, Not, Or

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {"eq": eq, "ne": ne, "gt": gt, "ge": ge, "lt": lt, "le": le}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}


def matches(expression: Expression, entity: Mapping[str, Any]) -> bool:
    match expression:
        case And(terms):
            return all(matches(term, entity) for term in terms)
        case Or(terms):
            return any(matches(term, entity) for term in terms)
        case Not(inner):
            return not matches(inner, entity)
        case Compare(path, operator, value):
            return _compared(_folded(at(entity, path)), operator, _folded(value))
        case In(path, values):
            return _folded(at(entity, path)) in map(_folded, values)
        case Match(function, path, text):
            found = at(entity, path)
            return isinstance(found, str) and _FUNCTIONS[function](found.casefold(), text.casefold())
        case AnyOf(path, variable, inner):
            elements = at(entity, path) or ()
            return any(inner is None or matches(inner, {variable: element}) for element in elements)


def at(entity: Mapping[str, Any], path: str) -> Any:
    """The value of a property, through objects; None when one on the way is not there."""
    value: Any = entity
    for name in path.split("/"):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _compared(value: Any, operator: str, with_: Any) -> bool:
    # Nothing is greater or smaller than nothing.
    if (value is None or with_ is None) and operator not in ("eq", "ne"):
        return False
    return _OPERATORS[operator](value, with_)
