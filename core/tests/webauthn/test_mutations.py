"""One changed byte anywhere never verifies, and never ends in anything but a refusal."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keystead_core.cose import DEFAULT_OFFERED_ALGORITHMS, ES256, RS256
from keystead_core.webauthn import (
    AssertionExpectation,
    CeremonyError,
    RegistrationExpectation,
    StoredCredential,
    VerifiedRegistration,
    parse_assertion,
    parse_registration,
    verify_assertion,
    verify_registration,
)
from keystead_core.wire import b64url_decode, b64url_encode
from keystead_testkit.attesters import android_key, apple, fido_u2f, packed, registration, tpm
from keystead_testkit.soft_passkey import SoftPasskey

CHALLENGE = bytes(range(32))
PASSKEY = SoftPasskey(user_handle=b"somebody")
STORED = PASSKEY.stored()
ANSWER = PASSKEY.answer(CHALLENGE)
ORIGINS = frozenset({PASSKEY.origin})
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("AAAA"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)

REGISTRATIONS: dict[str, Any] = {
    "self": PASSKEY.register(CHALLENGE, attestation="self"),
    "packed": registration(PASSKEY, CHALLENGE, "packed", packed(PASSKEY)),
    "tpm": registration(PASSKEY, CHALLENGE, "tpm", tpm(PASSKEY)),
    "android-key": registration(PASSKEY, CHALLENGE, "android-key", android_key(PASSKEY)),
    "apple": registration(PASSKEY, CHALLENGE, "apple", apple(PASSKEY)),
    "fido-u2f": registration(PASSKEY, CHALLENGE, "fido-u2f", fido_u2f(PASSKEY)),
}


def sign_in(answer: Any, stored: StoredCredential = STORED) -> None:
    verify_assertion(parse_assertion(answer), AssertionExpectation(CHALLENGE, ORIGINS, PASSKEY.rp_id), stored)


def register(answer: Any) -> VerifiedRegistration:
    expected = RegistrationExpectation(CHALLENGE, ORIGINS, PASSKEY.rp_id, DEFAULT_OFFERED_ALGORITHMS)
    return verify_registration(parse_registration(answer), expected, now=datetime(2026, 1, 1, tzinfo=UTC))


def with_response(answer: dict[str, Any], member: str, value: object) -> dict[str, Any]:
    return {**answer, "response": {**answer["response"], member: value}}


def flipped(data: bytes, bit: int) -> bytes:
    at = bit // 8
    return data[:at] + bytes([data[at] ^ 1 << bit % 8]) + data[at + 1 :]


@pytest.mark.parametrize("member", ["clientDataJSON", "authenticatorData", "signature"])
def test_no_bit_of_an_assertion_can_be_changed(member: str) -> None:
    data = b64url_decode(ANSWER["response"][member])
    sign_in(ANSWER)

    for bit in range(len(data) * 8):
        with pytest.raises(CeremonyError):
            sign_in(with_response(ANSWER, member, b64url_encode(flipped(data, bit))))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_bytes_of_an_assertion_can_be_put_in_or_taken_out(data: st.DataObject) -> None:
    member = data.draw(st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]))
    original = b64url_decode(ANSWER["response"][member])
    at = data.draw(st.integers(0, len(original)))
    cut = data.draw(st.integers(0, 4))
    changed = original[:at] + data.draw(st.binary(max_size=4)) + original[at + cut :]

    if changed != original:
        with pytest.raises(CeremonyError):
            sign_in(with_response(ANSWER, member, b64url_encode(changed)))


@pytest.mark.parametrize("algorithm", [ES256, RS256, -8])
def test_a_key_with_a_changed_bit_verifies_nothing(algorithm: int) -> None:
    passkey = SoftPasskey(algorithm=algorithm, counts=False)
    answer = passkey.answer(CHALLENGE)

    for bit in range(0, len(passkey.cose_key) * 8, 11):
        altered = SoftPasskey(algorithm=algorithm, private_key=passkey.private_key)
        altered.cose_key = flipped(passkey.cose_key, bit)
        with pytest.raises(Exception, match=r".") as refused:
            sign_in(answer, altered.stored())
        assert hasattr(refused.value, "code")


# What a statement leaves unsigned: the browser's copy of the client data is always signed over, but
# authenticators sign no part of `attStmt` that is not a signature. Certificates carry extensions
# that nobody reads, and a U2F key signs neither flags nor counter nor AAGUID.
SIGNED_WHOLE = {"self", "packed", "tpm", "android-key", "apple"}


@pytest.mark.parametrize("name", REGISTRATIONS)
def test_no_bit_of_a_registration_changes_what_is_registered_unseen(name: str) -> None:
    answer = REGISTRATIONS[name]
    made = register(answer)
    encoded = b64url_decode(answer["response"]["attestationObject"])

    for bit in range(0, len(encoded) * 8, 7):
        changed = with_response(answer, "attestationObject", b64url_encode(flipped(encoded, bit)))
        outcome = attempt(register, changed)
        if outcome is None:
            continue
        assert outcome.public_key == made.public_key
        assert outcome.credential_id == made.credential_id
        assert outcome.aaguid == made.aaguid
        if name in SIGNED_WHOLE:
            assert (outcome.user_verified, outcome.sign_count) == (made.user_verified, made.sign_count)


@pytest.mark.parametrize("name", REGISTRATIONS)
def test_no_bit_of_a_registrations_client_data_can_be_changed(name: str) -> None:
    answer = REGISTRATIONS[name]
    data = b64url_decode(answer["response"]["clientDataJSON"])

    for bit in range(len(data) * 8):
        with pytest.raises(CeremonyError):
            register(with_response(answer, "clientDataJSON", b64url_encode(flipped(data, bit))))


def attempt(verify: Callable[[Any], VerifiedRegistration], answer: Any) -> VerifiedRegistration | None:
    try:
        return verify(answer)
    except CeremonyError:
        return None


@given(st.sampled_from(sorted(REGISTRATIONS)), st.data())
@settings(max_examples=150, deadline=None)
def test_any_bytes_in_an_attestation_object_are_judged_and_not_tripped_over(name: str, data: st.DataObject) -> None:
    answer = REGISTRATIONS[name]
    original = b64url_decode(answer["response"]["attestationObject"])
    at = data.draw(st.integers(0, len(original)))
    changed = original[:at] + data.draw(st.binary(max_size=6)) + original[at + data.draw(st.integers(0, 6)) :]

    attempt(register, with_response(answer, "attestationObject", b64url_encode(changed)))


@given(ANY_JSON)
@settings(max_examples=100, deadline=None)
def test_any_json_is_judged_and_not_tripped_over(value: Any) -> None:
    for parse in (parse_assertion, parse_registration):
        with pytest.raises(CeremonyError):
            parse(value)


@given(
    st.sampled_from(["id", "rawId", "type", "response", "clientExtensionResults", "authenticatorAttachment"]), ANY_JSON
)
@settings(max_examples=100, deadline=None)
def test_any_member_of_any_form_is_judged_and_not_tripped_over(member: str, value: Any) -> None:
    for parse, answer in ((parse_assertion, ANSWER), (parse_registration, REGISTRATIONS["self"])):
        try:
            parse({**answer, member: value})
            parse(with_response(answer, member, value))
        except CeremonyError:
            continue


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_as_a_payload_are_refused(payload: bytes) -> None:
    for parse in (parse_assertion, parse_registration):
        with pytest.raises(CeremonyError):
            parse(payload)
