"""The door for outside WebAuthn vectors: every record gets a verdict, none a crash."""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keystead_core.wire import b64url_encode
from keystead_server.conformance import webauthn
from keystead_server.conformance.__main__ import verdicts
from keystead_testkit.attesters import packed, registration
from keystead_testkit.soft_passkey import SoftPasskey
from keystead_testkit.vectors import vectors

CHALLENGE = bytes(range(32))
PASSKEY = SoftPasskey(counts=False)
SYNCED = SoftPasskey(counts=False, backup_eligible=True, backed_up=True)
CONTRADICTS_THE_TEXT = "w3c/android-key-es256/reg"


def record(response: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    kind = "registration" if "attestationObject" in response["response"] else "authentication"
    key = {} if kind == "registration" else {"credentialPublicKey": b64url_encode(PASSKEY.cose_key)}
    return {
        "name": "a record",
        "kind": kind,
        "challenge": b64url_encode(CHALLENGE),
        "origin": "https://id.example.org",
        "rpId": "id.example.org",
        "response": response,
        **key,
        **fields,
    }


def verdict(of: Mapping[str, Any]) -> str:
    answer, reason = webauthn.judge(of, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    return answer if answer == "accept" else reason.split(":")[0]


def test_accepts_what_is_genuine() -> None:
    assert verdict(record(PASSKEY.register(CHALLENGE))) == "accept"
    assert verdict(record(PASSKEY.answer(CHALLENGE))) == "accept"
    assert verdict(record(registration(PASSKEY, CHALLENGE, "packed", packed(PASSKEY)))) == "accept"


@pytest.mark.parametrize(
    ("response", "field", "code"),
    [
        (PASSKEY.answer(CHALLENGE, user_verified=False), "requireUserVerification", "user_verification_missing"),
        (PASSKEY.register(CHALLENGE, user_verified=False), "requireUserVerification", "user_verification_missing"),
        (PASSKEY.answer(CHALLENGE, user_present=False), "requireUserPresence", "user_presence_missing"),
        (PASSKEY.register(CHALLENGE, user_present=False), "requireUserPresence", "user_presence_missing"),
    ],
)
def test_an_absent_requirement_is_required(response: Mapping[str, Any], field: str, code: str) -> None:
    assert verdict(record(response)) == code
    assert verdict(record(response, **{field: None})) == code
    assert verdict(record(response, **{field: True})) == code
    assert verdict(record(response, **{field: False})) == "accept"


def test_frames_are_refused_unless_the_record_allows_them() -> None:
    framed = PASSKEY.answer(CHALLENGE, client_data={"crossOrigin": True, "topOrigin": "https://a.test"})

    assert verdict(record(framed)) == "cross_origin_not_allowed"
    assert verdict(record(framed, expectedTopOrigins=["https://a.test"])) == "cross_origin_not_allowed"
    assert verdict(record(framed, allowCrossOrigin=True)) == "top_origin_not_allowed"
    assert verdict(record(framed, allowCrossOrigin=True, expectedTopOrigins=["https://a.test"])) == "accept"


def test_origin_is_one_or_several() -> None:
    answer = PASSKEY.answer(CHALLENGE)

    assert verdict(record(answer, origin=["https://b.test", "https://id.example.org"])) == "accept"
    assert verdict(record(answer, origin=["https://b.test"])) == "origin_not_allowed"
    assert verdict(record(answer, origin=[])) == "record_malformed"


def test_the_offered_algorithms_are_the_records() -> None:
    response = SoftPasskey(algorithm=-35).register(CHALLENGE)

    assert verdict(record(response)) == "accept"
    assert verdict(record(response, allowedAlgs=[-35])) == "accept"
    assert verdict(record(response, allowedAlgs=[-7])) == "algorithm_not_offered"


def test_what_the_record_stored_is_compared() -> None:
    synced = record(SYNCED.answer(CHALLENGE), credentialPublicKey=b64url_encode(SYNCED.cose_key))

    assert verdict(synced) == "accept"
    assert verdict({**synced, "storedBackupEligible": True}) == "accept"
    assert verdict({**synced, "storedBackupEligible": False}) == "backup_eligibility_changed"


def test_a_counter_that_went_back_is_for_policy() -> None:
    assert verdict(record(PASSKEY.answer(CHALLENGE, sign_count=1), storedSignCount=5)) == "accept"


@pytest.mark.parametrize(
    ("key", "code"),
    [("", "public_key_invalid"), ("oA", "public_key_invalid"), ("!", "record_malformed"), (None, "record_malformed")],
)
def test_refuses_a_stored_key_that_is_none(key: object, code: str) -> None:
    assert verdict(record(PASSKEY.answer(CHALLENGE), credentialPublicKey=key)) == code


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "signin"),
        ("kind", None),
        ("challenge", "AA=="),
        ("challenge", 5),
        ("origin", None),
        ("origin", [5]),
        ("rpId", None),
        ("response", None),
        ("response", "text"),
        ("requireUserVerification", "false"),
        ("allowCrossOrigin", 0),
        ("expectedTopOrigins", {"a": 1}),
        ("allowedAlgs", "-7"),
        ("allowedAlgs", [True]),
        ("verifyAt", "yesterday"),
        ("verifyAt", "2026-01-01T00:00:00"),
        ("verifyAt", 5),
    ],
)
def test_a_record_of_another_form_is_rejected_with_a_reason(field: str, value: object) -> None:
    assert verdict(record(PASSKEY.register(CHALLENGE)) | {field: value}) == "record_malformed"


def test_verify_at_is_taken_instead_of_the_clock() -> None:
    def no_clock() -> datetime:
        raise AssertionError("the clock was asked")

    response = PASSKEY.register(CHALLENGE)

    assert webauthn.judge(record(response, verifyAt="2026-01-01T00:00:00Z"), no_clock) == ("accept", "ok")
    with pytest.raises(AssertionError):
        webauthn.judge(record(response), no_clock)


@given(
    st.dictionaries(
        st.sampled_from(sorted(record(PASSKEY.answer(CHALLENGE)))),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=4),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=3,
        ),
    )
)
@settings(max_examples=100, deadline=None)
def test_any_fields_get_a_verdict(fields: dict[str, Any]) -> None:
    for response in (PASSKEY.answer(CHALLENGE), PASSKEY.register(CHALLENGE)):
        assert verdict(record(response) | fields)


def test_the_published_vectors_come_out_as_published() -> None:
    lines = [json.dumps(item).encode() for item in vectors("webauthn/w3c.json")]
    expected = {item["name"]: item["expect"] for item in vectors("webauthn/w3c.json")}
    # docs/divergences.md: the one that contradicts a normative sentence.
    expected[CONTRADICTS_THE_TEXT] = "reject"

    judged = verdicts(lines, lambda item: webauthn.judge(item, lambda: datetime(2026, 1, 1, tzinfo=UTC)))

    assert {item["name"]: item["verdict"] for item in judged} == expected


def test_lines_that_are_no_records_are_rejected_without_a_name() -> None:
    lines = [b"nonsense\n", b"\n", b"[]\n", b'{"name":"a","name":"b"}\n', b"\xff\n", b'{"name":"x"}\n']

    answers = list(verdicts(lines, lambda item: webauthn.judge(item, lambda: datetime(2026, 1, 1, tzinfo=UTC))))

    assert [item["name"] for item in answers] == [None, None, None, None, "x"]
    assert {item["verdict"] for item in answers} == {"reject"}


def test_the_door_is_a_command() -> None:
    genuine = json.dumps(record(PASSKEY.answer(CHALLENGE))).encode()

    ran = subprocess.run(
        [sys.executable, "-m", "keystead_server.conformance", "webauthn"],
        input=genuine + b"\nnonsense\n",
        capture_output=True,
    )

    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0
    assert answers[0] == {"name": "a record", "verdict": "accept", "reason": "ok"}
    assert (answers[1]["name"], answers[1]["verdict"]) == (None, "reject")


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["webauthn", "cose"]])
def test_the_door_says_how_it_is_used(arguments: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "keystead_server.conformance", *arguments], input=b"", capture_output=True
    )

    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"webauthn|cose|jose" in ran.stderr
