"""JSON that two parsers could read differently is not read at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.wire import BadJson, json_decode, json_decode_object

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON_VALUES)
def test_reads_what_json_writes(value: object) -> None:
    assert json_decode(json.dumps(value).encode()) == value
    assert json_decode(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"deep":{"a":1,"a":1}}',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b'{"a":1}{"b":2}',
        b'{"a":1} x',
        b"",
        b"   ",
        b"{'a':1}",
        b"[1,]",
        b"[1",
        b'"\xff"',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32"),
        b'\xef\xbb\xbf{"a":1}',
        rb'"\ud800"',
        rb'{"\udc00":1}',
        rb'["\ud83d\ud83d"]',
        b"9" * 5000,
        b"\x00",
        b'"\n"',
    ],
)
def test_refuses_what_parsers_disagree_about(text: bytes) -> None:
    with pytest.raises(BadJson):
        json_decode(text)


def test_takes_white_space_around_and_escapes_of_whole_characters() -> None:
    assert json_decode(b' \r\n\t["\\ud83d\\ude00"] \n') == ["😀"]


def test_refuses_more_bytes_than_are_read() -> None:
    assert json_decode(b"[1]", max_bytes=3) == [1]
    with pytest.raises(BadJson, match="at most 2"):
        json_decode(b"[1]", max_bytes=2)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_refuses_depth_beyond_the_limit(opening: bytes, closing: bytes) -> None:
    assert json_decode(opening * 16 + b"1" + closing * 16)
    with pytest.raises(BadJson, match="deeply"):
        json_decode(opening * 17 + b"1" + closing * 17)


def test_depth_that_would_overflow_the_stack_is_refused_too() -> None:
    with pytest.raises(BadJson):
        json_decode(b"[" * 100_000, max_bytes=200_000)


def test_breadth_is_not_depth() -> None:
    assert json_decode(b"[" + b"[]," * 100 + b"[]]") == [[]] * 101


@pytest.mark.parametrize("text", [b"[]", b"1", b"null", b'"{}"'])
def test_an_object_is_an_object(text: bytes) -> None:
    with pytest.raises(BadJson, match="not an object"):
        json_decode_object(text)
