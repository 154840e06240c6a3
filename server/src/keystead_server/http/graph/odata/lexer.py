"""A filter's text as tokens, each knowing where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from keystead_server.http.graph.odata.errors import FilterRefused

MAX_FILTER_CHARACTERS = 4096


class Kind(Enum):
    """What a token, or a property, is."""

    NAME = "a name"
    TEXT = "text in single quotes"
    NUMBER = "a number"
    MOMENT = "a moment such as 2026-03-02T12:00:00Z"
    FLAG = "true or false"
    NULL = "null"
    MARK = "a mark"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """Attributes:
    value: of a literal, what it stands for; of the others, their text.
    """

    kind: Kind
    value: str | int | bool | datetime | None
    position: int


_TOKEN = re.compile(
    r"""
    (?P<text>'(?:[^']|'')*')
  | (?P<moment>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?(?![\w.-]))
  | (?P<guid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![\w-]))
  | (?P<number>-?\d{1,15}(?![\w.]))
  | (?P<name>[A-Za-z_][\w.]*(?:/[A-Za-z_]\w*)*)
  | (?P<mark>[(),:/])
    """,
    re.VERBOSE | re.ASCII,
)
_SPACE = re.compile(r" *")
_WORDS = {"true": (Kind.FLAG, True), "false": (Kind.FLAG, False), "null": (Kind.NULL, None)}


def tokens(text: str) -> Iterator[Token]:
    """Raises FilterRefused."""
    if len(text) > MAX_FILTER_CHARACTERS:
        raise FilterRefused(f"it is longer than {MAX_FILTER_CHARACTERS} characters", MAX_FILTER_CHARACTERS)
    # Nothing we keep has them, and one of our databases refuses them.
    control = next(
        (i for i, c in enumerate(text) if c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff"), None
    )
    if control is not None:
        raise FilterRefused("a control character", control)
    at = _after_space(text, 0)
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise FilterRefused(_unreadable(text, at), at)
        yield _token(found, at)
        at = _after_space(text, found.end())
    yield Token(Kind.END, "", len(text))


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _unreadable(text: str, at: int) -> str:
    return "text without its closing quote" if text[at] == "'" else f"{text[at]!r} cannot be read"


def _token(found: re.Match[str], at: int) -> Token:
    written = found[0]
    match found.lastgroup:
        case "text":
            return Token(Kind.TEXT, written[1:-1].replace("''", "'"), at)
        case "guid":
            return Token(Kind.TEXT, written, at)
        case "moment":
            return Token(Kind.MOMENT, _moment(written, at), at)
        case "number":
            return Token(Kind.NUMBER, int(written), at)
        case "name":
            kind, value = _WORDS.get(written, (Kind.NAME, written))
            return Token(kind, value, at)
        case _:
            return Token(Kind.MARK, written, at)


def _moment(written: str, at: int) -> datetime:
    try:
        # Nanoseconds are Graph's; nobody here counts finer than microseconds.
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", written))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise FilterRefused("there is no such moment", at) from None
