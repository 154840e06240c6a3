"""base64url: one spelling for each value."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.wire import BadBase64Url, b64url_decode, b64url_encode


@given(st.binary(max_size=100))
def test_what_was_encoded_is_decoded(data: bytes) -> None:
    assert b64url_decode(b64url_encode(data)) == data
    assert b64url_encode(data) == base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@given(st.text(alphabet="ABCDwxyz019-_=+/ \n\0é", max_size=12))
def test_whatever_is_accepted_is_the_canonical_spelling(text: str) -> None:
    try:
        data = b64url_decode(text)
    except BadBase64Url:
        return
    assert b64url_encode(data) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("AA==", "padding"),
        ("AAA=", "padding"),
        ("A", "a length that nothing encodes to"),
        ("ab+/", "the alphabet of base64"),
        ("AA\n", "a line break"),
        ("AAA ", "a space"),
        ("AB", "trailing bits after one byte"),
        ("AAB", "trailing bits after two bytes"),
        ("AAé", "a letter outside ASCII"),
    ],
)
def test_refuses_other_spellings(text: str, why: str) -> None:
    with pytest.raises(BadBase64Url):
        b64url_decode(text)
