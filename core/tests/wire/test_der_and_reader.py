"""DER elements and structures of known lengths end where they say, or are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.wire import BadDer, BadLength, Reader, decode_der
from keystead_core.wire.der import OCTET_STRING, SEQUENCE


def test_reads_elements_inside_elements() -> None:
    element = decode_der(bytes.fromhex("300a020102bf853e0302010a"))

    number, origin = element.expect(SEQUENCE).children()
    assert number.integer() == 2
    assert origin.is_context(702)
    assert origin.only_child().integer() == 10


def test_reads_long_lengths_and_negative_numbers() -> None:
    assert decode_der(b"\x04\x81\x80" + bytes(128)).expect(OCTET_STRING).content == bytes(128)
    assert decode_der(b"\x04\x82\x01\x00" + bytes(256)).content == bytes(256)
    assert decode_der(b"\x02\x02\xff\x7f").integer() == -129


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "nothing"),
        ("04", "no length"),
        ("0401", "no content"),
        ("040100 00", "something after"),
        ("0480", "an indefinite length"),
        ("048101 00", "a long form of a short length"),
        ("0482 0080" + "00" * 128, "a length with a leading zero"),
        ("0485 0000000001 00", "a length of five octets"),
        ("0482 01", "a length cut short"),
        ("1f", "a tag number cut short"),
        ("1f80 01 00", "a tag number with a leading zero"),
        ("1f1e 00", "a long form of a short tag number"),
        ("1fffffff7f 00", "a tag number that is too long"),
    ],
)
def test_refuses_what_is_not_der(data: str, why: str) -> None:
    with pytest.raises(BadDer):
        decode_der(bytes.fromhex(data.replace(" ", "")))


@pytest.mark.parametrize("data", ["0200", "02020001", "0202ffff", "040101"])
def test_refuses_numbers_that_are_none(data: str) -> None:
    with pytest.raises(BadDer):
        decode_der(bytes.fromhex(data)).integer()


def test_refuses_children_of_what_has_none() -> None:
    with pytest.raises(BadDer):
        list(decode_der(b"\x04\x02\x02\x00").children())
    with pytest.raises(BadDer):
        decode_der(b"\x30\x00").only_child()
    with pytest.raises(BadDer):
        decode_der(b"\x30\x00").expect(OCTET_STRING)


@given(st.binary(max_size=30))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        decode_der(data)
    except BadDer:
        return
    assert len(data) >= 2


def test_a_reader_reads_to_the_end_and_not_past_it() -> None:
    reader = Reader(bytes.fromhex("01 0002 00000003 0000000000000004 0002beef"))

    assert (reader.u8(), reader.u16(), reader.u32(), reader.u64()) == (1, 2, 3, 4)
    assert (reader.position, reader.remaining) == (15, 4)
    assert reader.sized() == b"\xbe\xef"
    reader.finish()
    with pytest.raises(BadLength):
        reader.u8()


def test_a_reader_says_when_something_is_left_or_missing() -> None:
    with pytest.raises(BadLength, match="after the end"):
        Reader(b"\x00").finish()
    with pytest.raises(BadLength):
        Reader(b"\x00\x03\x00\x00").sized()
    with pytest.raises(BadLength):
        Reader(b"\x00").take(-1)
