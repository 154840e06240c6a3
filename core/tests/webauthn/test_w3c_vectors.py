"""The W3C's own test vectors (WebAuthn L3, "Test Vectors").

One is refused on purpose, because it contradicts a normative sentence of the
same document: docs/divergences.md says which and why.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from keystead_core.cose import encode_cose_key
from keystead_core.webauthn import (
    DEFAULT_OFFERED_ALGORITHMS,
    AssertionExpectation,
    CeremonyError,
    RegistrationExpectation,
    StoredCredential,
    errors,
    parse_assertion,
    parse_cose_key,
    parse_registration,
    verify_assertion,
    verify_registration,
)
from keystead_core.wire import b64url_decode, decode_cbor
from keystead_testkit.vectors import names_in, vectors

FILE = "webauthn/w3c.json"
LITERALS = "webauthn/w3c-literals.json"
CONTRADICTS_THE_TEXT = "w3c/android-key-es256/reg"


def vector(name: str) -> dict[str, Any]:
    return next(item for item in vectors(FILE) if item["name"] == name)


def expectation(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "challenge": b64url_decode(item["challenge"]),
        "origins": frozenset({item["origin"]}),
        "rp_id": item["rpId"],
        "require_user_verification": item["requireUserVerification"],
        "require_user_presence": item["requireUserPresence"],
        "allow_cross_origin": item.get("allowCrossOrigin", False),
        "top_origins": frozenset(item.get("expectedTopOrigins", [])),
    }


def judge(item: dict[str, Any]) -> None:
    if item["kind"] == "registration":
        made = verify_registration(
            parse_registration(item["response"]),
            RegistrationExpectation(algorithms=DEFAULT_OFFERED_ALGORITHMS, **expectation(item)),
            now=datetime.fromisoformat(item["verifyAt"]),
        )
        assert made.attestation.format == item["fmt"]
        assert made.public_key.raw == b64url_decode(item["credentialPublicKey"])
        return
    received = parse_assertion(item["response"])
    stored = StoredCredential(
        received.credential_id,
        parse_cose_key(b64url_decode(item["credentialPublicKey"])),
        item["storedSignCount"],
        item.get("storedBackupEligible", received.authenticator_data.backup_eligible),
    )
    verify_assertion(received, AssertionExpectation(**expectation(item)), stored)


@pytest.mark.parametrize("name", [name for name in names_in(FILE) if name != CONTRADICTS_THE_TEXT])
def test_judges_the_published_vectors_as_published(name: str) -> None:
    item = vector(name)

    if item["expect"] == "accept":
        judge(item)
    else:
        with pytest.raises(CeremonyError):
            judge(item)


def test_refuses_the_android_vector_that_does_not_say_where_its_key_was_made() -> None:
    with pytest.raises(errors.AttestationInvalid, match="not said to have been generated"):
        judge(vector(CONTRADICTS_THE_TEXT))


def test_reports_the_u2f_vector_without_the_aaguid_that_nobody_signed() -> None:
    item = vector("w3c/fido-u2f-es256/reg")

    made = verify_registration(
        parse_registration(item["response"]),
        RegistrationExpectation(algorithms=DEFAULT_OFFERED_ALGORITHMS, **expectation(item)),
        now=datetime.fromisoformat(item["verifyAt"]),
    )

    assert item["aaguid"] == "afb3c2efc054df425013d5c88e79c3c1"
    assert made.aaguid.int == 0


def test_the_published_vectors_are_there() -> None:
    assert len(vectors(FILE)) == 35


@pytest.mark.parametrize("name", ["none-es256", "packed-self-es256", "packed-es256", "tpm-es256"])
def test_the_published_private_keys_make_the_published_public_keys(name: str) -> None:
    literals = vectors(LITERALS)["vectors"][name]["registration"]
    secret = bytes.fromhex(literals["credential_private_key"])
    attested = decode_cbor(bytes.fromhex(literals["attestationObject"]))

    public = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1()).public_key()

    assert encode_cose_key(public, -7) in attested["authData"]
    assert sha256(b"example.org").digest() == attested["authData"][:32]
