"""Classes 5, 6 and 7: attestation, options and origins are enforced here, whatever a client says."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from keystead_core.cose import RS1
from keystead_core.wire import b64url_decode, b64url_encode, encode_cbor
from keystead_server.flows.register_passkey import Offered, Registered
from keystead_server.policy.passkeys.model import FIRST_POLICY, AttestationEnforcement
from keystead_testkit.attesters import fido_u2f, packed, registration
from keystead_testkit.office import Office, reason_of
from keystead_testkit.soft_passkey import SoftPasskey

MODEL = UUID(int=0x11)


# -- 5: attestation --------------------------------------------------------------------------------


@pytest.fixture
def strict_office() -> Office:
    office = Office()
    (profile,) = FIRST_POLICY.profiles
    strict = replace(profile, attestation_enforcement=AttestationEnforcement.REGISTRATION_ONLY)
    office.save_policy(replace(FIRST_POLICY, profiles=(strict,)))
    return office


def challenge_of(office: Office) -> tuple[bytes, Any]:
    owner = office.session()
    offer = office.begin_registration(owner)
    assert isinstance(offer, Offered)
    return b64url_decode(offer.options["challenge"]), owner


@pytest.mark.parametrize("attestation", ["none", "self"])
def test_less_than_the_policy_asks_is_refused_though_the_browser_sent_it(
    strict_office: Office, attestation: str
) -> None:
    outcome = strict_office.register(owner=strict_office.session(), attestation=attestation)

    assert reason_of(outcome) == "attestation_required"


@pytest.mark.parametrize("make", [packed, fido_u2f])
def test_a_certificate_that_nobody_vouches_for_is_no_attestation(strict_office: Office, make: Any) -> None:
    challenge, owner = challenge_of(strict_office)
    aaguid = MODEL if make is packed else UUID(int=0)
    passkey = strict_office.new_passkey(aaguid=aaguid)
    form = "packed" if make is packed else "fido-u2f"

    outcome = strict_office.finish_registration(registration(passkey, challenge, form, make(passkey)), owner)

    assert reason_of(outcome) == "attestation_required"


def test_none_with_a_statement_in_it_is_refused(strict_office: Office) -> None:
    challenge, owner = challenge_of(strict_office)
    passkey = strict_office.new_passkey()

    answer = registration(passkey, challenge, "none", lambda data, digest: {"x5c": [b"certificate"]})

    assert reason_of(strict_office.finish_registration(answer, owner)) == "attestation_invalid"


@pytest.mark.parametrize("form", ["direct", "None", "", "android-safetynet", "tpm2"])
def test_an_unknown_format_is_refused_by_name(office: Office, form: str) -> None:
    challenge, owner = challenge_of(office)

    answer = registration(office.new_passkey(), challenge, form, lambda data, digest: {})

    assert reason_of(office.finish_registration(answer, owner)) == "attestation_format_unknown"
    assert repr(form) in office.rows[-1].detail


# -- 6: options ------------------------------------------------------------------------------------


def test_an_algorithm_that_was_not_offered_is_refused(office: Office) -> None:
    # RS1 is accepted nowhere but inside a TPM's statement.
    passkey = SoftPasskey(algorithm=-257, origin=office.config.public_url)
    labelled = passkey.cose_key.replace(encode_cbor(-257), encode_cbor(RS1))
    assert labelled != passkey.cose_key

    outcome = office.register(passkey, owner=office.session(), public_key=labelled)

    assert reason_of(outcome) in ("algorithm_not_offered", "public_key_invalid")


@pytest.mark.parametrize("flag", ["user_verified", "user_present"])
def test_what_the_options_asked_for_is_looked_for_in_what_was_signed(office: Office, flag: str) -> None:
    lie = {flag: False}

    assert not isinstance(office.register(owner=office.session(), **lie), Registered)
    assert reason_of(office.sign_in(**lie)) == (
        "user_verification_missing" if flag == "user_verified" else "user_presence_missing"
    )


def test_a_client_that_says_it_verified_the_user_is_not_asked(office: Office) -> None:
    answer = office.passkey.answer_to(office.begin(), user_verified=False)
    answer["userVerification"] = answer["response"]["userVerified"] = True
    answer["clientExtensionResults"] = {"uvm": [[2, 4, 2]], "credProps": {"rk": True}}

    assert reason_of(office.finish(answer)) == "user_verification_missing"


def test_flags_changed_on_the_way_are_noticed(office: Office) -> None:
    answer = office.passkey.answer_to(office.begin(), user_verified=False)
    data = bytearray(b64url_decode(answer["response"]["authenticatorData"]))
    data[32] |= 0x04
    answer["response"]["authenticatorData"] = b64url_encode(bytes(data))

    assert reason_of(office.finish(answer)) == "signature_invalid"


def test_a_signature_by_another_key_is_refused_even_with_everything_else_right(office: Office) -> None:
    impostor = office.new_passkey(user_handle=office.ada.handle, credential_id=office.passkey.credential_id)
    impostor.sign_count = 100

    assert reason_of(office.sign_in(impostor)) == "signature_invalid"


@pytest.mark.parametrize("signature", ["", "AA", "MAYCAQECAQE", "MAYCAQACAQA"])
def test_a_signature_that_is_none_is_refused_and_nothing_breaks(office: Office, signature: str) -> None:
    answer = office.passkey.answer_to(office.begin())
    answer["response"]["signature"] = signature

    assert reason_of(office.finish(answer)) in ("signature_invalid", "malformed_response")


# -- 7: origins ------------------------------------------------------------------------------------

HOSTILE_ORIGINS = [
    "https://id.example.org.evil.test", "https://evil.test", "https://evilid.example.org", "https://idexample.org",
    "https://id-example.org", "https://example.org", "https://sub.id.example.org", "http://id.example.org",
    "https://id.example.org:443", "https://id.example.org:8443", "https://id.example.org/", "https://id.example.org.",
    "https://ID.example.org", "HTTPS://id.example.org", "https://id.example.org\\@evil.test",
    "https://id.example.org@evil.test", "https://evil.test#https://id.example.org", "https://id.example.org%2eevil.test",
    "https://id.example.org ", " https://id.example.org", "https://іd.example.org", "https://xn--d-pmb.example.org",
    "null", "", "id.example.org", "file://", "android:apk-key-hash:x", "chrome-extension://id.example.org",
    "https://id.example.org\0", "wss://id.example.org", "https:id.example.org", "https:///id.example.org",
]  # fmt: skip


@pytest.mark.parametrize("origin", HOSTILE_ORIGINS)
def test_a_page_that_is_not_exactly_ours_neither_signs_in_nor_registers(office: Office, origin: str) -> None:
    lie = {"client_data": {"origin": origin}}

    assert reason_of(office.sign_in(**lie)) == "origin_not_allowed"
    assert reason_of(office.register(owner=office.session(), **lie)) == "origin_not_allowed"


@pytest.mark.parametrize("rp_id", ["example.org", "evil.test", "id.example.org.evil.test", "ID.EXAMPLE.ORG", ""])
def test_a_passkey_for_another_relying_party_is_not_for_us(office: Office, rp_id: str) -> None:
    assert reason_of(office.sign_in(rp_id=rp_id)) == "rp_id_mismatch"


@pytest.mark.parametrize(
    "frame",
    [
        {"crossOrigin": True},
        {"crossOrigin": True, "topOrigin": "https://evil.test"},
        {"topOrigin": "https://evil.test"},
        {"crossOrigin": True, "topOrigin": "https://id.example.org"},
    ],
)
def test_a_page_of_ours_in_somebody_elses_frame_is_refused(office: Office, frame: dict[str, Any]) -> None:
    assert reason_of(office.sign_in(client_data=frame)) in ("cross_origin_not_allowed", "top_origin_not_allowed")
