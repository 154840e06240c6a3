"""Format `android-key`, §8.4: what Android's keystore says about a key."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from keystead_core.cose import DEFAULT_OFFERED_ALGORITHMS, ES384
from keystead_core.webauthn import (
    RegistrationExpectation,
    VerifiedRegistration,
    errors,
    parse_registration,
    verify_registration,
)
from keystead_core.webauthn.attestation.android_key import parse_key_description
from keystead_core.wire import BadDer
from keystead_testkit.attesters import (
    ALL_APPLICATIONS,
    GENERATED,
    IMPORTED,
    SIGN_AND_DECRYPT,
    SIGN_ONLY,
    android_key,
    registration,
)
from keystead_testkit.soft_passkey import SoftPasskey

CHALLENGE = bytes(range(32))
EXPECTED = RegistrationExpectation(
    CHALLENGE, frozenset({"https://id.example.org"}), "id.example.org", DEFAULT_OFFERED_ALGORITHMS
)


def verify(**changes: Any) -> VerifiedRegistration:
    passkey = SoftPasskey()
    answer = registration(passkey, CHALLENGE, "android-key", android_key(passkey, **changes))
    return verify_registration(parse_registration(answer), EXPECTED, now=datetime(2026, 1, 1, tzinfo=UTC))


def refusal(**changes: Any) -> str:
    with pytest.raises(errors.AttestationInvalid) as refused:
        verify(**changes)
    return str(refused.value)


@pytest.mark.parametrize(
    ("software", "tee"),
    [(b"", SIGN_ONLY + GENERATED), (SIGN_ONLY + GENERATED, b""), (GENERATED, SIGN_ONLY)],
    ids=["in hardware", "in software", "in both"],
)
def test_accepts_a_key_generated_for_signing(software: bytes, tee: bytes) -> None:
    made = verify(software=software, tee=tee)

    assert (made.attestation.kind, len(made.attestation.trust_path)) == ("basic", 1)


def test_refuses_another_challenge() -> None:
    assert "attestationChallenge" in refusal(challenge_hash=bytes(32))


@pytest.mark.parametrize("lists", [{"software": ALL_APPLICATIONS}, {"tee": SIGN_ONLY + ALL_APPLICATIONS + GENERATED}])
def test_refuses_a_key_that_every_application_may_use(lists: dict[str, bytes]) -> None:
    assert "every application" in refusal(**lists)


@pytest.mark.parametrize(
    "lists",
    [
        {"tee": SIGN_ONLY + IMPORTED},
        {"tee": SIGN_ONLY},
        {"software": IMPORTED},
    ],
    ids=["imported", "no word of it", "hardware and software disagree"],
)
def test_refuses_a_key_that_was_not_generated_there(lists: dict[str, bytes]) -> None:
    assert "generated" in refusal(**lists)


@pytest.mark.parametrize("tee", [SIGN_AND_DECRYPT + GENERATED, GENERATED])
def test_refuses_a_key_that_is_not_for_signing_alone(tee: bytes) -> None:
    assert "signing" in refusal(tee=tee)


def test_refuses_a_certificate_about_another_key() -> None:
    assert "another key" in refusal(about=ec.generate_private_key(ec.SECP256R1()))


def test_refuses_a_certificate_without_a_description() -> None:
    assert "no key description" in refusal(described=False)


@pytest.mark.parametrize("changes", [{"alg": ES384}, {"alg": None}, {"sig": b""}, {"sig": None}, {"x5c": []}])
def test_refuses_what_the_key_did_not_sign(changes: dict[str, Any]) -> None:
    refusal(**changes)


@pytest.mark.parametrize(
    "encoded",
    ["", "3000", "300302010f", "0400", "3018" + "020100" * 8, "3081"],
    ids=["none", "empty", "short", "octets", "types", "cut"],
)
def test_refuses_a_description_of_another_form(encoded: str) -> None:
    with pytest.raises((BadDer, errors.AttestationInvalid)):
        parse_key_description(bytes.fromhex(encoded))
