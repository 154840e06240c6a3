"""Sign-in, §7.2: each step has an answer that fails it and nothing else."""

import json
from dataclasses import replace
from typing import Any

import pytest
from keystead_core.cose import ALGORITHMS, ES256, PS256
from keystead_core.webauthn import (
    AssertionExpectation,
    StoredCredential,
    VerifiedAssertion,
    errors,
    parse_assertion,
    verify_assertion,
)
from keystead_core.wire import b64url_decode, b64url_encode
from keystead_testkit.soft_passkey import SoftPasskey

CHALLENGE = bytes(range(32))
EXPECTED = AssertionExpectation(CHALLENGE, frozenset({"https://id.example.org"}), "id.example.org")
FRAMED = {"crossOrigin": True}
FRAMED_BY = {"crossOrigin": True, "topOrigin": "https://portal.example.com"}


def verify(
    passkey: SoftPasskey, answer: dict[str, Any], stored: StoredCredential | None = None, **expected: Any
) -> VerifiedAssertion:
    received = parse_assertion(json.dumps(answer).encode())
    return verify_assertion(received, replace(EXPECTED, **expected), stored or passkey.stored())


def with_response(answer: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {**answer, "response": {**answer["response"], **members}}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_accepts_what_the_stored_key_signed_for_us(algorithm: int) -> None:
    passkey = SoftPasskey(algorithm=algorithm, backup_eligible=True, backed_up=True)
    before = passkey.stored()

    assertion = verify(passkey, passkey.answer(CHALLENGE), before)

    assert assertion.credential_id == passkey.credential_id
    assert (assertion.sign_count, assertion.counter_regressed) == (1, False)
    assert (assertion.user_present, assertion.user_verified) == (True, True)
    assert (assertion.backup_eligible, assertion.backed_up) == (True, True)
    assert assertion.extensions == {}


def test_text_and_decoded_members_are_read_alike() -> None:
    answer = SoftPasskey(user_handle=b"somebody").answer(CHALLENGE)

    assert parse_assertion(answer) == parse_assertion(json.dumps(answer).encode())
    assert parse_assertion(answer).user_handle == b"somebody"


@pytest.mark.parametrize("handle", [None, ""])
def test_an_authenticator_need_not_say_whose_the_passkey_is(handle: object) -> None:
    answer = SoftPasskey().answer(CHALLENGE)

    assert parse_assertion(answer).user_handle is None
    assert parse_assertion(with_response(answer, userHandle=handle)).user_handle is None


@pytest.mark.parametrize("wrong", ["webauthn.create", "payment.get", "webauthn.get ", "WEBAUTHN.GET", ""])
def test_refuses_another_type_of_ceremony(wrong: str) -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.CeremonyTypeWrong) as refused:
        verify(passkey, passkey.answer(CHALLENGE, client_data={"type": wrong}))

    assert refused.value.got == wrong


@pytest.mark.parametrize("challenge", [bytes(32), CHALLENGE[:-1], CHALLENGE + b"\x00", b"\x00"])
def test_refuses_an_answer_to_another_challenge(challenge: bytes) -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.ChallengeMismatch):
        verify(passkey, passkey.answer(challenge))


@pytest.mark.parametrize(
    "origin",
    [
        "https://id.example.org.evil.test",
        "https://evil.test/https://id.example.org",
        "https://id.example.org/",
        "https://id.example.org:443",
        "https://id.example.org:8443",
        "https://ID.example.org",
        "http://id.example.org",
        "https://badid.example.org",
        "https://example.org",
        "https://a.id.example.org",
        "id.example.org",
        "https://id.example.org\x00",
        "null",
        "",
    ],
)
def test_refuses_a_page_that_is_not_ours(origin: str) -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.OriginNotAllowed) as refused:
        verify(passkey, passkey.answer(CHALLENGE, client_data={"origin": origin}))

    assert refused.value.origin == origin


def test_accepts_each_of_several_origins() -> None:
    passkey = SoftPasskey(origin="android:apk-key-hash:abc")

    verify(
        passkey, passkey.answer(CHALLENGE), origins=frozenset({"https://id.example.org", "android:apk-key-hash:abc"})
    )


@pytest.mark.parametrize("members", [FRAMED, FRAMED_BY, {"topOrigin": "https://portal.example.com"}])
def test_refuses_a_framed_page(members: dict[str, Any]) -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.CrossOriginNotAllowed):
        verify(passkey, passkey.answer(CHALLENGE, client_data=members))


def test_naming_the_framing_page_does_not_allow_framing() -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.CrossOriginNotAllowed):
        verify(
            passkey,
            passkey.answer(CHALLENGE, client_data=FRAMED_BY),
            top_origins=frozenset({"https://portal.example.com"}),
        )


@pytest.mark.parametrize("top_origins", [frozenset[str](), frozenset({"https://example.com"})])
def test_refuses_a_page_framed_by_a_stranger(top_origins: frozenset[str]) -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.TopOriginNotAllowed) as refused:
        verify(
            passkey,
            passkey.answer(CHALLENGE, client_data=FRAMED_BY),
            allow_cross_origin=True,
            top_origins=top_origins,
        )

    assert refused.value.top_origin == "https://portal.example.com"


def test_accepts_a_page_framed_by_one_that_may() -> None:
    passkey = SoftPasskey(counts=False)
    framed = {"allow_cross_origin": True, "top_origins": frozenset({"https://portal.example.com"})}

    verify(passkey, passkey.answer(CHALLENGE, client_data=FRAMED_BY), **framed)
    verify(passkey, passkey.answer(CHALLENGE, client_data=FRAMED), **framed)


@pytest.mark.parametrize(
    "members",
    [
        {"tokenBinding": {"status": "supported"}},
        {"extraData": "clientDataJSON may be extended"},
        {"other_keys_can_be_added_here": [1, {"a": None}]},
    ],
)
def test_tolerates_client_data_members_that_it_does_not_know(members: dict[str, Any]) -> None:
    passkey = SoftPasskey()

    verify(passkey, passkey.answer(CHALLENGE, client_data=members))


def test_refuses_a_signature_for_another_relying_party() -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.RpIdMismatch):
        verify(passkey, passkey.answer(CHALLENGE, rp_id="evil.test"))


def test_refuses_when_nobody_was_present() -> None:
    passkey = SoftPasskey()
    answer = passkey.answer(CHALLENGE, user_present=False)

    with pytest.raises(errors.UserPresenceMissing):
        verify(passkey, answer)
    assert not verify(passkey, answer, require_user_presence=False).user_present


def test_refuses_when_nobody_was_verified() -> None:
    passkey = SoftPasskey()
    answer = passkey.answer(CHALLENGE, user_verified=False)

    with pytest.raises(errors.UserVerificationMissing):
        verify(passkey, answer)
    assert not verify(passkey, answer, require_user_verification=False).user_verified


def test_refuses_backed_up_without_eligible() -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.BackupStateImpossible):
        verify(passkey, passkey.answer(CHALLENGE, backed_up=True))


@pytest.mark.parametrize("registered", [True, False])
def test_refuses_a_backup_eligibility_that_changed(registered: bool) -> None:
    passkey = SoftPasskey(backup_eligible=registered)

    with pytest.raises(errors.BackupEligibilityChanged) as refused:
        verify(passkey, passkey.answer(CHALLENGE, backup_eligible=not registered))

    assert refused.value.was_eligible is registered


@pytest.mark.parametrize(
    ("stored", "signed", "regressed"),
    [(0, 0, False), (0, 1, False), (7, 8, False), (7, 7, True), (7, 6, True), (7, 0, True), (2**32 - 1, 0, True)],
)
def test_a_counter_that_did_not_go_up_is_a_signal_and_not_a_refusal(stored: int, signed: int, regressed: bool) -> None:
    passkey = SoftPasskey(counts=False)

    record = replace(passkey.stored(), sign_count=stored)
    assertion = verify(passkey, passkey.answer(CHALLENGE, sign_count=signed), record)

    assert (assertion.sign_count, assertion.counter_regressed) == (signed, regressed)


def test_refuses_another_credential_than_the_stored_one() -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.CredentialIdMismatch):
        verify(passkey, passkey.answer(CHALLENGE, credential_id=b"another"))


def test_refuses_a_credential_that_was_not_asked_for() -> None:
    passkey = SoftPasskey(counts=False)
    answer = passkey.answer(CHALLENGE)

    verify(passkey, answer, allowed_credentials=frozenset({passkey.credential_id, b"another"}))
    for allowed in (frozenset({b"another"}), frozenset[bytes]()):
        with pytest.raises(errors.CredentialIdMismatch):
            verify(passkey, answer, allowed_credentials=allowed)


def test_refuses_a_spoilt_signature() -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.SignatureInvalid):
        verify(passkey, passkey.answer(CHALLENGE, spoil_signature=True))


@pytest.mark.parametrize("algorithm", [ES256, PS256, -8])
def test_refuses_bytes_after_the_signature(algorithm: int) -> None:
    passkey = SoftPasskey(algorithm=algorithm)

    with pytest.raises(errors.SignatureInvalid):
        verify(passkey, passkey.answer(CHALLENGE, after_signature=b"\x00"))


def test_refuses_the_signature_of_another_key() -> None:
    passkey, other = SoftPasskey(), SoftPasskey()
    theirs = replace(other.stored(), credential_id=passkey.credential_id)

    with pytest.raises(errors.SignatureInvalid):
        verify(passkey, passkey.answer(CHALLENGE), theirs)


@pytest.mark.parametrize("flags", [0x05, 0x45])
def test_refuses_signed_bytes_after_the_authenticator_data(flags: int) -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.MalformedResponse):
        verify(passkey, passkey.answer(CHALLENGE, flags=flags, after_authenticator_data=b"\xa0"))


def test_refuses_attested_data_in_an_assertion() -> None:
    passkey = SoftPasskey()
    attested = passkey.attested_data()[37:]

    with pytest.raises(errors.MalformedResponse, match="in an assertion"):
        verify(passkey, passkey.answer(CHALLENGE, flags=0x45, after_authenticator_data=attested))


def test_signed_extension_outputs_are_handed_on() -> None:
    passkey = SoftPasskey()

    assertion = verify(passkey, passkey.answer(CHALLENGE, extensions={"uvm": [[2, 4, 2]], "x": True}))

    assert assertion.extensions == {"uvm": [[2, 4, 2]], "x": True}


@pytest.mark.parametrize("extensions", [b"", b"\x00", b"\xa1\x01\x02", b"\xa0\x00", b"\xa1\x61\x61", b"\xbf\xff"])
def test_refuses_extensions_that_are_none(extensions: bytes) -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.MalformedResponse):
        verify(passkey, passkey.answer(CHALLENGE, flags=0x85, after_authenticator_data=extensions))


def test_strips_a_byte_order_mark_and_hashes_what_came() -> None:
    passkey = SoftPasskey()
    client_data = b"\xef\xbb\xbf" + passkey.client_data("webauthn.get", CHALLENGE)
    answer = passkey.answer(CHALLENGE)
    received = parse_assertion(with_response(answer, clientDataJSON=b64url_encode(client_data)))

    assert received.client_data.raw == client_data
    signature = passkey.sign(received.authenticator_data.raw + received.client_data.hash)
    verify(
        passkey, with_response(answer, clientDataJSON=b64url_encode(client_data), signature=b64url_encode(signature))
    )


@pytest.mark.parametrize(
    "client_data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"type":"webauthn.get","type":"webauthn.get","challenge":"AA","origin":"https://id.example.org"}',
        b'{"type":"webauthn.get","challenge":"AA==","origin":"https://id.example.org"}',
        b'{"type":"webauthn.get","challenge":7,"origin":"https://id.example.org"}',
        b'{"type":"webauthn.get","challenge":"AA"}',
        b'{"type":null,"challenge":"AA","origin":"https://id.example.org"}',
        b'{"type":"webauthn.get","challenge":"AA","origin":"o","crossOrigin":"false"}',
        b'{"type":"webauthn.get","challenge":"AA","origin":"o","crossOrigin":null}',
        b'{"type":"webauthn.get","challenge":"AA","origin":"o","crossOrigin":0}',
        b'{"type":"webauthn.get","challenge":"AA","origin":"o","topOrigin":null}',
        b'{"type":"webauthn.get","challenge":"AA","origin":"o","topOrigin":["https://a.test"]}',
        b'{"type":"webauthn.get","challenge":"AA","origin":"\xff"}',
        b'\xef\xbb\xbf\xef\xbb\xbf{"type":"webauthn.get","challenge":"AA","origin":"o"}',
        b'{"type":"webauthn.get","challenge":"AA","origin":"o"}' + b" " * 9000,
    ],
)
def test_refuses_client_data_that_are_none(client_data: bytes) -> None:
    with pytest.raises(errors.MalformedResponse):
        parse_assertion(with_response(SoftPasskey().answer(CHALLENGE), clientDataJSON=b64url_encode(client_data)))


@pytest.mark.parametrize("length", [0, 1, 36])
def test_refuses_authenticator_data_cut_short(length: int) -> None:
    with pytest.raises(errors.MalformedResponse):
        parse_assertion(with_response(SoftPasskey().answer(CHALLENGE), authenticatorData=b64url_encode(bytes(length))))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("type", "password"),
        ("type", None),
        ("rawId", None),
        ("rawId", 7),
        ("rawId", ""),
        ("rawId", "AA=="),
        ("id", "AAAA"),
        ("id", None),
        ("response", None),
        ("response", "text"),
        ("clientExtensionResults", []),
        ("authenticatorAttachment", 1),
    ],
)
def test_refuses_members_of_another_form(member: str, value: object) -> None:
    with pytest.raises(errors.MalformedResponse):
        parse_assertion({**SoftPasskey().answer(CHALLENGE), member: value})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("clientDataJSON", None),
        ("authenticatorData", "!"),
        ("signature", None),
        ("signature", "AB"),
        ("signature", b64url_encode(bytes(3000))),
        ("userHandle", 5),
        ("userHandle", b64url_encode(bytes(65))),
    ],
)
def test_refuses_response_members_of_another_form(member: str, value: object) -> None:
    with pytest.raises(errors.MalformedResponse):
        parse_assertion(with_response(SoftPasskey().answer(CHALLENGE), **{member: value}))


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"\xff", b"{" * 100, b'{"id":1,"id":2}', b"[" * 70_000])
def test_refuses_payloads_that_are_no_object(payload: bytes) -> None:
    with pytest.raises(errors.MalformedResponse):
        parse_assertion(payload)


def test_refuses_a_credential_id_over_1023_bytes() -> None:
    passkey = SoftPasskey(credential_id=bytes(1023))
    verify(passkey, passkey.answer(CHALLENGE))

    with pytest.raises(errors.CredentialIdTooLong) as refused:
        parse_assertion(SoftPasskey(credential_id=bytes(1024)).answer(CHALLENGE))

    assert refused.value.length == 1024


def test_refuses_an_empty_credential_id() -> None:
    with pytest.raises(errors.MalformedResponse, match="empty"):
        parse_assertion({**SoftPasskey().answer(CHALLENGE), "id": "", "rawId": ""})


def test_nothing_received_is_changed_by_parsing() -> None:
    passkey = SoftPasskey()
    answer = passkey.answer(CHALLENGE)

    received = parse_assertion(answer)

    assert received.client_data.raw == b64url_decode(answer["response"]["clientDataJSON"])
    assert received.authenticator_data.raw == b64url_decode(answer["response"]["authenticatorData"])
    assert received.signature == b64url_decode(answer["response"]["signature"])
