"""`$filter`: what may be asked of a collection's declared properties.

    or   and   not   ( )
    property eq|ne|gt|ge|lt|le literal        property in ('a', 'b')
    startsWith|endsWith|contains(property, 'text')
    collection/any(x: x/property eq 'a')      collection/any()

Depth and size are bounded before anything is evaluated, so that no filter costs more than its rows.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from keystead_server.http.graph.odata.errors import FilterRefused
from keystead_server.http.graph.odata.lexer import Kind, Token, tokens

MAX_DEPTH = 12
MAX_TERMS = 64

Literal: TypeAlias = str | int | bool | datetime | None
OPERATORS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
# In lower case: Graph writes startsWith, OData startswith.
FUNCTIONS = frozenset({"startswith", "endswith", "contains"})


@dataclass(frozen=True, slots=True)
class Each:
    """The type of a collection: of values, or of objects with these properties."""

    of: "Kind | Mapping[str, Kind]"


Fields: TypeAlias = Mapping[str, "Kind | Each"]


@dataclass(frozen=True, slots=True)
class Compare:
    """Attributes:
    path: the property; with its lambda variable in front inside `any`.
    """

    path: str
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class In:
    path: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Match:
    function: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some element of the collection satisfies *inner*; with None, there is one at all."""

    path: str
    variable: str
    inner: "Expression | None"


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    terms: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    terms: "tuple[Expression, ...]"


Expression: TypeAlias = Compare | In | Match | AnyOf | Not | And | Or


def parse_filter(text: str, fields: Fields) -> Expression:
    """Raises FilterRefused."""
    parser = _Parser(tokens(text), fields)
    found = parser.disjunction(0)
    parser.expect(Kind.END)
    return found


class _Parser:
    """Reads by recursive descent, one token ahead."""

    def __init__(self, stream: Iterator[Token], fields: Fields) -> None:
        self._stream = stream
        self._next = next(stream)
        self._fields: Fields = fields
        self._terms = 0

    # -- tokens --------------------------------------------------------------------------------

    def _take(self) -> Token:
        taken = self._next
        if taken.kind is not Kind.END:
            self._next = next(self._stream)
        return taken

    def _is(self, text: str) -> bool:
        return self._next.kind in (Kind.NAME, Kind.MARK) and self._next.value == text

    def expect(self, kind: Kind, text: str | None = None) -> Token:
        if self._next.kind is not kind or (text is not None and self._next.value != text):
            raise FilterRefused(f"{repr(text) if text else kind.value} is missing", self._next.position)
        return self._take()

    # -- expressions ---------------------------------------------------------------------------

    def disjunction(self, depth: int) -> Expression:
        return self._joined("or", Or, self._conjunction, depth)

    def _conjunction(self, depth: int) -> Expression:
        return self._joined("and", And, self._negation, depth)

    def _joined(
        self,
        word: str,
        kind: Callable[[tuple[Expression, ...]], Expression],
        part: Callable[[int], Expression],
        depth: int,
    ) -> Expression:
        if depth > MAX_DEPTH:
            raise FilterRefused(f"it is nested deeper than {MAX_DEPTH}", self._next.position)
        terms = [part(depth)]
        while self._is(word):
            self._take()
            terms.append(part(depth))
        return terms[0] if len(terms) == 1 else kind(tuple(terms))

    def _negation(self, depth: int) -> Expression:
        if self._is("not"):
            self._take()
            if depth > MAX_DEPTH:
                raise FilterRefused(f"it is nested deeper than {MAX_DEPTH}", self._next.position)
            return Not(self._negation(depth + 1))
        if self._is("("):
            self._take()
            inner = self.disjunction(depth + 1)
            self.expect(Kind.MARK, ")")
            return inner
        return self._term(depth)

    def _term(self, depth: int) -> Expression:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise FilterRefused(f"it has more than {MAX_TERMS} conditions", self._next.position)
        name = self.expect(Kind.NAME)
        path = str(name.value)
        if path.lower() in FUNCTIONS and self._is("("):
            return self._function(path.lower())
        if path.endswith("/any") and self._is("("):
            return self._any(path.removesuffix("/any"), name.position, depth)
        kind = self._kind(path, name.position)
        if self._is("in"):
            return self._in(path, kind)
        operator = self.expect(Kind.NAME)
        if operator.value not in OPERATORS:
            raise FilterRefused(f"{operator.value!r} is no operator", operator.position)
        return Compare(path, str(operator.value), self._literal(kind, str(operator.value)))

    def _function(self, function: str) -> Expression:
        self.expect(Kind.MARK, "(")
        name = self.expect(Kind.NAME)
        if self._kind(str(name.value), name.position) is not Kind.TEXT:
            raise FilterRefused(f"{name.value!r} is not text", name.position)
        self.expect(Kind.MARK, ",")
        text = self.expect(Kind.TEXT)
        self.expect(Kind.MARK, ")")
        return Match(function, str(name.value), str(text.value))

    def _in(self, path: str, kind: Kind) -> Expression:
        self._take()
        self.expect(Kind.MARK, "(")
        values = [self._literal(kind, "eq")]
        while self._is(","):
            self._take()
            values.append(self._literal(kind, "eq"))
            if len(values) > MAX_TERMS:
                raise FilterRefused(f"a list has at most {MAX_TERMS} values", self._next.position)
        self.expect(Kind.MARK, ")")
        return In(path, tuple(values))

    def _any(self, path: str, position: int, depth: int) -> Expression:
        each = self._fields.get(path)
        if not isinstance(each, Each):
            raise FilterRefused(f"{path!r} is no collection that can be filtered by", position)
        self.expect(Kind.MARK, "(")
        if self._is(")"):
            self._take()
            return AnyOf(path, "", None)
        variable = str(self.expect(Kind.NAME).value)
        self.expect(Kind.MARK, ":")
        outer = self._fields
        inside = {"": each.of} if isinstance(each.of, Kind) else each.of
        self._fields = {f"{variable}/{name}" if name else variable: kind for name, kind in inside.items()}
        inner = self.disjunction(depth + 1)
        self._fields = outer
        self.expect(Kind.MARK, ")")
        return AnyOf(path, variable, inner)

    # -- properties and values -----------------------------------------------------------------

    def _kind(self, path: str, position: int) -> Kind:
        kind = self._fields.get(path)
        if kind is None:
            raise FilterRefused(f"{path!r} is no property that can be filtered by", position)
        if isinstance(kind, Each):
            raise FilterRefused(f"{path!r} is a collection: use {path}/any(…)", position)
        return kind

    def _literal(self, kind: Kind, operator: str) -> Literal:
        token = self._take()
        if token.kind is Kind.NULL and operator in ("eq", "ne"):
            return None
        if token.kind is not kind:
            raise FilterRefused(f"{kind.value} is missing", token.position)
        if kind is Kind.FLAG and operator not in ("eq", "ne"):
            raise FilterRefused(f"{operator!r} does not order true and false", token.position)
        return token.value
