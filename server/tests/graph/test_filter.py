"""`$filter`: what it says is what it selects, and what cannot be read is refused with its place."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keystead_server.http.graph.odata.errors import FilterRefused
from keystead_server.http.graph.odata.filter import (
    MAX_DEPTH,
    MAX_TERMS,
    And,
    AnyOf,
    Compare,
    Each,
    Fields,
    In,
    Match,
    Not,
    Or,
    parse_filter,
)
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.match import matches

FIELDS: Fields = {
    "id": Kind.TEXT,
    "displayName": Kind.TEXT,
    "accountEnabled": Kind.FLAG,
    "createdDateTime": Kind.MOMENT,
    "status/errorCode": Kind.NUMBER,
    "roles": Each(Kind.TEXT),
    "targets": Each({"id": Kind.TEXT, "size": Kind.NUMBER}),
}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA: dict[str, Any] = {
    "id": "1", "displayName": "Ada O'Hara", "accountEnabled": True, "createdDateTime": NOON,
    "status": {"errorCode": 50034}, "roles": ["Global Reader"], "targets": [{"id": "a", "size": 3}, {"id": "b"}],
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "displayName eq 'ada o''hara'",
        "displayName ne 'Grace'",
        "displayName ne null",
        "not (displayName eq null)",
        "startsWith(displayName, 'ADA')",
        "startswith(displayName,'ada') and endswith(displayName,'hara') and contains(displayName,'O''')",
        "accountEnabled eq true",
        "createdDateTime ge 2026-03-02T12:00:00Z",
        "createdDateTime ge 2026-03-02",
        "createdDateTime lt 2026-03-02T14:00:00.0000001+01:00",
        "status/errorCode gt 50000 and status/errorCode le 50034",
        "id in ('0', '1')",
        "id eq '2' or id eq '3' or id eq '1'",
        "id eq '1' or id eq '2' and id eq '3'",
        "not (id eq '2') and not (not (id eq '1'))",
        "not id eq '2'",
        "roles/any(r: r eq 'global reader')",
        "roles/any()",
        "targets/any(t: t/id eq 'a' and t/size ge 3)",
        "  (  (id eq '1')  )  ",
    ],
)
def test_selects_what_it_says(text: str) -> None:
    assert matches(parse_filter(text, FIELDS), ADA)


@pytest.mark.parametrize(
    "text",
    [
        "displayName eq null",
        "(id eq '1' or id eq '2') and id eq '3'",
        "createdDateTime gt 2026-03-02T12:00:00Z",
        "createdDateTime lt 2026-03-02T12:00:00Z",
        "roles/any(r: r eq 'Global Administrator')",
        "targets/any(t: t/id eq 'b' and t/size ge 3)",
        "not roles/any()",
        "id in ('0', '2')",
        "startsWith(displayName, 'hara')",
    ],
)
def test_leaves_out_what_it_does_not_say(text: str) -> None:
    assert not matches(parse_filter(text, FIELDS), ADA)


def test_nothing_is_neither_greater_nor_smaller() -> None:
    nobody: dict[str, Any] = {}

    for operator in ("gt", "ge", "lt", "le"):
        assert not matches(parse_filter(f"createdDateTime {operator} 2026-03-02", FIELDS), nobody)
    assert matches(parse_filter("displayName eq null", FIELDS), nobody)
    assert not matches(parse_filter("startsWith(displayName,'')", FIELDS), nobody)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("id", 2),
        ("id eq", 5),
        ("id eq 1", 6),
        ("id is '1'", 3),
        ("id eq '1", 6),
        ("id eq '1' and", 13),
        ("id eq '1' xor id eq '2'", 10),
        ("(id eq '1'", 10),
        ("id eq '1')", 9),
        ("secret eq '1'", 0),
        ("roles eq 'x'", 0),
        ("id/any(x: x eq '1')", 0),
        ("roles/any(r: q eq '1')", 13),
        ("roles/any(r: r eq '1') and r eq '2'", 27),
        ("accountEnabled gt true", 18),
        ("accountEnabled eq 'true'", 18),
        ("createdDateTime ge '2026-03-02'", 19),
        ("createdDateTime ge 2026-13-41T00:00:00Z", 19),
        ("createdDateTime gt null", 19),
        ("status/errorCode eq 1.5", 20),
        ("status/errorCode eq 9999999999999999999", 20),
        ("startsWith(createdDateTime, 'x')", 11),
        ("startsWith(id 'x')", 14),
        ("id in ()", 7),
        ("id in ('1',)", 11),
        ("id eq '1' ; drop", 10),
        ("id eq 'a\x00'", 8),
        ("id\teq '1'", 2),
        ("not", 3),
    ],
)
def test_says_where_it_cannot_be_read(text: str, position: int) -> None:
    with pytest.raises(FilterRefused) as refused:
        parse_filter(text, FIELDS)

    assert refused.value.position == position
    assert str(refused.value).endswith(f"at position {position}")


@pytest.mark.parametrize(
    "text",
    [
        "(" * (MAX_DEPTH + 2) + "id eq '1'" + ")" * (MAX_DEPTH + 2),
        "not " * 3000 + "id eq '1'",
        " or ".join(["id eq '1'"] * (MAX_TERMS + 1)),
        "id in (" + ",".join(["'1'"] * (MAX_TERMS + 2)) + ")",
        "roles/any(r: " * (MAX_DEPTH + 2),
        "id eq '" + "x" * 5000 + "'",
    ],
    ids=["parentheses", "negations", "conditions", "a list", "lambdas", "length"],
)
def test_depth_and_size_are_bounded(text: str) -> None:
    with pytest.raises(FilterRefused):
        parse_filter(text, FIELDS)


# -- fuzzing -----------------------------------------------------------------------------------------

_ALPHABET = st.sampled_from(
    [*FIELDS, "any", "eq", "in", "and", "or", "not", "(", ")", ",", ":", "'", "''", "x", "/", " ", "null", "true",
     "2026-03-02", "T12:00:00Z", "1", "-1", "startsWith", "\x00", "é", "%"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(_ALPHABET, max_size=30).map("".join)))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused_with_a_place_in_it(text: str) -> None:
    position = 0
    try:
        matches(parse_filter(text, FIELDS), ADA)
    except FilterRefused as refused:
        position = refused.position

    assert 0 <= position <= len(text)


def _written(expression: Any) -> str:
    match expression:
        case Compare(path, operator, value):
            return f"{path} {operator} {_literal(value)}"
        case In(path, values):
            return f"{path} in ({', '.join(map(_literal, values))})"
        case Match(function, path, text):
            return f"{function}({path}, {_literal(text)})"
        case AnyOf(path, variable, inner):
            return f"{path}/any({variable}: {_written(inner)})"
        case Not(inner):
            return f"not ({_written(inner)})"
        case And(terms):
            return " and ".join(f"({_written(term)})" for term in terms)
        case Or(terms):
            return " or ".join(f"({_written(term)})" for term in terms)
    raise AssertionError(expression)


def _literal(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
    return str(value)


_TEXTS = st.text(st.characters(exclude_categories=["C"]), max_size=8)
_TERMS = st.one_of(
    st.builds(Compare, st.just("id"), st.sampled_from(["eq", "ne", "lt"]), _TEXTS),
    st.builds(Compare, st.just("status/errorCode"), st.sampled_from(["eq", "ge"]), st.integers(-(10**9), 10**9)),
    st.builds(
        Compare, st.just("createdDateTime"), st.sampled_from(["gt", "le"]),
        st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    ),
    st.builds(Compare, st.just("accountEnabled"), st.just("eq"), st.booleans()),
    st.builds(In, st.just("id"), st.lists(_TEXTS, min_size=1, max_size=3).map(tuple)),
    st.builds(Match, st.sampled_from(["startswith", "contains"]), st.just("displayName"), _TEXTS),
    st.just(AnyOf("roles", "r", Compare("r", "eq", "x"))),
)  # fmt: skip
_EXPRESSIONS = st.recursive(
    _TERMS,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: And(tuple(terms))),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: Or(tuple(terms))),
    ),
    max_leaves=8,
)


@given(_EXPRESSIONS)
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_what_is_read(expression: Any) -> None:
    assert parse_filter(_written(expression), FIELDS) == expression
