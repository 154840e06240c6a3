"""CBOR in the small form that authenticators speak."""

import math

import cbor2
import pytest
from fido2 import cbor as second_opinion
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.wire import BadCbor, CborValue, decode_cbor, decode_cbor_prefix, encode_cbor

KEYS = st.integers(-300, 70_000) | st.text(max_size=5) | st.binary(max_size=5)
SCALARS = st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.text(max_size=30) | st.binary(max_size=300)


def nested(scalars: st.SearchStrategy[CborValue]) -> st.SearchStrategy[CborValue]:
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=8,
    )


VALUES = nested(SCALARS | st.none())


@given(VALUES)
def test_what_was_encoded_is_decoded_and_is_canonical(value: CborValue) -> None:
    assert decode_cbor(encode_cbor(value), canonical=True) == value


@given(nested(SCALARS))  # python-fido2 has no null
def test_encodes_the_bytes_that_python_fido2_encodes(value: CborValue) -> None:
    assert encode_cbor(value) == second_opinion.encode(value)


@given(VALUES, st.binary(max_size=5))
def test_a_prefix_ends_where_the_item_ends(value: CborValue, rest: bytes) -> None:
    encoded = encode_cbor(value)

    assert decode_cbor_prefix(encoded + rest) == (value, len(encoded))


@given(st.binary(max_size=40))
def test_whatever_is_accepted_is_what_cbor2_reads(data: bytes) -> None:
    try:
        value, length = decode_cbor_prefix(data)
    except BadCbor:
        return
    assert repr(cbor2.loads(data[:length])) == repr(value)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "nothing"),
        ("a1", "a map cut short"),
        ("4301", "a byte string cut short"),
        ("9b00000000ffffffff", "an array that cannot be there"),
        ("bb7fffffffffffffff", "a map that cannot be there"),
        ("a201010102", "a key twice"),
        ("a2616101616102", "a text key twice"),
        ("bf0101ff", "a map of indefinite length"),
        ("9f01ff", "an array of indefinite length"),
        ("5f4101ff", "a byte string of indefinite length"),
        ("7f6161ff", "a text of indefinite length"),
        ("ff", "a break"),
        ("1c", "a reserved length"),
        ("1801", "1 in two bytes"),
        ("190001", "1 in three bytes"),
        ("1a00000001", "1 in five bytes"),
        ("1b0000000000000001", "1 in nine bytes"),
        ("3800", "-1 in two bytes"),
        ("580101", "a length in two bytes"),
        ("c001", "a date"),
        ("c24101", "a big number"),
        ("d81c01", "a shareable"),
        ("d9d9f701", "a self-description"),
        ("f7", "undefined"),
        ("e0", "a simple value"),
        ("f8ff", "a simple value of two bytes"),
        ("61ff", "text that is not UTF-8"),
        ("a18001", "an array as key"),
        ("a1a001", "a map as key"),
        ("a1f401", "false as key"),
        ("a1f97e0001", "not-a-number as key"),
        ("0000", "a second item"),
    ],
)
def test_refuses(data: str, why: str) -> None:
    with pytest.raises(BadCbor):
        decode_cbor(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["c001", "a1c00101", "81d81c01", "d9d9f7"])
def test_refuses_a_tag_before_asking_what_it_means(data: str) -> None:
    with pytest.raises(BadCbor, match="a tag"):
        decode_cbor(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["", "4301", "a1", "19ff", "fa0000", "9bffffffffffffffff", "bbffffffffffffffff"])
def test_refuses_what_is_cut_short_before_making_any_of_it(data: str) -> None:
    with pytest.raises(BadCbor, match="in the middle"):
        decode_cbor(bytes.fromhex(data))


@pytest.mark.parametrize(
    "data",
    ["a203010102", "a220010102", "a262616101616202", "a2616201616101", "a101a203010102", "a2616101416102"],
    ids=["numbers", "negative first", "longer first", "letters", "inside", "text before bytes"],
)
def test_canonical_refuses_keys_out_of_order(data: str) -> None:
    encoded = bytes.fromhex(data)

    assert decode_cbor(encoded)
    with pytest.raises(BadCbor, match="order"):
        decode_cbor(encoded, canonical=True)


@pytest.mark.parametrize("data", ["f93c00", "fa3f800000", "fb3ff0000000000000"])
def test_takes_floats_as_they_are(data: str) -> None:
    assert decode_cbor(bytes.fromhex(data), canonical=True) == 1.0


def test_takes_not_a_number_as_a_value() -> None:
    value = decode_cbor(bytes.fromhex("f97e00"))

    assert isinstance(value, float)
    assert math.isnan(value)


def test_refuses_depth_beyond_the_limit() -> None:
    assert decode_cbor(b"\x81" * 8 + b"\x01")
    with pytest.raises(BadCbor, match="deeply"):
        decode_cbor(b"\x81" * 9 + b"\x01")
    with pytest.raises(BadCbor, match="deeply"):
        decode_cbor(b"\x81" * 60_000 + b"\x01")


def test_refuses_more_bytes_than_are_read() -> None:
    assert decode_cbor(b"\x41\x00", max_bytes=2) == b"\x00"
    with pytest.raises(BadCbor, match="at most 1"):
        decode_cbor(b"\x41\x00", max_bytes=1)
