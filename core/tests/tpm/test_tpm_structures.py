"""TPM structures: read to the last byte, or refused."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.tpm.attest import parse_certify
from keystead_core.tpm.codes import Attribute
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.structures import object_name, parse_public_area, parse_signature
from keystead_testkit.attesters import tpm_public_area

EC_KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
RSA_KEY = rsa.generate_private_key(65537, 2048).public_key()
AREA = tpm_public_area(EC_KEY)
CERTIFY = bytes.fromhex("ff544347 8017 0002aabb 0004") + b"data" + bytes(25) + bytes.fromhex("0004000b1234 0002ccdd")


def spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["ecc", "rsa"])
def test_a_public_area_holds_its_key_and_has_its_name(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> None:
    encoded = tpm_public_area(key)

    area = parse_public_area(encoded)

    assert spki(area.key) == spki(key)
    assert area.name == b"\x00\x0b" + sha256(encoded).digest()
    assert Attribute.FIXED_TPM | Attribute.FIXED_PARENT | Attribute.SENSITIVE_DATA_ORIGIN in area.attributes


def test_reads_schemes_and_coordinates_without_their_leading_zeros() -> None:
    # A key whose x begins with a zero octet, as some TPMs send it: shorter.
    secret = next(
        n
        for n in range(1, 2000)
        if ec.derive_private_key(n, ec.SECP256R1()).public_key().public_numbers().x >> 248 == 0
    )
    numbers = ec.derive_private_key(secret, ec.SECP256R1()).public_key().public_numbers()
    header = bytes.fromhex("0023 000b 00050072 0000 0010 0018000b 0003 0010".replace(" ", ""))
    x, y = numbers.x.to_bytes(31, "big"), numbers.y.to_bytes(32, "big")
    encoded = header + b"\x00\x1f" + x + b"\x00\x20" + y

    key = parse_public_area(encoded).key

    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.public_numbers() == numbers


@pytest.mark.parametrize("length", range(len(AREA)))
def test_refuses_a_public_area_cut_short(length: int) -> None:
    with pytest.raises(TpmStructureInvalid):
        parse_public_area(AREA[:length])


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        (AREA + b"\x00", "after the end"),
        (b"\x00\x08" + AREA[2:], "key type"),
        (tpm_public_area(EC_KEY, name_algorithm=4), "name algorithm"),
        (AREA.replace(bytes.fromhex("001000100003"), bytes.fromhex("001000100010")), "curve"),
        (AREA[:-1] + bytes([AREA[-1] ^ 1]), "does not load"),
        (tpm_public_area(RSA_KEY).replace(b"\x08\x00\x00\x00\x00\x00", b"\x10\x00\x00\x00\x00\x00"), "2048 bits"),
    ],
    ids=["trailing", "type", "sha-1 name", "curve", "off the curve", "bits"],
)
def test_refuses_a_public_area_that_is_not_one(encoded: bytes, why: str) -> None:
    with pytest.raises(TpmStructureInvalid, match=why):
        parse_public_area(encoded)


def test_a_name_is_its_algorithm_and_the_digest() -> None:
    assert len(object_name(0x000C, AREA)) == 2 + 48
    assert len(object_name(0x000D, AREA)) == 2 + 64
    with pytest.raises(TpmStructureInvalid):
        object_name(0x0010, AREA)


def test_reads_what_certify_attests() -> None:
    certify = parse_certify(CERTIFY)

    assert (certify.qualified_signer, certify.extra_data) == (b"\xaa\xbb", b"data")
    assert (certify.name, certify.qualified_name) == (bytes.fromhex("000b1234"), b"\xcc\xdd")


@pytest.mark.parametrize("length", range(len(CERTIFY)))
def test_refuses_an_attestation_cut_short(length: int) -> None:
    with pytest.raises(TpmStructureInvalid):
        parse_certify(CERTIFY[:length])


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        (b"\x00" + CERTIFY[1:], "TPM_GENERATED_VALUE"),
        (CERTIFY[:4] + b"\x80\x18" + CERTIFY[6:], "TPM_ST_ATTEST_CERTIFY"),
        (CERTIFY + b"\x00", "after the end"),
    ],
)
def test_refuses_an_attestation_that_is_not_certifys(encoded: bytes, why: str) -> None:
    with pytest.raises(TpmStructureInvalid, match=why):
        parse_certify(encoded)


def test_signatures_come_out_as_everybody_else_verifies_them() -> None:
    ecdsa = bytes.fromhex("0018 000b 0002 0102 0003 030405".replace(" ", ""))

    assert parse_signature(ecdsa) == encode_dss_signature(0x0102, 0x030405)
    assert parse_signature(bytes.fromhex("0014000b0002beef")) == b"\xbe\xef"
    assert parse_signature(bytes.fromhex("0016000b0002beef")) == b"\xbe\xef"


@pytest.mark.parametrize("encoded", ["", "0018", "0018000b0001", "0005000b0002beef", "0014000b0002beef00"])
def test_refuses_what_is_no_signature(encoded: str) -> None:
    with pytest.raises(TpmStructureInvalid):
        parse_signature(bytes.fromhex(encoded))


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (parse_public_area, parse_certify, parse_signature):
        with pytest.raises(TpmStructureInvalid):
            parse(data)
