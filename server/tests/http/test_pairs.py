"""What is made by hand because every request pays for it says what the library says."""

from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_server.domain.ids import id_bytes, id_text
from keystead_server.http.call import MAX_FORM_FIELDS, parse_pairs
from keystead_server.http.problems import Refuse

FORMS = st.lists(st.sampled_from(["a", "Ä", "=", "&", "%", "%41", "%c3%a4", "%C3", "%zz", "+", "%2B", ";", " "])).map(
    "".join
)


@given(FORMS)
def test_a_form_is_read_as_the_library_reads_it(form: str) -> None:
    try:
        wanted = parse_qsl(form, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(Refuse):
            parse_pairs(form)
        return

    assert parse_pairs(form) == wanted


def test_no_form_has_more_fields_than_anybody_needs() -> None:
    assert len(parse_pairs("&".join(["a=1"] * MAX_FORM_FIELDS))) == MAX_FORM_FIELDS

    with pytest.raises(Refuse):
        parse_pairs("&".join(["a=1"] * (MAX_FORM_FIELDS + 1)))


@given(st.uuids())
def test_an_id_is_written_and_read_as_the_library_does(id_: UUID) -> None:
    assert id_bytes(str(id_)) == id_.bytes
    assert id_text(id_.bytes) == str(id_)
