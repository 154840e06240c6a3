"""The door for outside COSE vectors: accept, reject, or unsupported, and never a crash."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.cose import ALGORITHMS, ES256, RS1, RS256
from keystead_core.wire import b64url_encode, decode_cbor, encode_cbor
from keystead_server.conformance.cose import judge
from keystead_testkit.soft_passkey import SoftPasskey

MESSAGE = b"what was signed"


def record(passkey: SoftPasskey, **fields: Any) -> dict[str, Any]:
    return {
        "name": "a record",
        "coseKey": b64url_encode(passkey.cose_key),
        "msg": b64url_encode(MESSAGE),
        "sig": b64url_encode(passkey.sign(MESSAGE)),
        **fields,
    }


def verdict(of: dict[str, Any]) -> tuple[str, str]:
    answer, reason = judge(of)
    return answer, reason.split(":")[0]


def with_members(passkey: SoftPasskey, members: dict[int, Any]) -> str:
    return b64url_encode(encode_cbor({**decode_cbor(passkey.cose_key), **members}))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_accepts_what_is_genuine_and_rejects_what_was_changed(algorithm: int) -> None:
    passkey = SoftPasskey(algorithm=algorithm)

    assert verdict(record(passkey)) == ("accept", "ok")
    assert verdict(record(passkey, msg="AAAA")) == ("reject", "signature_invalid")
    assert verdict(record(passkey, sig=b64url_encode(passkey.sign(MESSAGE) + b"\x00"))) == (
        "reject",
        "signature_invalid",
    )


@pytest.mark.parametrize("algorithm", [-47, -48, -258, RS1])
def test_an_algorithm_we_do_not_know_is_unsupported(algorithm: int) -> None:
    passkey = SoftPasskey()
    of = record(passkey, coseKey=with_members(passkey, {3: algorithm}))

    assert verdict(of) == ("unsupported", "algorithm_unsupported")


@pytest.mark.parametrize("members", [{-1: 2}, {1: 3}, {3: RS256}, {-2: bytes(31)}, {-3: True}, {-4: bytes(32)}])
def test_a_key_that_contradicts_itself_is_rejected(members: dict[int, Any]) -> None:
    passkey = SoftPasskey(algorithm=ES256)

    assert verdict(record(passkey, coseKey=with_members(passkey, members))) == ("reject", "public_key_invalid")


@pytest.mark.parametrize("field", ["coseKey", "msg", "sig"])
@pytest.mark.parametrize("value", [None, 5, "AA==", "!", ["AA"]])
def test_a_record_of_another_form_is_rejected_with_a_reason(field: str, value: object) -> None:
    assert verdict(record(SoftPasskey(), **{field: value})) == ("reject", "record_malformed")


@given(st.binary(max_size=80))
def test_any_bytes_as_a_key_get_a_verdict(data: bytes) -> None:
    assert verdict(record(SoftPasskey(), coseKey=b64url_encode(data)))[0] in ("reject", "unsupported")
