"""Attestation statements, §8: what each format proves, and what it refuses to take for proof."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.x509.oid import NameOID
from keystead_core.cose import DEFAULT_OFFERED_ALGORITHMS, EDDSA, ES256, ES384, RS1, RS256
from keystead_core.webauthn import (
    NO_AAGUID,
    RegistrationExpectation,
    VerifiedRegistration,
    errors,
    parse_registration,
    verify_registration,
)
from keystead_core.webauthn.attestation import FORMATS
from keystead_core.wire import decode_der
from keystead_testkit.attesters import (
    AAGUID_EXTENSION,
    AN_AUTHORITY,
    APPLE_EXTENSION,
    NOT_AN_AUTHORITY,
    PACKED_SUBJECT,
    aaguid_extension,
    apple,
    certificate,
    der,
    fido_u2f,
    packed,
    raw_extension,
    registration,
)
from keystead_testkit.soft_passkey import SoftPasskey, attestation_object

CHALLENGE = bytes(range(32))
AAGUID = UUID("00112233-4455-6677-8899-aabbccddeeff")
EXPECTED = RegistrationExpectation(
    CHALLENGE, frozenset({"https://id.example.org"}), "id.example.org", DEFAULT_OFFERED_ALGORITHMS
)


def verify(answer: dict[str, Any], **expected: Any) -> VerifiedRegistration:
    received = parse_registration(answer)
    return verify_registration(received, replace(EXPECTED, **expected), now=datetime(2026, 1, 1, tzinfo=UTC))


def refusal(answer: dict[str, Any]) -> str:
    with pytest.raises(errors.AttestationInvalid) as refused:
        verify(answer)
    return str(refused.value)


def attested(attestation_format: str, passkey: SoftPasskey, make: Any, **lies: Any) -> dict[str, Any]:
    return registration(passkey, CHALLENGE, attestation_format, make, **lies)


def without(oid: x509.ObjectIdentifier) -> dict[x509.ObjectIdentifier, str]:
    return {name: value for name, value in PACKED_SUBJECT.items() if name != oid}


def test_the_table_names_every_format_and_nothing_that_is_retired() -> None:
    assert set(FORMATS) == {"none", "packed", "tpm", "android-key", "apple", "fido-u2f", "compound"}


@pytest.mark.parametrize("statement", [{"sig": b"x"}, [], None, b"", "none"])
def test_none_says_nothing_else(statement: Any) -> None:
    passkey = SoftPasskey()
    encoded = attestation_object("none", statement, passkey.attested_data())

    assert "not an empty map" in refusal(
        passkey.registration(passkey.client_data("webauthn.create", CHALLENGE), encoded)
    )


def test_packed_by_a_certified_key() -> None:
    passkey = SoftPasskey(aaguid=AAGUID)

    made = verify(attested("packed", passkey, packed(passkey)))

    assert (made.aaguid, made.attestation.format, made.attestation.kind) == (AAGUID, "packed", "basic")
    assert len(made.attestation.trust_path) == 1
    assert made.attestation.aaguid_attested


def test_packed_without_an_aaguid_in_the_certificate() -> None:
    passkey = SoftPasskey(aaguid=AAGUID)

    assert verify(attested("packed", passkey, packed(passkey, extensions=(NOT_AN_AUTHORITY,)))).aaguid == AAGUID


def test_packed_keeps_the_chain_in_its_order() -> None:
    passkey = SoftPasskey()
    above = certificate(ec.generate_private_key(ec.SECP256R1()).public_key(), extensions=(AN_AUTHORITY,))
    make = packed(passkey)

    def with_chain(data: bytes, client_data_hash: bytes) -> Any:
        statement = make(data, client_data_hash)
        return {**statement, "x5c": [*statement["x5c"], above]}

    path = verify(attested("packed", passkey, with_chain)).attestation.trust_path
    assert [found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca for found in path] == [False, True]


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        (without(NameOID.COUNTRY_NAME), "country"),
        (without(NameOID.ORGANIZATION_NAME), "organisation"),
        (without(NameOID.ORGANIZATIONAL_UNIT_NAME), "unit"),
        (without(NameOID.COMMON_NAME), "common name"),
        ({**PACKED_SUBJECT, NameOID.ORGANIZATIONAL_UNIT_NAME: "authenticator attestation"}, "unit"),
        ({}, "country"),
    ],
)
def test_packed_refuses_a_certificate_with_another_subject(subject: Any, why: str) -> None:
    passkey = SoftPasskey()

    assert why in refusal(attested("packed", passkey, packed(passkey, subject=subject)))


def test_packed_refuses_an_authoritys_certificate() -> None:
    passkey = SoftPasskey()

    assert "authority" in refusal(attested("packed", passkey, packed(passkey, extensions=(AN_AUTHORITY,))))


def test_packed_refuses_a_certificate_that_does_not_say_it_is_no_authority() -> None:
    passkey = SoftPasskey()

    assert "BasicConstraints" in refusal(attested("packed", passkey, packed(passkey, extensions=())))


def as_version_1(encoded: bytes) -> bytes:
    """Take version and extensions out of a certificate; its own signature is nobody's concern here."""
    tbs, *rest = decode_der(encoded).children()
    kept = [part for part in tbs.children() if part.tag not in (0xA0, 0xA3)]
    body = der(0x30, b"".join(der(part.tag, part.content) for part in kept))
    return der(0x30, body + b"".join(der(part.tag, part.content) for part in rest))


def test_packed_refuses_a_certificate_of_version_1() -> None:
    passkey, key = SoftPasskey(), ec.generate_private_key(ec.SECP256R1())
    old = as_version_1(certificate(key.public_key()))

    assert "version" in refusal(attested("packed", passkey, packed(passkey, key=key, x5c=[old])))


def with_extensions_twice(encoded: bytes) -> bytes:
    tbs, *rest = decode_der(encoded).children()
    parts = []
    for part in tbs.children():
        content = part.content
        if part.tag == 0xA3:
            content = der(0x30, part.only_child().content * 2)
        parts.append(der(part.tag, content))
    body = der(0x30, b"".join(parts))
    return der(0x30, body + b"".join(der(part.tag, part.content) for part in rest))


def test_packed_refuses_a_certificate_that_says_a_thing_twice() -> None:
    passkey, key = SoftPasskey(), ec.generate_private_key(ec.SECP256R1())
    doubled = with_extensions_twice(certificate(key.public_key()))

    assert "uplicate" in refusal(attested("packed", passkey, packed(passkey, key=key, x5c=[doubled])))


@pytest.mark.parametrize(
    ("extension", "why"),
    [
        (aaguid_extension(UUID(int=1)), "another AAGUID"),
        (aaguid_extension(AAGUID, critical=True), "critical"),
        (raw_extension(AAGUID_EXTENSION, AAGUID.bytes), "ends in the middle"),
        (raw_extension(AAGUID_EXTENSION, b"\x04\x10" + AAGUID.bytes + b"\x00"), "after the element"),
        (raw_extension(AAGUID_EXTENSION, b"\x04\x0f" + AAGUID.bytes[:15]), "another AAGUID"),
        (raw_extension(AAGUID_EXTENSION, b"\x30\x10" + AAGUID.bytes), "tag"),
    ],
    ids=["another", "critical", "wrapped once", "trailing", "short", "not octets"],
)
def test_packed_refuses_an_aaguid_extension_that_does_not_fit(extension: Any, why: str) -> None:
    passkey = SoftPasskey(aaguid=AAGUID)

    assert why in refusal(attested("packed", passkey, packed(passkey, extensions=(NOT_AN_AUTHORITY, extension))))


@pytest.mark.parametrize("alg", [RS256, ES384, EDDSA, RS1, -999, None, "ES256", True, -7.0])
def test_packed_refuses_an_alg_that_does_not_fit_the_certificate(alg: Any) -> None:
    passkey = SoftPasskey()

    refusal(attested("packed", passkey, packed(passkey, alg=alg)))


def test_packed_refuses_an_rsa_algorithm_by_a_key_that_is_none() -> None:
    passkey = SoftPasskey()

    assert "needs an RSA key" in refusal(attested("packed", passkey, packed(passkey, alg=RS256)))


def test_packed_refuses_a_certificate_whose_key_signs_nothing() -> None:
    passkey = SoftPasskey()
    encoded = certificate(x25519.X25519PrivateKey.generate().public_key())

    assert "of a kind" in refusal(attested("packed", passkey, packed(passkey, x5c=[encoded])))


def test_packed_refuses_es256_by_a_key_on_another_curve() -> None:
    passkey = SoftPasskey()

    assert "secp256r1" in refusal(
        attested("packed", passkey, packed(passkey, key=ec.generate_private_key(ec.SECP384R1())))
    )


@pytest.mark.parametrize("sig", [b"", None, b"\x30\x00", "text"])
def test_packed_refuses_what_its_key_did_not_sign(sig: Any) -> None:
    passkey = SoftPasskey()

    refusal(attested("packed", passkey, packed(passkey, sig=sig)))


def test_packed_refuses_a_signature_over_another_ceremony() -> None:
    passkey = SoftPasskey()
    make = packed(passkey)

    refusal(attested("packed", passkey, lambda data, _: make(data, bytes(32))))
    refusal(attested("packed", passkey, lambda data, client_data_hash: make(data + b"\x00", client_data_hash)))


@pytest.mark.parametrize("x5c", [[], None, b"", [b""], [b"\x30\x00"], ["text"], {}, [b"\x30\x00"] * 9])
def test_packed_refuses_x5c_that_is_no_list_of_certificates(x5c: Any) -> None:
    passkey = SoftPasskey()

    refusal(attested("packed", passkey, packed(passkey, x5c=x5c)))


def test_packed_refuses_bytes_after_a_certificate() -> None:
    passkey = SoftPasskey()
    encoded = certificate(ec.generate_private_key(ec.SECP256R1()).public_key())

    refusal(attested("packed", passkey, packed(passkey, x5c=[encoded + b"\x00"])))


def test_packed_refuses_ecdaa() -> None:
    passkey = SoftPasskey()

    assert "ECDAA" in refusal(attested("packed", passkey, packed(passkey, ecdaaKeyId=b"key")))


@pytest.mark.parametrize("alg", [RS256, ES384, None])
def test_self_attestation_refuses_an_alg_that_is_not_the_keys(alg: Any) -> None:
    passkey = SoftPasskey()

    def make(data: bytes, client_data_hash: bytes) -> Any:
        return {"alg": alg, "sig": passkey.sign(data + client_data_hash)}

    assert "alg" in refusal(attested("packed", passkey, make))


def test_self_attestation_refuses_the_signature_of_another_key() -> None:
    passkey, other = SoftPasskey(), SoftPasskey()

    def make(data: bytes, client_data_hash: bytes) -> Any:
        return {"alg": ES256, "sig": other.sign(data + client_data_hash)}

    assert "does not fit" in refusal(attested("packed", passkey, make))


def test_self_attestation_refuses_a_spoilt_signature_and_bytes_after_it() -> None:
    passkey = SoftPasskey()

    refusal(passkey.register(CHALLENGE, attestation="self", spoil_signature=True))
    refusal(passkey.register(CHALLENGE, attestation="self", after_signature=b"\x00"))


def test_a_statement_that_is_no_map_is_refused_in_every_format() -> None:
    passkey = SoftPasskey()
    for name in FORMATS:
        assert name in refusal(attested(name, passkey, lambda *_: b"bytes"))


def test_u2f_by_its_certified_key_says_nothing_of_the_model() -> None:
    passkey = SoftPasskey(aaguid=AAGUID)

    made = verify(attested("fido-u2f", passkey, fido_u2f(passkey)))

    assert (made.attestation.kind, made.attestation.aaguid_attested) == ("basic", False)
    # An allow-list of models must not be met by an old security key that may claim any of them.
    assert made.aaguid == NO_AAGUID


def test_u2f_refuses_more_than_one_certificate() -> None:
    passkey = SoftPasskey()

    assert "more than one" in refusal(attested("fido-u2f", passkey, fido_u2f(passkey, copies=2)))
    assert "short list" in refusal(attested("fido-u2f", passkey, fido_u2f(passkey, copies=0)))


def test_u2f_refuses_a_certificate_on_another_curve() -> None:
    passkey = SoftPasskey()
    key = ec.generate_private_key(ec.SECP384R1())

    assert "secp256r1" in refusal(attested("fido-u2f", passkey, fido_u2f(passkey, key=key)))


def test_u2f_refuses_a_credential_of_another_algorithm() -> None:
    passkey = SoftPasskey(algorithm=ES384)

    assert "not ES256" in refusal(attested("fido-u2f", passkey, fido_u2f(passkey)))


def test_u2f_refuses_a_signature_about_another_credential() -> None:
    passkey, other = SoftPasskey(), SoftPasskey()

    assert "does not fit" in refusal(attested("fido-u2f", passkey, fido_u2f(other)))


def test_apple_certifies_the_key_and_no_device() -> None:
    passkey = SoftPasskey(aaguid=AAGUID)

    made = verify(attested("apple", passkey, apple(passkey)))

    assert (made.attestation.kind, len(made.attestation.trust_path)) == ("anonca", 1)


def test_apple_refuses_another_nonce() -> None:
    passkey = SoftPasskey()

    assert "another registration" in refusal(attested("apple", passkey, apple(passkey, nonce=bytes(32))))


def test_apple_refuses_a_certificate_about_another_key() -> None:
    passkey, other = SoftPasskey(), SoftPasskey()
    make = apple(passkey, key=other.private_key.public_key())

    assert "another key" in refusal(attested("apple", passkey, make))


def test_apple_refuses_a_certificate_without_a_nonce() -> None:
    passkey = SoftPasskey()
    encoded = certificate(passkey.private_key.public_key())

    assert "no nonce" in refusal(attested("apple", passkey, lambda *_: {"x5c": [encoded]}))


def test_apple_refuses_a_nonce_in_another_place() -> None:
    passkey = SoftPasskey()

    def make(data: bytes, client_data_hash: bytes) -> Any:
        nonce = sha256(data + client_data_hash).digest()
        held = raw_extension(APPLE_EXTENSION, der(0x30, der(0xA2, der(0x04, nonce))))
        return {"x5c": [certificate(passkey.private_key.public_key(), extensions=(NOT_AN_AUTHORITY, held))]}

    assert "another form" in refusal(attested("apple", passkey, make))


def compound(*parts: tuple[str, Any]) -> Any:
    def make(data: bytes, client_data_hash: bytes) -> Any:
        return [{"fmt": name, "attStmt": part(data, client_data_hash)} for name, part in parts]

    return make


def nothing(*_: bytes) -> Any:
    return {}


def test_compound_reports_every_statement() -> None:
    passkey = SoftPasskey(aaguid=AAGUID)

    made = verify(
        attested(
            "compound", passkey, compound(("none", nothing), ("packed", packed(passkey)), ("apple", apple(passkey)))
        )
    )

    assert [part.format for part in made.attestation.components] == ["none", "packed", "apple"]
    assert (made.attestation.format, made.attestation.kind) == ("compound", "basic")
    assert made.attestation.trust_path == made.attestation.components[1].trust_path
    assert made.aaguid == AAGUID


def test_compound_lends_no_authority_to_an_aaguid_that_none_of_its_parts_vouches_for() -> None:
    passkey = SoftPasskey(aaguid=AAGUID)

    made = verify(attested("compound", passkey, compound(("none", nothing), ("fido-u2f", fido_u2f(passkey)))))

    assert made.aaguid == NO_AAGUID


def test_compound_refuses_if_one_part_does_not_hold() -> None:
    passkey = SoftPasskey()

    refusal(attested("compound", passkey, compound(("packed", packed(passkey)), ("packed", packed(passkey, sig=b"")))))


@pytest.mark.parametrize("count", [0, 1, 9])
def test_compound_refuses_too_few_and_too_many(count: int) -> None:
    passkey = SoftPasskey()

    assert "two or more" in refusal(attested("compound", passkey, compound(*[("none", nothing)] * count)))


def test_compound_refuses_compound_inside() -> None:
    passkey = SoftPasskey()
    inner = compound(("none", nothing), ("none", nothing))

    assert "itself compound" in refusal(attested("compound", passkey, compound(("none", nothing), ("compound", inner))))


def test_compound_refuses_an_unknown_format_inside() -> None:
    passkey = SoftPasskey()

    with pytest.raises(errors.AttestationFormatUnknown):
        verify(attested("compound", passkey, compound(("none", nothing), ("android-safetynet", nothing))))


@pytest.mark.parametrize(
    "part", [{}, {"fmt": "none"}, {"fmt": 1, "attStmt": {}}, "none", {"fmt": "none", "attStmt": {}, "x": 1}]
)
def test_compound_refuses_parts_of_another_form(part: Any) -> None:
    passkey = SoftPasskey()

    refusal(attested("compound", passkey, lambda *_: [part, {"fmt": "none", "attStmt": {}}]))
