"""Format `tpm`, §8.3: a TPM's word about a key, and everything that only looks like it."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from keystead_core.cose import DEFAULT_OFFERED_ALGORITHMS, ES256, RS1, RS256
from keystead_core.tpm.codes import Attribute
from keystead_core.webauthn import (
    RegistrationExpectation,
    VerifiedRegistration,
    errors,
    parse_registration,
    verify_registration,
)
from keystead_testkit.attesters import (
    AIK_NAMES,
    AIK_USAGE,
    AN_AUTHORITY,
    NOT_AN_AUTHORITY,
    PACKED_SUBJECT,
    Extension,
    aaguid_extension,
    registration,
    tpm,
    tpm_public_area,
)
from keystead_testkit.soft_passkey import SoftPasskey

CHALLENGE = bytes(range(32))
AAGUID = UUID("00112233-4455-6677-8899-aabbccddeeff")
EXPECTED = RegistrationExpectation(
    CHALLENGE, frozenset({"https://id.example.org"}), "id.example.org", DEFAULT_OFFERED_ALGORITHMS
)


def verify(passkey: SoftPasskey, **changes: Any) -> VerifiedRegistration:
    answer = registration(passkey, CHALLENGE, "tpm", tpm(passkey, **changes))
    return verify_registration(parse_registration(answer), EXPECTED, now=datetime(2026, 1, 1, tzinfo=UTC))


def refusal(passkey: SoftPasskey | None = None, **changes: Any) -> str:
    with pytest.raises(errors.AttestationInvalid) as refused:
        verify(passkey or SoftPasskey(aaguid=AAGUID), **changes)
    return str(refused.value)


def tpm_names(**attributes: str) -> Extension:
    oids = {"manufacturer": "2.23.133.2.1", "model": "2.23.133.2.2", "version": "2.23.133.2.3"}
    held = [x509.NameAttribute(x509.ObjectIdentifier(oids[what]), value) for what, value in attributes.items()]
    return Extension(x509.SubjectAlternativeName([x509.DirectoryName(x509.Name(held))]), critical=True)


@pytest.mark.parametrize("key_algorithm", [ES256, RS256])
@pytest.mark.parametrize("aik_algorithm", [ES256, RS256])
@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "TPMT_SIGNATURE"])
def test_accepts_a_key_that_a_tpm_certified(key_algorithm: int, aik_algorithm: int, wrapped: bool) -> None:
    passkey = SoftPasskey(algorithm=key_algorithm, aaguid=AAGUID)

    made = verify(passkey, algorithm=aik_algorithm, wrap_signature=wrapped)

    assert (made.aaguid, made.attestation.kind, made.attestation.legacy) == (AAGUID, "attca", frozenset())
    assert made.attestation.aaguid_attested
    assert made.attestation.tpm_key is not None
    assert Attribute.FIXED_TPM | Attribute.FIXED_PARENT in made.attestation.tpm_key.attributes


def test_sha1_is_taken_from_an_attestation_key_and_reported() -> None:
    made = verify(SoftPasskey(aaguid=AAGUID), algorithm=RS1)

    assert made.attestation.legacy == frozenset({"rs1"})


@pytest.mark.parametrize("ver", ["1.2", "2", "2.0 ", 2.0, None, b"2.0"])
def test_refuses_another_version(ver: Any) -> None:
    assert "ver" in refusal(ver=ver)


def test_refuses_a_public_area_of_another_key() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()

    assert "another key" in refusal(area=tpm_public_area(other))


@pytest.mark.parametrize("area", [b"", b"\x00\x23", None, "text"])
def test_refuses_a_public_area_that_is_none(area: Any) -> None:
    refusal(pubArea=area)


def test_refuses_bytes_after_the_public_area() -> None:
    passkey = SoftPasskey()

    assert "after the end" in refusal(passkey, area=tpm_public_area(passkey.private_key.public_key(), after=b"\x00"))


def test_refuses_extra_data_about_another_registration() -> None:
    assert "extraData" in refusal(extra_data=bytes(32))
    assert "extraData" in refusal(extra_data=b"")


def test_refuses_the_name_of_another_key() -> None:
    other = tpm_public_area(ec.generate_private_key(ec.SECP256R1()).public_key())

    assert "name" in refusal(name=b"\x00\x0b" + sha256(other).digest())
    assert "name" in refusal(name=b"")


def test_refuses_a_name_by_another_algorithm() -> None:
    passkey = SoftPasskey()
    area = tpm_public_area(passkey.private_key.public_key())

    assert "name" in refusal(passkey, area=area, name=b"\x00\x0c" + sha256(area).digest())


def test_refuses_what_no_tpm_generated() -> None:
    assert "TPM_GENERATED_VALUE" in refusal(magic=0xFF544346)


@pytest.mark.parametrize("kind", [0x8014, 0x8015, 0x8016, 0x8018, 0x801A])
def test_refuses_an_attestation_of_another_type(kind: int) -> None:
    assert "TPM_ST_ATTEST_CERTIFY" in refusal(kind=kind)


def test_refuses_bytes_after_the_attestation_even_when_signed() -> None:
    assert "after the end" in refusal(after_cert_info=b"\x00")


@pytest.mark.parametrize("sig", [b"", b"\x30\x00", None, b"\x00\x18\x00\x0b\x00\x01\x01\x00\x01\x01"])
def test_refuses_what_the_attestation_key_did_not_sign(sig: Any) -> None:
    refusal(sig=sig)


def test_refuses_an_attestation_that_was_changed_after_signing() -> None:
    assert "signature" in refusal(certInfo=bytes(100))


@pytest.mark.parametrize("alg", [RS256, RS1, -36, -999, None])
def test_refuses_an_alg_that_does_not_fit_the_certificate(alg: Any) -> None:
    refusal(alg=alg)


def test_refuses_a_statement_without_certificates() -> None:
    assert "x5c" in refusal(x5c=None)
    assert "x5c" in refusal(x5c=[])


def test_refuses_a_certificate_with_a_subject() -> None:
    assert "not empty" in refusal(subject=PACKED_SUBJECT)


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (tpm_names(model="m", version="id:1"), "manufacturer"),
        (tpm_names(manufacturer="id:4B455953", version="id:1"), "model"),
        (tpm_names(manufacturer="id:4B455953", model="m"), "version"),
        (Extension(x509.SubjectAlternativeName([x509.DNSName("tpm.test")])), "manufacturer"),
    ],
)
def test_refuses_a_certificate_that_does_not_name_the_tpm(names: Extension, why: str) -> None:
    assert why in refusal(extensions=(NOT_AN_AUTHORITY, names, AIK_USAGE))


def test_refuses_a_certificate_without_alternative_names() -> None:
    assert "SubjectAlternativeName" in refusal(extensions=(NOT_AN_AUTHORITY, AIK_USAGE))


def test_refuses_a_certificate_for_another_use() -> None:
    other_use = Extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))

    assert "attestation key" in refusal(extensions=(NOT_AN_AUTHORITY, AIK_NAMES, other_use))
    assert "ExtendedKeyUsage" in refusal(extensions=(NOT_AN_AUTHORITY, AIK_NAMES))


def test_refuses_an_authoritys_certificate() -> None:
    assert "authority" in refusal(extensions=(AN_AUTHORITY, AIK_NAMES, AIK_USAGE))
    assert "BasicConstraints" in refusal(extensions=(AIK_NAMES, AIK_USAGE))


def test_refuses_a_certificate_for_another_model() -> None:
    other_model = aaguid_extension(UUID(int=1))

    assert "another AAGUID" in refusal(extensions=(NOT_AN_AUTHORITY, AIK_NAMES, AIK_USAGE, other_model))
