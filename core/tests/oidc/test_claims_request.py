"""The `claims` parameter and `acr_values`: what is read, what is left, and what is refused."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.oidc.claims_request import NO_CLAIMS, ClaimsMalformed, ClaimsRequest, read_claims_request


def read(claims: object = None, acr_values: str = "") -> ClaimsRequest:
    text = claims if claims is None or isinstance(claims, str) else json.dumps(claims)
    return read_claims_request(text, acr_values.split())


def test_without_either_nothing_is_asked_for() -> None:
    assert read() == NO_CLAIMS
    assert read("{}") == NO_CLAIMS


@pytest.mark.parametrize(
    ("claims", "contexts"),
    [
        ({"id_token": {"acrs": {"essential": True, "value": "c1"}}}, ("c1",)),
        ({"access_token": {"acrs": {"essential": True, "value": "C25"}}}, ("c25",)),
        ({"id_token": {"acrs": {"values": ["c1", "c2", "c1"]}}, "access_token": {"acrs": {"value": "c3"}}}, ("c1", "c2", "c3")),
        ({"id_token": {"acrs": None}}, ()),
        ({"userinfo": {"acrs": {"value": "c1"}}}, ()),
        ({"id_token": {"email": None, "auth_time": {"essential": True}}, "userinfo": {"name": None}}, ()),
        ({"id_token": None}, ()),
    ],
)  # fmt: skip
def test_contexts_are_read_from_both_tokens(claims: object, contexts: tuple[str, ...]) -> None:
    assert read(claims).contexts == contexts


def test_acr_values_names_contexts_among_other_values() -> None:
    assert read(acr_values="phr c1 urn:other C2 c1").contexts == ("c1", "c2")


def test_what_only_looks_like_a_context_is_still_one_that_is_asked_for() -> None:
    assert read(acr_values="c100 c0").contexts == ("c100", "c0")


def test_an_essential_acr_is_kept_and_a_voluntary_one_left() -> None:
    assert read({"id_token": {"acr": {"essential": True, "values": ["phr", "phrh"]}}}).acr == {"phr", "phrh"}
    assert read({"id_token": {"acr": {"values": ["phr"]}}}).acr == frozenset()


def test_what_microsofts_library_says_of_itself_is_kept() -> None:
    assert read({"access_token": {"xms_cc": {"values": ["cp1", "zz9"]}}}).capabilities == ("cp1",)


@pytest.mark.parametrize(
    "claims",
    [
        "", "[]", "null", "{", '{"id_token":{},"id_token":{}}', '{"id_token":[]}', '{"id_token":{"acrs":"c1"}}',
        '{"id_token":{"acrs":{"value":1}}}', '{"id_token":{"acrs":{"values":"c1"}}}', '{"id_token":{"acrs":{"values":[null]}}}',
        '{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}', '{"id_token":{"acrs":{"values":[' + ",".join(['"c1"'] * 101) + "]}}}",
    ],
)  # fmt: skip
def test_anything_else_is_refused(claims: str) -> None:
    with pytest.raises(ClaimsMalformed):
        read(claims)


def test_a_person_who_is_named_is_not_ignored() -> None:
    with pytest.raises(ClaimsMalformed, match="login_hint"):
        read({"id_token": {"sub": {"value": "ada"}}})


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(ClaimsMalformed):
        read_claims_request(text, text.split())
