"""What a JWK may say, and which keys are refused however well they are written."""

from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from keystead_core.jose import errors
from keystead_core.jose.algorithms import PrivateKey, SymmetricKey
from keystead_core.jose.jwk import (
    parse_private_jwk,
    parse_public_jwk,
    parse_symmetric_jwk,
    public_members,
    thumbprint,
)
from keystead_core.jose.jwks import parse_jwk_set, parse_public_jwk_set
from keystead_core.jose.roca import is_roca_modulus
from keystead_core.wire.base64url import b64url_encode

P256 = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
P521 = ec.derive_private_key(0xC0FFEE, ec.SECP521R1())
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def base64url_number(number: int) -> str:
    return b64url_encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def ec_members(**lies: object) -> dict[str, object]:
    return {**public_members(P256.public_key(), kid="k1", alg="ES256"), **lies}


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def rsa_members(rsa_key: rsa.RSAPrivateKey) -> Mapping[str, object]:
    return public_members(rsa_key.public_key(), kid="k1", alg="RS256")


def refusal(members: Mapping[str, object]) -> str:
    with pytest.raises(errors.KeyRefused) as refused:
        parse_public_jwk(members)
    return refused.value.code


@pytest.mark.parametrize("key", [P256, P521, ED25519], ids=["P-256", "P-521", "Ed25519"])
def test_a_public_key_survives_the_round_trip(key: PrivateKey) -> None:
    parsed = parse_public_jwk(public_members(key.public_key(), kid="k1", alg="X"))

    assert (parsed.key, parsed.kid, parsed.alg) == (key.public_key(), "k1", "X")


def test_a_coordinate_that_begins_with_zero_keeps_its_zero() -> None:
    key = next(
        key
        for number in range(1, 2000)
        if (key := ec.derive_private_key(number, ec.SECP256R1())).public_key().public_numbers().x < 2**248
    )

    members = public_members(key.public_key(), kid="k1", alg="ES256")

    assert len(members["x"]) == 43
    assert parse_public_jwk(members).key == key.public_key()


@pytest.mark.parametrize("name", ["x", "y"])
def test_refuses_a_coordinate_of_another_length(name: str) -> None:
    number = getattr(P256.public_key().public_numbers(), name)

    assert refusal(ec_members(**{name: b64url_encode(number.to_bytes(33, "big"))})) == "key_malformed"
    assert refusal(ec_members(**{name: b64url_encode(number.to_bytes(32, "big")[:31])})) == "key_malformed"


def test_refuses_a_point_off_the_curve() -> None:
    y = P256.public_key().public_numbers().y

    assert refusal(ec_members(y=b64url_encode((y ^ 1).to_bytes(32, "big")))) == "key_malformed"


def test_refuses_a_key_labelled_with_another_curve() -> None:
    assert refusal(ec_members(crv="P-384")) == "key_malformed"
    assert refusal(ec_members(crv="secp256k1")) == "key_type_not_supported"
    assert refusal(ec_members(kty="RSA")) == "key_malformed"
    assert refusal(ec_members(kty="OKP")) == "key_type_not_supported"


@pytest.mark.parametrize("kty", [None, 1, "", "ec", "oct", "AKP"])
def test_refuses_an_unknown_kind_of_key(kty: object) -> None:
    assert refusal(ec_members(kty=kty)) in {"key_malformed", "key_type_not_supported"}


def test_refuses_an_okp_key_that_is_not_for_signatures() -> None:
    members = public_members(ED25519.public_key(), kid="k1", alg="EdDSA")

    assert refusal({**members, "crv": "X25519"}) == "key_type_not_supported"
    assert refusal({**members, "crv": "Ed448"}) == "key_type_not_supported"
    assert refusal({**members, "x": b64url_encode(bytes(31))}) == "key_malformed"


@pytest.mark.parametrize("use", ["enc", "", None, 1, ["sig"], "SIG"])
def test_refuses_a_key_whose_use_is_not_signatures(use: object) -> None:
    assert refusal(ec_members(use=use)) == "key_use"


@pytest.mark.parametrize("operations", [["encrypt"], ["sign"], [], "verify", None])
def test_refuses_a_key_whose_operations_do_not_include_verifying(operations: object) -> None:
    assert refusal(ec_members(key_ops=operations)) == "key_use"


def test_accepts_a_key_whose_operations_include_verifying() -> None:
    assert parse_public_jwk(ec_members(key_ops=["sign", "verify"])).kid == "k1"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_refuses_private_members_in_a_public_key(member: str) -> None:
    assert refusal(ec_members(**{member: "AQ"})) == "key_private_members"


@pytest.mark.parametrize("member", ["kid", "alg"])
def test_refuses_labels_that_are_not_strings(member: str) -> None:
    assert refusal(ec_members(**{member: 7})) == "key_malformed"


@pytest.mark.parametrize("spelling", ["AQ==", "A Q", "A+/A", "AR", "é", ""])
def test_refuses_base64url_that_is_not_canonical(spelling: str) -> None:
    assert refusal(ec_members(x=spelling)) == "key_malformed"


def test_refuses_short_and_huge_rsa_keys() -> None:
    for bits in (1024, 2047, 8193, 16384):
        members = {"kty": "RSA", "n": base64url_number(2 ** (bits - 1) + 1), "e": "AQAB"}
        assert refusal(members) == "key_weak"


def test_refuses_rsa_exponents_that_sign_nothing_or_cost_everything(rsa_members: Mapping[str, object]) -> None:
    assert refusal({**rsa_members, "e": "AQ"}) == "key_weak"
    assert refusal({**rsa_members, "e": base64url_number(2**64 + 1)}) == "key_weak"
    assert refusal({**rsa_members, "e": base64url_number(65536)}) == "key_malformed"


@pytest.mark.parametrize("name", ["n", "e"])
def test_refuses_rsa_numbers_with_a_leading_zero(rsa_members: Mapping[str, Any], name: str) -> None:
    padded = {"n": "AA" + b64url_encode(b"\x01" * 255), "e": "AAEAAQ"}[name]

    assert refusal({**rsa_members, name: padded}) == "key_malformed"
    assert refusal({**rsa_members, name: ""}) == "key_malformed"


def test_knows_a_modulus_made_by_a_roca_chip(rsa_key: rsa.RSAPrivateKey) -> None:
    # Every power of 65537 has the fingerprint, and this one the size.
    modulus = 65537**128

    assert is_roca_modulus(modulus)
    assert not is_roca_modulus(rsa_key.public_key().public_numbers().n)
    assert refusal({"kty": "RSA", "n": base64url_number(modulus), "e": "AQAB"}) == "key_weak"


def test_a_private_key_must_be_the_pair_of_its_public_half() -> None:
    secret = b64url_encode((0xC0FFEE).to_bytes(32, "big"))
    other = b64url_encode((0xBEEF).to_bytes(32, "big"))

    assert parse_private_jwk(ec_members(d=secret)).key.public_key() == P256.public_key()
    with pytest.raises(errors.MalformedKey):
        parse_private_jwk(ec_members(d=other))
    with pytest.raises(errors.MalformedKey):
        parse_private_jwk(ec_members(d=b64url_encode(bytes(32))))


def test_a_private_key_must_be_for_signing() -> None:
    secret = b64url_encode((0xC0FFEE).to_bytes(32, "big"))

    with pytest.raises(errors.KeyNotForSignatures):
        parse_private_jwk(ec_members(d=secret, key_ops=["verify"]))


def test_reads_an_rsa_private_key(rsa_key: rsa.RSAPrivateKey, rsa_members: Mapping[str, object]) -> None:
    secret = rsa_key.private_numbers()
    numbers = {"d": secret.d, "p": secret.p, "q": secret.q, "dp": secret.dmp1, "dq": secret.dmq1, "qi": secret.iqmp}
    members = {**rsa_members, **{name: base64url_number(number) for name, number in numbers.items()}}

    assert parse_private_jwk(members).key.public_key() == rsa_key.public_key()
    with pytest.raises(errors.KeyTypeNotSupported):
        parse_private_jwk({**members, "oth": []})
    with pytest.raises(errors.MalformedKey):
        parse_private_jwk({**members, "p": members["q"]})


def test_a_secret_does_not_show_itself() -> None:
    parsed = parse_symmetric_jwk({"kty": "oct", "k": b64url_encode(b"swordfish")})

    assert parsed.key == SymmetricKey(b"swordfish")
    assert "swordfish" not in repr(parsed)


def test_a_public_key_is_not_a_secret() -> None:
    with pytest.raises(errors.KeyTypeNotSupported):
        parse_symmetric_jwk(ec_members(k="AQ"))


def test_the_thumbprint_ignores_labels() -> None:
    assert thumbprint(P256.public_key()) == thumbprint(parse_public_jwk(ec_members(kid="other")).key)


# --- sets ------------------------------------------------------------------


def test_finds_the_named_key_of_a_set() -> None:
    two = parse_public_jwk_set({"keys": [ec_members(kid="a"), public_members(P521.public_key(), kid="b", alg="ES512")]})

    assert two.find("b").key == P521.public_key()
    with pytest.raises(errors.KeyNotFound):
        two.find("c")
    with pytest.raises(errors.KeyNotFound):
        two.find(None)


def test_a_token_without_a_name_finds_the_only_key() -> None:
    one = parse_public_jwk_set({"keys": [ec_members(kid="a")]})

    assert one.find(None).kid == "a"


def test_refuses_a_set_in_which_one_name_has_two_keys() -> None:
    with pytest.raises(errors.AmbiguousKeySet):
        parse_public_jwk_set({"keys": [ec_members(kid="a"), ec_members(kid="a")]})
    with pytest.raises(errors.AmbiguousKeySet):
        parse_public_jwk_set({"keys": [ec_members(kid="a"), ec_members(kid="a", use="enc")]})


def test_refuses_a_set_that_mixes_secrets_with_public_keys() -> None:
    secret = {"kty": "oct", "kid": "s", "k": b64url_encode(bytes(32))}

    with pytest.raises(errors.PrivateKeyExposed):
        parse_public_jwk_set({"keys": [ec_members(), secret]})
    with pytest.raises(errors.KeyTypeNotSupported):
        parse_jwk_set({"keys": [ec_members(), secret]}, parse_symmetric_jwk).find("k1")


def test_passes_over_keys_it_cannot_use_and_says_why_when_asked_for_one() -> None:
    mixed = parse_public_jwk_set({"keys": [ec_members(kid="a"), ec_members(kid="b", use="enc")]})

    assert mixed.find("a").kid == "a"
    with pytest.raises(errors.KeyNotForSignatures):
        mixed.find("b")


@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": ["k"]}, {"keys": [{}] * 101}, {"keys": [{"kid": 1}]}])
def test_refuses_what_is_not_a_set(document: Mapping[str, object]) -> None:
    with pytest.raises(errors.MalformedKey):
        parse_public_jwk_set(document)
