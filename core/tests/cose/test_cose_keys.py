"""COSE keys: what they may be, what they may not be, and what they verify."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from fido2.cose import CoseKey as SecondOpinion
from keystead_core.cose import (
    ALGORITHMS,
    DEFAULT_OFFERED_ALGORITHMS,
    ED448,
    ED25519,
    EDDSA,
    ES256,
    ES384,
    ES512,
    PS256,
    RS1,
    RS256,
    TPM_AIK_ALGORITHMS,
    KeyRefused,
    SignatureInvalid,
    UnsupportedAlgorithm,
    encode_cose_key,
    parse_cose_key,
)
from keystead_core.wire import decode_cbor, encode_cbor
from keystead_testkit.soft_passkey import SoftPasskey, new_private_key, signer

MESSAGE = b"what was signed"
Members = dict[int, object]


def changed(algorithm: int, change: Callable[[Members], object]) -> bytes:
    members: Members = dict(decode_cbor(SoftPasskey(algorithm=algorithm).cose_key))
    change(members)
    return encode_cbor(members)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_verifies_what_its_key_signed_and_nothing_else(algorithm: int) -> None:
    passkey = SoftPasskey(algorithm=algorithm)
    signature = passkey.sign(MESSAGE)

    key = parse_cose_key(passkey.cose_key)

    assert (key.algorithm, key.raw) == (algorithm, passkey.cose_key)
    key.verify(signature, MESSAGE)
    for wrong in (
        signature + b"\x00",
        signature[:-1],
        b"",
        b"\x00" * len(signature),
        bytes([signature[0] ^ 1]) + signature[1:],
    ):
        with pytest.raises(SignatureInvalid):
            key.verify(wrong, MESSAGE)
    with pytest.raises(SignatureInvalid):
        key.verify(signature, MESSAGE + b"!")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_python_fido2_verifies_with_the_same_bytes(algorithm: int) -> None:
    passkey = SoftPasskey(algorithm=algorithm)

    theirs = SecondOpinion.parse(decode_cbor(passkey.cose_key))

    theirs.verify(MESSAGE, passkey.sign(MESSAGE))


def test_the_list_we_offer_begins_with_es256_and_never_holds_sha1() -> None:
    assert DEFAULT_OFFERED_ALGORITHMS[0] == ES256
    assert RS1 not in ALGORITHMS
    assert set(TPM_AIK_ALGORITHMS) - set(ALGORITHMS) == {RS1}


def test_equal_bytes_are_equal_keys_that_can_be_cached() -> None:
    passkey = SoftPasskey()

    assert passkey.public_key == passkey.public_key
    assert len({passkey.public_key, passkey.public_key, SoftPasskey().public_key}) == 2


@pytest.mark.parametrize("algorithm", [RS1, -47, -48, -258, -38, 0, 7])
def test_says_which_algorithm_it_does_not_know(algorithm: int) -> None:
    with pytest.raises(UnsupportedAlgorithm) as refused:
        parse_cose_key(changed(ES256, lambda members: members.update({3: algorithm})))

    assert refused.value.algorithm == algorithm


@pytest.mark.parametrize("algorithm", [ES256, ES384, ES512])
@pytest.mark.parametrize("curve", [1, 2, 3, 6, 8, "P-256"])
def test_refuses_a_curve_that_is_not_the_algorithms(algorithm: int, curve: object) -> None:
    own = {ES256: 1, ES384: 2, ES512: 3}[algorithm]
    if curve == own:
        parse_cose_key(changed(algorithm, lambda members: members.update({-1: curve})))
        return
    with pytest.raises(KeyRefused):
        parse_cose_key(changed(algorithm, lambda members: members.update({-1: curve})))


def test_refuses_another_curves_point_under_es256() -> None:
    members = dict(decode_cbor(SoftPasskey(algorithm=ES384).cose_key))
    members |= {3: ES256, -1: 1}

    with pytest.raises(KeyRefused, match="48 bytes"):
        parse_cose_key(encode_cbor(members))


def test_refuses_a_point_off_the_curve() -> None:
    def move(members: Members) -> None:
        y = members[-3]
        assert isinstance(y, bytes)
        members[-3] = y[:-1] + bytes([y[-1] ^ 1])

    with pytest.raises(KeyRefused, match="does not load"):
        parse_cose_key(changed(ES256, move))


@pytest.mark.parametrize("sign", [True, False])
def test_refuses_a_compressed_point(sign: bool) -> None:
    with pytest.raises(KeyRefused, match="not a byte string"):
        parse_cose_key(changed(ES256, lambda members: members.update({-3: sign})))


@pytest.mark.parametrize("label", [-2, -3])
@pytest.mark.parametrize("cut", [slice(1, None), slice(None, -1)])
def test_refuses_coordinates_of_another_length(label: int, cut: slice) -> None:
    with pytest.raises(KeyRefused, match="31 bytes"):
        parse_cose_key(changed(ES256, lambda members: members.update({label: members[label][cut]})))


def test_refuses_coordinates_with_a_zero_in_front() -> None:
    with pytest.raises(KeyRefused, match="33 bytes"):
        parse_cose_key(changed(ES256, lambda members: members.update({-2: b"\x00" + members[-2]})))


@pytest.mark.parametrize(("algorithm", "label"), [(ES256, -1), (EDDSA, 1)])
def test_true_is_not_one(algorithm: int, label: int) -> None:
    with pytest.raises(KeyRefused, match="not a number"):
        parse_cose_key(changed(algorithm, lambda members: members.update({label: True})))


@pytest.mark.parametrize("algorithm", [EDDSA, ED25519])
def test_refuses_ed25519_of_another_length_or_curve(algorithm: int) -> None:
    with pytest.raises(KeyRefused):
        parse_cose_key(changed(algorithm, lambda members: members.update({-2: bytes(31)})))
    with pytest.raises(KeyRefused):
        parse_cose_key(changed(algorithm, lambda members: members.update({-1: 7})))


def test_refuses_ed448_under_eddsa() -> None:
    with pytest.raises(KeyRefused):
        parse_cose_key(changed(ED448, lambda members: members.update({3: EDDSA})))


@pytest.mark.parametrize(("algorithm", "kty"), [(ES256, 1), (ES256, 3), (EDDSA, 2), (RS256, 2), (ES256, None)])
def test_refuses_a_key_type_that_is_not_the_algorithms(algorithm: int, kty: int | None) -> None:
    with pytest.raises(KeyRefused, match=r"key type|label 1"):
        parse_cose_key(changed(algorithm, lambda members: members.update({1: kty})))


@pytest.mark.parametrize(
    ("label", "value"),
    [(-4, bytes(32)), (4, [1]), (4, [2]), (2, b"kid"), (5, b"iv"), (99, 1), ("alg", "ES256")],
    ids=["private part", "key_ops without verify", "key_ops", "kid", "base iv", "unknown", "text"],
)
def test_refuses_members_that_a_credential_key_does_not_have(label: int, value: object) -> None:
    with pytest.raises(KeyRefused):
        parse_cose_key(changed(ES256, lambda members: members.update({label: value})))


@pytest.mark.parametrize("label", [1, 3, -1, -2, -3])
def test_refuses_a_key_with_a_member_missing(label: int) -> None:
    with pytest.raises(KeyRefused):
        parse_cose_key(changed(ES256, lambda members: members.pop(label)))


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x80", b"\xa0", b"\xf6"])
def test_refuses_what_is_no_map(data: bytes) -> None:
    with pytest.raises(KeyRefused):
        parse_cose_key(data)


def test_refuses_bytes_after_the_key_and_keys_out_of_order() -> None:
    key = SoftPasskey().cose_key

    with pytest.raises(KeyRefused, match="after the item"):
        parse_cose_key(key + b"\x00")
    with pytest.raises(KeyRefused, match="canonical"):
        parse_cose_key(key[:1] + key[3:5] + key[1:3] + key[5:])


@pytest.mark.parametrize("algorithm", [RS256, PS256])
def test_refuses_rsa_below_2048_bits(algorithm: int) -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key().public_numbers()

    with pytest.raises(KeyRefused, match="1024 bits"):
        parse_cose_key(changed(algorithm, lambda members: members.update({-1: weak.n.to_bytes(128, "big")})))


def test_refuses_rsa_above_8192_bits() -> None:
    with pytest.raises(KeyRefused, match=r"8200 bits|does not load"):
        parse_cose_key(changed(RS256, lambda members: members.update({-1: b"\xff" * 1025})))


@pytest.mark.parametrize("exponent", [1, 2, 4, 65536])
def test_refuses_rsa_exponents_that_sign_by_themselves(exponent: int) -> None:
    encoded = exponent.to_bytes((exponent.bit_length() + 7) // 8, "big")

    with pytest.raises(KeyRefused):
        parse_cose_key(changed(RS256, lambda members: members.update({-2: encoded})))


@pytest.mark.parametrize("label", [-1, -2])
def test_refuses_rsa_numbers_with_a_zero_in_front(label: int) -> None:
    with pytest.raises(KeyRefused, match="leading zeros"):
        parse_cose_key(changed(RS256, lambda members: members.update({label: b"\x00" + members[label]})))


@pytest.mark.parametrize("salt", [0, 20, 31, 33, 64])
def test_ps256_takes_a_salt_of_32_bytes_and_no_other(salt: int) -> None:
    passkey = SoftPasskey(algorithm=PS256)
    private = passkey.private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)

    with pytest.raises(SignatureInvalid):
        passkey.public_key.verify(private.sign(MESSAGE, scheme, hashes.SHA256()), MESSAGE)
    passkey.public_key.verify(passkey.sign(MESSAGE), MESSAGE)


def test_rs256_is_not_ps256() -> None:
    one, other = SoftPasskey(algorithm=RS256), SoftPasskey(algorithm=PS256)

    with pytest.raises(SignatureInvalid):
        other.public_key.verify(one.sign(MESSAGE), MESSAGE)


def test_es256_takes_der_only() -> None:
    passkey = SoftPasskey()
    signature = passkey.sign(MESSAGE)
    long_form = signature[:1] + b"\x81" + signature[1:]

    for wrong in (long_form, signature[4:], signature + signature):
        with pytest.raises(SignatureInvalid):
            passkey.public_key.verify(wrong, MESSAGE)


def test_encodes_no_key_under_an_algorithm_of_another_kind() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()

    with pytest.raises(UnsupportedAlgorithm):
        encode_cose_key(key, RS256)
    with pytest.raises((KeyRefused, OverflowError)):
        encode_cose_key(key, ES384)


def test_signs_for_itself() -> None:
    key = new_private_key(ES512)

    assert parse_cose_key(encode_cose_key(key.public_key(), ES512)).verify(signer(key, ES512)(MESSAGE), MESSAGE) is None
