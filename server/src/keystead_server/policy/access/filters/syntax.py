"""Text → rule, or the place where it is wrong.

    rule        any
    any         all { -or all }
    all         one { -and one }
    one         -not one | ( any ) | comparison
    comparison  prefix.attribute -operator value
    value       "text" | 'text' | word | [ value, … ]

`-and` binds closer than `-or`; the hyphen before `and`, `or` and `not` may be left out; case never matters.
In a text the quote itself is written twice, or with a backtick before it.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.filters.subjects import OPERATORS, VALUES, Subject

MAX_RULE_CHARACTERS = 3072
MAX_DEPTH = 32

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<mark>[()\[\],])
      | "(?P<double>(?:[^"`]|""|`.)*)"
      | '(?P<single>(?:[^'`]|''|`.)*)'
      | (?P<word>[^\s()\[\],"']+)""",
    re.VERBOSE | re.DOTALL,
)


class FilterMalformed(Invalid):
    """A rule that cannot be one.

    Attributes:
        position: of the character where it goes wrong, counted from 1.
    """

    code = "filter_malformed"

    def __init__(self, message: str, position: int) -> None:
        super().__init__(self.code, f"{message} (at character {position})")
        self.position = position


@dataclass(frozen=True, slots=True)
class Comparison:
    """Attributes:
    attribute: folded, without its prefix.
    values: folded; several only with `in` and `notIn`.
    position: of the attribute, counted from 1.
    """

    attribute: str
    operator: str
    values: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Every:
    parts: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Some:
    parts: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Opposite:
    part: "Expression"


Expression: TypeAlias = Comparison | Every | Some | Opposite


@dataclass(frozen=True, slots=True)
class Rule:
    """Attributes:
    text: as it was written; a policy goes out as it came in.
    """

    text: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    position: int
    quoted: bool = False

    def is_word(self, *words: str) -> bool:
        return not self.quoted and self.text.casefold() in words


def parse(text: str, subject: Subject) -> Rule:
    """Read a rule about *subject*.

    Raises:
        FilterMalformed: it is not one; the message ends with the place.
    """
    if len(text) > MAX_RULE_CHARACTERS:
        raise FilterMalformed(f"a rule has at most {MAX_RULE_CHARACTERS} characters", MAX_RULE_CHARACTERS + 1)
    parser = _Parser(_tokens(text), subject, end=len(text) + 1)
    expression = parser.any_of(depth=0)
    parser.expect_end()
    return Rule(text, expression)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise FilterMalformed("a text that does not end", at + 1)
        if found["double"] is not None:
            tokens.append(_Token(_unquoted(found["double"], '"'), at + 1, quoted=True))
        elif found["single"] is not None:
            tokens.append(_Token(_unquoted(found["single"], "'"), at + 1, quoted=True))
        elif found["space"] is None:
            tokens.append(_Token(found[0], at + 1))
        at = found.end()
    return tokens


def _unquoted(text: str, quote: str) -> str:
    return re.sub(r"`(.)", r"\1", text.replace(quote * 2, quote), flags=re.DOTALL)


class _Parser:
    def __init__(self, tokens: list[_Token], subject: Subject, *, end: int) -> None:
        self._tokens = tokens
        self._subject = subject
        self._end = end
        self._next = 0

    def any_of(self, depth: int) -> Expression:
        parts = [self._all_of(depth)]
        while self._take("-or", "or"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def expect_end(self) -> None:
        left = self._peek()
        if left is not None:
            raise FilterMalformed(f"expected -and, -or or the end, not {left.text!r}", left.position)

    def _all_of(self, depth: int) -> Expression:
        parts = [self._one(depth)]
        while self._take("-and", "and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self, depth: int) -> Expression:
        token = self._must("a comparison")
        # Without a bound, a rule of three thousand brackets would be as deep a recursion.
        if depth > MAX_DEPTH:
            raise FilterMalformed(f"brackets more than {MAX_DEPTH} deep", token.position)
        if token.is_word("-not", "not"):
            return Opposite(self._one(depth + 1))
        if token.is_word("("):
            inside = self.any_of(depth + 1)
            self._close(")")
            return inside
        return self._comparison(token)

    def _comparison(self, token: _Token) -> Comparison:
        attribute = self._attribute(token)
        operator = self._operator(attribute, token)
        first = self._must("a value")
        values = self._list(first) if operator in ("in", "notIn") else (self._value(first),)
        self._check_values(attribute, values, first)
        return Comparison(attribute, operator, values, token.position)

    def _attribute(self, token: _Token) -> str:
        prefix, dot, name = token.text.partition(".")
        if token.quoted or not dot or prefix.casefold() != self._subject.prefix.casefold():
            raise FilterMalformed(f"expected {self._subject.prefix}.…, not {token.text!r}", token.position)
        if self._subject.operators_of(name) is None:
            raise FilterMalformed(f"there is no attribute {token.text}", token.position)
        # A custom attribute is named by its set and itself, with `_` or `.` between them.
        return name.casefold() if self._subject.attributes is not None else name.casefold().replace(".", "_")

    def _operator(self, attribute: str, of: _Token) -> str:
        token = self._must("an operator")
        operator = OPERATORS.get(token.text.removeprefix("-").casefold())
        if operator is None or token.quoted or not token.text.startswith("-"):
            raise FilterMalformed(f"{token.text!r} is no operator", token.position)
        taken = self._subject.operators_of(attribute) or frozenset()
        if operator not in taken:
            allowed = ", ".join(f"-{name}" for name in sorted(taken))
            raise FilterMalformed(f"{of.text} takes {allowed}, not {token.text}", token.position)
        return operator

    def _list(self, first: _Token) -> tuple[str, ...]:
        if not first.is_word("["):
            raise FilterMalformed("expected a list in square brackets", first.position)
        values = [self._value(self._must("a value"))]
        while self._take(","):
            values.append(self._value(self._must("a value")))
        self._close("]")
        return tuple(values)

    def _value(self, token: _Token) -> str:
        if not token.quoted and (token.text in "()[]," or token.text.startswith("-")):
            raise FilterMalformed(f"expected a value, not {token.text!r}", token.position)
        if token.is_word("null"):
            raise FilterMalformed("null cannot be compared with: what is absent never equals a value", token.position)
        return token.text.casefold()

    def _check_values(self, attribute: str, values: tuple[str, ...], at: _Token) -> None:
        # Only devices' attributes have fixed values; a custom attribute may share a name.
        known = VALUES.get(attribute) if self._subject.attributes is not None else None
        for value in values:
            if known is not None and value not in known:
                raise FilterMalformed(f"{attribute} is one of: {', '.join(sorted(known))}", at.position)

    def _close(self, mark: str) -> None:
        token = self._must(f"{mark!r}")
        if not token.is_word(mark):
            raise FilterMalformed(f"expected {mark!r}, not {token.text!r}", token.position)

    def _take(self, *words: str) -> bool:
        token = self._peek()
        if token is None or not token.is_word(*words):
            return False
        self._next += 1
        return True

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _must(self, what: str) -> _Token:
        token = self._peek()
        if token is None:
            raise FilterMalformed(f"the rule ends where {what} is expected", self._end)
        self._next += 1
        return token
