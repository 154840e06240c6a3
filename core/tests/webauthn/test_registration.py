"""Registration, §7.1: each step has an answer that fails it and nothing else."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from keystead_core.cose import ALGORITHMS, DEFAULT_OFFERED_ALGORITHMS, ES256, ES384, RS1
from keystead_core.webauthn import (
    KEYSTEAD_TPM,
    RegistrationExpectation,
    VerifiedRegistration,
    errors,
    parse_registration,
    verify_registration,
)
from keystead_core.wire import b64url_encode, decode_cbor, encode_cbor
from keystead_testkit.soft_passkey import SoftPasskey, attestation_object

CHALLENGE = bytes(range(32))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EXPECTED = RegistrationExpectation(
    CHALLENGE, frozenset({"https://id.example.org"}), "id.example.org", DEFAULT_OFFERED_ALGORITHMS
)


def verify(answer: dict[str, Any], **expected: Any) -> VerifiedRegistration:
    return verify_registration(parse_registration(json.dumps(answer).encode()), replace(EXPECTED, **expected), now=NOW)


def with_attestation_object(passkey: SoftPasskey, encoded: bytes) -> dict[str, Any]:
    return passkey.registration(passkey.client_data("webauthn.create", CHALLENGE), encoded)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("attestation", ["none", "self"])
def test_accepts_a_credential_made_for_us(algorithm: int, attestation: Any) -> None:
    passkey = SoftPasskey(algorithm=algorithm, aaguid=KEYSTEAD_TPM, backup_eligible=True, backed_up=True)

    made = verify(passkey.register(CHALLENGE, attestation=attestation))

    assert made.credential_id == passkey.credential_id
    assert made.public_key == passkey.public_key
    assert made.aaguid == KEYSTEAD_TPM
    assert (made.sign_count, made.user_present, made.user_verified) == (0, True, True)
    assert (made.backup_eligible, made.backed_up) == (True, True)
    assert (made.attestation.kind, made.attestation.trust_path) == (attestation, ())
    assert made.transports == ("internal",)
    assert made.verified_at == NOW


def test_refuses_another_type_of_ceremony() -> None:
    with pytest.raises(errors.CeremonyTypeWrong):
        verify(SoftPasskey().register(CHALLENGE, type="webauthn.get"))


def test_refuses_an_answer_to_another_challenge() -> None:
    with pytest.raises(errors.ChallengeMismatch):
        verify(SoftPasskey().register(bytes(32)))


def test_refuses_a_lookalike_origin() -> None:
    with pytest.raises(errors.OriginNotAllowed) as refused:
        verify(SoftPasskey().register(CHALLENGE, origin="https://id.example.org.evil.test"))

    assert refused.value.origin == "https://id.example.org.evil.test"


@pytest.mark.parametrize("members", [{"crossOrigin": True}, {"topOrigin": "https://portal.example.com"}])
def test_refuses_a_framed_page(members: dict[str, Any]) -> None:
    with pytest.raises(errors.CrossOriginNotAllowed):
        verify(SoftPasskey().register(CHALLENGE, client_data=members))


def test_refuses_a_page_framed_by_a_stranger() -> None:
    answer = SoftPasskey().register(CHALLENGE, client_data={"crossOrigin": True, "topOrigin": "https://a.test"})

    verify(answer, allow_cross_origin=True, top_origins=frozenset({"https://a.test"}))
    with pytest.raises(errors.TopOriginNotAllowed):
        verify(answer, allow_cross_origin=True, top_origins=frozenset({"https://b.test"}))


def test_refuses_a_credential_for_another_relying_party() -> None:
    with pytest.raises(errors.RpIdMismatch):
        verify(SoftPasskey().register(CHALLENGE, rp_id="evil.test"))


def test_refuses_when_nobody_was_present_unless_the_browser_asked_by_itself() -> None:
    answer = SoftPasskey().register(CHALLENGE, user_present=False)

    with pytest.raises(errors.UserPresenceMissing):
        verify(answer)
    assert not verify(answer, require_user_presence=False).user_present


def test_refuses_when_nobody_was_verified() -> None:
    answer = SoftPasskey().register(CHALLENGE, user_verified=False)

    with pytest.raises(errors.UserVerificationMissing):
        verify(answer)
    assert not verify(answer, require_user_verification=False).user_verified


def test_refuses_backed_up_without_eligible() -> None:
    with pytest.raises(errors.BackupStateImpossible) as refused:
        verify(SoftPasskey().register(CHALLENGE, backed_up=True))

    assert isinstance(refused.value, errors.MalformedResponse)


def test_refuses_an_algorithm_that_was_not_offered() -> None:
    answer = SoftPasskey(algorithm=ES384).register(CHALLENGE, attestation="self")

    with pytest.raises(errors.AlgorithmNotOffered) as refused:
        verify(answer, algorithms=(ES256,))

    assert refused.value.algorithm == ES384


def test_refuses_an_algorithm_that_nobody_here_knows() -> None:
    passkey = SoftPasskey()
    unknown = encode_cbor({**decode_cbor(passkey.cose_key), 3: RS1})

    with pytest.raises(errors.AlgorithmNotOffered):
        verify(passkey.register(CHALLENGE, public_key=unknown), algorithms=(ES256, RS1))


def test_refuses_a_key_that_contradicts_itself() -> None:
    passkey = SoftPasskey()
    other_curve = encode_cbor({**decode_cbor(passkey.cose_key), -1: 2})

    with pytest.raises(errors.PublicKeyInvalid):
        verify(passkey.register(CHALLENGE, public_key=other_curve))


def test_refuses_a_credential_id_over_1023_bytes() -> None:
    longest = SoftPasskey(credential_id=bytes(1023))
    assert verify(longest.register(CHALLENGE)).credential_id == bytes(1023)

    with pytest.raises(errors.CredentialIdTooLong):
        verify(SoftPasskey(credential_id=bytes(1024)).register(CHALLENGE))
    # ... and when only the authenticator's own copy is too long, so that the browser's cannot hide it.
    with pytest.raises(errors.CredentialIdTooLong):
        verify(SoftPasskey().register(CHALLENGE, credential_id=bytes(1024), raw_id=b"short"))


def test_refuses_an_empty_credential_id() -> None:
    with pytest.raises(errors.MalformedResponse, match="cut short"):
        verify(with_empty_id(SoftPasskey()))


def with_empty_id(passkey: SoftPasskey) -> dict[str, Any]:
    data = passkey.attested_data()
    at = 37 + 16
    without = data[:at] + b"\x00\x00" + data[at + 2 + len(passkey.credential_id) :]
    return with_attestation_object(passkey, attestation_object("none", {}, without))


def test_refuses_an_id_that_is_not_the_attested_one() -> None:
    with pytest.raises(errors.CredentialIdMismatch):
        verify(SoftPasskey().register(CHALLENGE, raw_id=b"another"))


def test_refuses_a_registration_without_a_credential() -> None:
    passkey = SoftPasskey()
    bare = passkey.attested_data()[:32] + b"\x05" + bytes(4)

    with pytest.raises(errors.MalformedResponse, match="without attested"):
        verify(with_attestation_object(passkey, attestation_object("none", {}, bare)))


@pytest.mark.parametrize("length", range(37, 37 + 16 + 2 + 32 + 77))
def test_refuses_attested_data_cut_short(length: int) -> None:
    passkey = SoftPasskey()
    data = passkey.attested_data()
    assert len(data) == 37 + 16 + 2 + 32 + 77

    with pytest.raises(errors.MalformedResponse):
        verify(with_attestation_object(passkey, attestation_object("none", {}, data[:length])))


def test_refuses_bytes_after_the_attestation_object() -> None:
    with pytest.raises(errors.MalformedResponse, match="after the item"):
        verify(SoftPasskey().register(CHALLENGE, after_attestation_object=b"\x00"))


def test_refuses_bytes_after_the_authenticator_data_even_when_signed() -> None:
    answer = SoftPasskey().register(CHALLENGE, attestation="self", after_authenticator_data=b"\x00")

    with pytest.raises(errors.MalformedResponse, match="after the authenticator data"):
        verify(answer)


def test_signed_extension_outputs_are_handed_on() -> None:
    made = verify(SoftPasskey().register(CHALLENGE, extensions={"credProtect": 3, "minPinLength": 6}))

    assert made.extensions == {"credProtect": 3, "minPinLength": 6}


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"fmt": "none", "attStmt": {}},
        {"fmt": "none", "attStmt": {}, "authData": b"", "epAtt": True},
        {"fmt": 1, "attStmt": {}, "authData": SoftPasskey().attested_data()},
        {"fmt": "none", "attStmt": {}, "authData": "text"},
        [],
    ],
)
def test_refuses_attestation_objects_of_another_form(members: Any) -> None:
    with pytest.raises(errors.MalformedResponse, match="attestation object"):
        verify(with_attestation_object(SoftPasskey(), encode_cbor(members)))


@pytest.mark.parametrize("name", ["android-safetynet", "NONE", "", "Packed", "fido-u2f ", "com.example"])
def test_refuses_an_unknown_format_by_its_name(name: str) -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.AttestationFormatUnknown) as refused:
        verify(with_attestation_object(passkey, attestation_object(name, {}, passkey.attested_data())))

    assert refused.value.attestation_format == name


@pytest.mark.parametrize("transports", ["internal", [1], ["x" * 33], ["usb"] * 17, {}])
def test_refuses_transports_that_are_no_short_list(transports: object) -> None:
    answer = SoftPasskey().register(CHALLENGE)
    answer["response"]["transports"] = transports

    with pytest.raises(errors.MalformedResponse):
        parse_registration(answer)


def test_keeps_transports_that_it_does_not_know_and_needs_none() -> None:
    answer = SoftPasskey().register(CHALLENGE)
    answer["response"]["transports"] = ["internal", "telepathy"]
    assert verify(answer).transports == ("internal", "telepathy")

    del answer["response"]["transports"]
    del answer["clientExtensionResults"]
    assert verify(answer).transports == ()


def test_convenience_copies_are_not_believed() -> None:
    answer = SoftPasskey().register(CHALLENGE)
    answer["response"] |= {"publicKeyAlgorithm": -257, "publicKey": "AAAA", "authenticatorData": "AAAA"}

    assert verify(answer).public_key.algorithm == ES256


def test_reads_an_aaguid_as_its_sixteen_bytes() -> None:
    aaguid = UUID("00112233-4455-6677-8899-aabbccddeeff")

    assert verify(SoftPasskey(aaguid=aaguid).register(CHALLENGE)).aaguid == aaguid


def test_every_refusal_has_a_code_of_its_own() -> None:
    classes = [
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.CeremonyError)
    ]

    assert len({value.code for value in classes}) == len(classes)


def test_a_registration_is_not_an_assertion() -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.MalformedResponse):
        parse_registration(passkey.answer(CHALLENGE))


def test_an_attestation_object_that_is_not_base64url_is_refused() -> None:
    answer = SoftPasskey().register(CHALLENGE)
    answer["response"]["attestationObject"] = b64url_encode(b"\xa0") + "="

    with pytest.raises(errors.MalformedResponse):
        parse_registration(answer)
