"""make_credential and get_assertion, judged by two verifiers that are not ours."""

import json
from typing import Any

import pytest
import webauthn
from cryptography.hazmat.primitives.serialization import load_der_public_key
from fido2.server import Fido2Server
from fido2.webauthn import AttestationObject, AttestedCredentialData, PublicKeyCredentialRpEntity
from keystead_core.webauthn import (
    AssertionExpectation,
    RegistrationExpectation,
    StoredCredential,
    parse_assertion,
    parse_registration,
    verify_assertion,
    verify_registration,
)
from keystead_core.webauthn.aaguids import KEYSTEAD_SOFTWARE, KEYSTEAD_TPM
from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_testkit.clock import FixedClock
from keystead_testkit.container_desk import (
    CHALLENGE,
    ORIGIN,
    RP_ID,
    Desk,
)
from webauthn.helpers.structs import AttestationFormat


def authenticator_data(credential: dict[str, Any]) -> bytes:
    return b64url_decode(credential["response"]["authenticatorData"])


def by_py_webauthn(credential: dict[str, Any]) -> Any:
    return webauthn.verify_registration_response(
        credential=credential,
        expected_challenge=CHALLENGE,
        expected_rp_id=RP_ID,
        expected_origin=ORIGIN,
        require_user_verification=True,
    )


@pytest.mark.tpm
@pytest.mark.parametrize("attestation", ["none", "direct"])
def test_a_passkey_in_a_tpm_registers_and_signs_in_at_py_webauthn(tpm_desk: Desk, attestation: str) -> None:
    created = tpm_desk.create(attestation=attestation)
    registered = by_py_webauthn(created)

    signed_in = webauthn.verify_authentication_response(
        credential=tpm_desk.get(),
        expected_challenge=CHALLENGE,
        expected_rp_id=RP_ID,
        expected_origin=ORIGIN,
        credential_public_key=registered.credential_public_key,
        credential_current_sign_count=registered.sign_count,
        require_user_verification=True,
    )

    assert registered.fmt == (AttestationFormat.NONE if attestation == "none" else AttestationFormat.PACKED)
    assert registered.user_verified
    assert signed_in.user_verified
    assert signed_in.new_sign_count == 1
    assert signed_in.credential_backed_up is False


@pytest.mark.tpm
def test_a_passkey_in_a_tpm_registers_and_signs_in_at_python_fido2(tpm_desk: Desk) -> None:
    server = Fido2Server(PublicKeyCredentialRpEntity(name="Contoso", id=RP_ID), attestation="direct")
    state = {"challenge": b64url_encode(CHALLENGE), "user_verification": "required"}

    data = server.register_complete(state, tpm_desk.create(attestation="direct"))
    assert data.credential_data is not None
    server.authenticate_complete(state, [AttestedCredentialData(data.credential_data)], tpm_desk.get())

    assert data.counter == 0


@pytest.mark.tpm
def test_our_own_verifier_agrees(tpm_desk: Desk, clock: FixedClock) -> None:
    origins = frozenset({ORIGIN})
    expected = RegistrationExpectation(CHALLENGE, origins, RP_ID, algorithms=(-7,))
    registered = verify_registration(
        parse_registration(tpm_desk.create(attestation="direct")), expected, now=clock.now()
    )
    stored = StoredCredential(registered.credential_id, registered.public_key, 0, backup_eligible=False)

    signed_in = verify_assertion(
        parse_assertion(tpm_desk.get()), AssertionExpectation(CHALLENGE, origins, RP_ID), stored
    )

    assert (registered.attestation.format, registered.attestation.kind) == ("packed", "self")
    assert registered.aaguid == KEYSTEAD_TPM
    assert (signed_in.sign_count, signed_in.user_verified, signed_in.backup_eligible) == (1, True, False)


def test_the_registration_says_what_a_browser_would_say(desk: Desk) -> None:
    created = desk.create(extensions={"credProps": True})

    response = created["response"]
    key = load_der_public_key(b64url_decode(response["publicKey"]))
    attestation = AttestationObject(b64url_decode(response["attestationObject"]))
    client_data = json.loads(b64url_decode(response["clientDataJSON"]))
    assert created["id"] == created["rawId"] == b64url_encode(attestation.auth_data.credential_data.credential_id)
    assert (created["type"], created["authenticatorAttachment"]) == ("public-key", "platform")
    assert created["clientExtensionResults"] == {"credProps": {"rk": True}}
    assert (response["transports"], response["publicKeyAlgorithm"]) == (["internal"], -7)
    assert bytes(attestation.auth_data) == authenticator_data(created)
    x = attestation.auth_data.credential_data.public_key[-2]
    assert key.public_numbers().x == int.from_bytes(x, "big")  # type: ignore[union-attr]
    assert client_data == {
        "type": "webauthn.create",
        "challenge": b64url_encode(CHALLENGE),
        "origin": ORIGIN,
        "crossOrigin": False,
    }


def test_extension_results_are_given_only_when_asked_for(desk: Desk) -> None:
    assert desk.create()["clientExtensionResults"] == {}


def test_flags_say_present_and_verified_and_never_backed_up(desk: Desk) -> None:
    assert authenticator_data(desk.create())[32] == 0x45
    assert authenticator_data(desk.get())[32] == 0x05


def test_without_attestation_the_aaguid_is_zero(desk: Desk) -> None:
    assert authenticator_data(desk.create())[37:53] == bytes(16)
    assert authenticator_data(desk.create(attestation="none"))[37:53] == bytes(16)


@pytest.mark.parametrize("conveyance", ["direct", "indirect", "enterprise"])
def test_with_attestation_the_aaguid_tells_a_file_from_a_chip(desk: Desk, conveyance: str) -> None:
    assert authenticator_data(desk.create(attestation=conveyance))[37:53] == KEYSTEAD_SOFTWARE.bytes


@pytest.mark.tpm
def test_the_chips_aaguid_is_another_one(tpm_desk: Desk) -> None:
    assert authenticator_data(tpm_desk.create(attestation="direct"))[37:53] == KEYSTEAD_TPM.bytes


def test_every_assertion_counts_one_more(desk: Desk) -> None:
    desk.create()

    counts = [int.from_bytes(authenticator_data(desk.get())[33:37], "big") for _ in range(3)]

    assert counts == [1, 2, 3]


def test_the_user_handle_comes_back(desk: Desk) -> None:
    desk.create()

    assert b64url_decode(desk.get()["response"]["userHandle"]) == b"alice"
