"""What other people's libraries say of the same ceremonies, where they are right."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import webauthn as py_webauthn
from fido2.attestation import Attestation
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestationObject,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
)
from keystead_core.cose import DEFAULT_OFFERED_ALGORITHMS, EDDSA, ES256, ES512, PS256, RS256
from keystead_core.webauthn import (
    AssertionExpectation,
    RegistrationExpectation,
    parse_assertion,
    parse_registration,
    verify_assertion,
    verify_registration,
)
from keystead_core.wire import b64url_decode, b64url_encode
from keystead_testkit.attesters import fido_u2f, packed, registration, tpm
from keystead_testkit.soft_passkey import SoftPasskey
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import InvalidAuthenticationResponse

CHALLENGE = bytes(range(32))
AAGUID = UUID("00112233-4455-6677-8899-aabbccddeeff")
EVERYBODY_KNOWS = [ES256, EDDSA, RS256, PS256, ES512]


def ours(passkey: SoftPasskey, answer: dict[str, Any]) -> None:
    expected = AssertionExpectation(CHALLENGE, frozenset({passkey.origin}), passkey.rp_id)
    verify_assertion(parse_assertion(answer), expected, passkey.stored())


def ours_registered(passkey: SoftPasskey, answer: dict[str, Any]) -> Any:
    expected = RegistrationExpectation(
        CHALLENGE, frozenset({passkey.origin}), passkey.rp_id, DEFAULT_OFFERED_ALGORITHMS
    )
    return verify_registration(parse_registration(answer), expected, now=datetime(2026, 1, 1, tzinfo=UTC))


def py_webauthn_signs_in(passkey: SoftPasskey, answer: dict[str, Any]) -> Any:
    return py_webauthn.verify_authentication_response(
        credential=json.dumps(answer),
        expected_challenge=CHALLENGE,
        expected_rp_id=passkey.rp_id,
        expected_origin=passkey.origin,
        credential_public_key=passkey.cose_key,
        credential_current_sign_count=0,
        require_user_verification=True,
    )


def python_fido2(passkey: SoftPasskey) -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(id=passkey.rp_id, name="Keystead's tests"))


STATE = {"challenge": b64url_encode(CHALLENGE), "user_verification": "required"}


@pytest.mark.parametrize("algorithm", EVERYBODY_KNOWS)
def test_all_three_accept_one_assertion(algorithm: int) -> None:
    passkey = SoftPasskey(algorithm=algorithm)
    credential = AuthenticatorData(passkey.attested_data()).credential_data
    answer = passkey.answer(CHALLENGE)

    ours(passkey, answer)
    py_webauthn_signs_in(passkey, answer)
    python_fido2(passkey).authenticate_complete(STATE, [credential], answer)


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://evil.test"},
        {"type": "webauthn.create"},
        {"rp_id": "evil.test"},
        {"user_present": False},
        {"user_verified": False},
        {"spoil_signature": True},
    ],
)
def test_all_three_refuse_one_lie(lie: dict[str, Any]) -> None:
    passkey = SoftPasskey()
    credential = AuthenticatorData(passkey.attested_data()).credential_data
    answer = passkey.answer(CHALLENGE, **lie)

    with pytest.raises(Exception, match=r"."):
        ours(passkey, answer)
    with pytest.raises(InvalidAuthenticationResponse):
        py_webauthn_signs_in(passkey, answer)
    with pytest.raises(Exception, match=r"|."):
        python_fido2(passkey).authenticate_complete(STATE, [credential], answer)


@pytest.mark.parametrize("algorithm", EVERYBODY_KNOWS)
@pytest.mark.parametrize("attestation", ["none", "self"])
def test_all_three_register_one_credential_alike(algorithm: int, attestation: Any) -> None:
    passkey = SoftPasskey(algorithm=algorithm, aaguid=AAGUID)
    answer = passkey.register(CHALLENGE, attestation=attestation)

    made = ours_registered(passkey, answer)
    theirs = py_webauthn.verify_registration_response(
        credential=json.dumps(answer),
        expected_challenge=CHALLENGE,
        expected_rp_id=passkey.rp_id,
        expected_origin=passkey.origin,
        require_user_verification=True,
        supported_pub_key_algs=list(COSEAlgorithmIdentifier),
    )
    parsed = RegistrationResponse.from_dict(answer)
    also_theirs = python_fido2(passkey).register_complete(STATE, parsed).credential_data

    assert also_theirs is not None
    assert made.credential_id == theirs.credential_id == also_theirs.credential_id
    assert made.public_key.raw == theirs.credential_public_key
    assert str(made.aaguid) == theirs.aaguid == str(UUID(bytes=bytes(also_theirs.aaguid)))


@pytest.mark.parametrize("name", ["packed", "fido-u2f", "tpm"])
def test_python_fido2_verifies_the_statements_that_we_verify(name: str) -> None:
    passkey = SoftPasskey(aaguid=AAGUID)
    make = {"packed": packed, "fido-u2f": fido_u2f, "tpm": tpm}[name](passkey)
    answer = registration(passkey, CHALLENGE, name, make)
    received = parse_registration(answer)

    ours_registered(passkey, answer)
    statement = AttestationObject(b64url_decode(answer["response"]["attestationObject"]))

    Attestation.for_type(name)().verify(statement.att_stmt, statement.auth_data, received.client_data.hash)
