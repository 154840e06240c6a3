"""Signatures: what is accepted, and every way a token can lie about how it was signed."""

import json
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk as second_jwk
from joserfc import jws as second_jws
from keystead_core.jose import errors
from keystead_core.jose.algorithms import ALGORITHMS, PrivateKey, SymmetricKey
from keystead_core.jose.jwk import Jwk, PublicJwk
from keystead_core.jose.jws import MAX_JWS_CHARACTERS, TokenSigner, parse, sign, verify
from keystead_core.wire.base64url import b64url_encode

PAYLOAD = b'{"sub":"ada"}'
OTHER_PAYLOAD = b'{"sub":"eve"}'
P256 = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
KEYS: dict[str, PrivateKey] = {
    "ES256": P256,
    "ES384": ec.derive_private_key(0xC0FFEE, ec.SECP384R1()),
    "ES512": ec.derive_private_key(0xC0FFEE, ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
    "Ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
}
RSA = rsa.generate_private_key(65537, 2048)
KEYS |= dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSA)
SECRET = SymmetricKey(bytes(range(64)))
ES256 = Jwk(P256.public_key(), kid="k1", alg="ES256")


def token(header: Mapping[str, object] | bytes, payload: bytes = PAYLOAD) -> str:
    """A token signed by P256 whatever its header says."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    signing_input = f"{b64url_encode(raw)}.{b64url_encode(payload)}"
    return f"{signing_input}.{b64url_encode(raw_signature(signing_input.encode()))}"


def raw_signature(message: bytes) -> bytes:
    r, s = decode_dss_signature(P256.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def refusal(text: str, key: PublicJwk = ES256, algorithms: list[str] | None = None) -> str:
    with pytest.raises(errors.JoseError) as refused:
        verify(text, key, algorithms or ["ES256"])
    return refused.value.code


def public(algorithm: str) -> PublicJwk:
    return Jwk(KEYS[algorithm].public_key(), alg=algorithm)


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_signature_survives_the_round_trip(algorithm: str) -> None:
    signed = sign({"alg": algorithm}, PAYLOAD, Jwk(KEYS[algorithm]))

    assert verify(signed, public(algorithm), [algorithm]).payload == PAYLOAD


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_mac_survives_the_round_trip(algorithm: str) -> None:
    signed = sign({"alg": algorithm}, PAYLOAD, Jwk(SECRET))

    assert verify(signed, Jwk(SECRET), [algorithm]).payload == PAYLOAD


@pytest.mark.parametrize("algorithm", [name for name in KEYS if name != "EdDSA"])
def test_joserfc_accepts_what_we_sign_and_we_accept_what_it_signs(algorithm: str) -> None:
    pem = KEYS[algorithm].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    kind = {"E": "EC", "R": "RSA", "P": "RSA"}[algorithm[0]] if algorithm != "Ed25519" else "OKP"
    theirs = second_jwk.import_key(pem, kind)

    ours = sign({"alg": algorithm}, PAYLOAD, Jwk(KEYS[algorithm]))
    by_joserfc = second_jws.serialize_compact({"alg": algorithm}, PAYLOAD, theirs, algorithms=[algorithm])

    assert second_jws.deserialize_compact(ours, theirs, algorithms=[algorithm]).payload == PAYLOAD
    assert verify(by_joserfc, public(algorithm), [algorithm]).payload == PAYLOAD


@pytest.mark.parametrize("algorithm", [*KEYS, "HS256"])
def test_refuses_another_payload_under_the_same_signature(algorithm: str) -> None:
    key = Jwk(SECRET) if algorithm == "HS256" else public(algorithm)
    signed = sign({"alg": algorithm}, PAYLOAD, Jwk(SECRET) if algorithm == "HS256" else Jwk(KEYS[algorithm]))
    header, _, signature = signed.split(".")

    with pytest.raises(errors.SignatureInvalid):
        verify(f"{header}.{b64url_encode(OTHER_PAYLOAD)}.{signature}", key, [algorithm])


# --- algorithm confusion ---------------------------------------------------


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", "es256", "ES256 "])
def test_refuses_unsigned_tokens_however_they_spell_it(name: str) -> None:
    unsigned = f"{b64url_encode(json.dumps({'alg': name}).encode())}.{b64url_encode(PAYLOAD)}."

    assert refusal(unsigned) == "jws_algorithm"
    assert refusal(unsigned, algorithms=[name or "none"]) == "jws_algorithm"


def test_refuses_an_algorithm_the_caller_did_not_name() -> None:
    assert refusal(token({"alg": "ES256"}), algorithms=["RS256"]) == "jws_algorithm"


def test_a_part_of_a_name_is_not_the_name() -> None:
    with pytest.raises(TypeError):
        verify(token({"alg": "ES256"}), ES256, "ES256,RS256")


def test_refuses_a_mac_made_with_the_public_key() -> None:
    published = P256.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    forged = sign({"alg": "HS256"}, PAYLOAD, Jwk(SymmetricKey(published)))

    assert refusal(forged, Jwk(P256.public_key()), ["HS256", "ES256"]) == "key_algorithm"
    assert refusal(forged, ES256, ["HS256", "ES256"]) == "key_algorithm"
    assert refusal(forged, ES256, ["ES256"]) == "jws_algorithm"


@pytest.mark.parametrize("algorithm", [*KEYS, "HS256"])
def test_refuses_a_key_of_another_kind(algorithm: str) -> None:
    others: list[Jwk[PrivateKey]] = [Jwk(KEYS[name]) for name in ("ES256", "ES384", "EdDSA", "RS256")]
    fitting = type(KEYS.get(algorithm))

    for other in others:
        same_kind = isinstance(other.key, fitting)
        if same_kind and getattr(other.key, "curve", None) == getattr(KEYS[algorithm], "curve", None):
            continue
        with pytest.raises(errors.KeyNotForAlgorithm):
            sign({"alg": algorithm}, PAYLOAD, other)
        with pytest.raises(errors.KeyNotForAlgorithm):
            ALGORITHMS[algorithm].verify(other.key.public_key(), bytes(64), PAYLOAD)


def test_refuses_a_key_that_is_for_another_algorithm() -> None:
    signed = sign({"alg": "PS256"}, PAYLOAD, Jwk(RSA))

    assert refusal(signed, Jwk(RSA.public_key(), alg="RS256"), ["RS256", "PS256"]) == "key_algorithm"
    assert refusal(signed, Jwk(RSA.public_key(), alg="ES521"), ["RS256", "PS256"]) == "key_algorithm"


@pytest.mark.parametrize(("algorithm", "size"), [("HS256", 31), ("HS384", 47), ("HS512", 63), ("HS256", 0)])
def test_refuses_a_secret_shorter_than_its_hash(algorithm: str, size: int) -> None:
    with pytest.raises(errors.WeakKey):
        sign({"alg": algorithm}, PAYLOAD, Jwk(SymmetricKey(bytes(size))))


# --- the header ------------------------------------------------------------


@pytest.mark.parametrize(
    "extension",
    [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"crit": None}, {"b64": False, "crit": ["b64"]}, {"b64": True}],
)
def test_refuses_extensions_because_it_understands_none(extension: Mapping[str, object]) -> None:
    assert refusal(token({"alg": "ES256", **extension})) == "jws_critical_header"


def test_never_uses_a_key_that_came_in_the_header() -> None:
    attacker = ec.derive_private_key(0xE71, ec.SECP256R1())
    numbers = attacker.public_key().public_numbers()
    embedded = {
        "kty": "EC",
        "crv": "P-256",
        "x": b64url_encode(numbers.x.to_bytes(32, "big")),
        "y": b64url_encode(numbers.y.to_bytes(32, "big")),
    }
    header = {"alg": "ES256", "kid": "k1", "jwk": embedded, "jku": "https://evil.test/keys", "x5u": "https://evil.test"}

    assert refusal(sign(header, PAYLOAD, Jwk(attacker))) == "jws_signature"


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"ES256","alg":"ES256"}',
        b'{"alg":"ES256"}{}',
        b'["ES256"]',
        b'"ES256"',
        b"",
        b'{"alg":"ES256",}',
        b'{"alg":"ES256","x":NaN}',
        b'\xef\xbb\xbf{"alg":"ES256"}',
        b'{"alg":"ES256","\xff":1}',
        b'{"kid":"k1"}',
        b'{"alg":null}',
        b'{"alg":["ES256"]}',
        b'{"alg":"ES256","kid":1}',
    ],
)
def test_refuses_a_header_that_two_parsers_could_read_differently(header: bytes) -> None:
    assert refusal(token(header)) == "jws_malformed"


def test_accepts_white_space_inside_the_header() -> None:
    assert verify(token(b'{ "alg" :\t"ES256",\r\n"kid":"k1" }'), ES256, ["ES256"]).header["kid"] == "k1"


# --- the three parts -------------------------------------------------------


@pytest.mark.parametrize("text", ["", ".", "..", "...", "a.b", "a.b.c.d", "a.b.c.d.e", "{}", '{"payload":"Zm9v"}'])
def test_refuses_what_is_not_three_parts(text: str) -> None:
    assert refusal(text) == "jws_malformed"


def test_refuses_a_part_added_or_taken_away() -> None:
    whole = token({"alg": "ES256"})
    header, payload, signature = whole.split(".")

    for text in (f"{whole}.", f".{whole}", f"{header}.{payload}", f"{header}.{signature}", f".{payload}.{signature}"):
        assert refusal(text) == "jws_malformed"
    assert refusal(f"{header}..{signature}") == "jws_signature"
    assert refusal(f"{header}.{payload}.") == "jws_signature"


@pytest.mark.parametrize("stray", [" ", "\n", "=", "==", "+", "/", "?", "#", "\u00e9", "\x00", "\uff21"])
@pytest.mark.parametrize("where", [0, 1, 2])
def test_refuses_a_stray_character_in_any_part(stray: str, where: int) -> None:
    parts = token({"alg": "ES256"}).split(".")

    for spoilt in (parts[where] + stray, stray + parts[where]):
        assert refusal(".".join([*parts[:where], spoilt, *parts[where + 1 :]])) == "jws_malformed"


def test_refuses_unused_bits_that_are_not_zero() -> None:
    header, payload, signature = token({"alg": "ES256"}, payload=b"Test!").split(".")

    assert payload[-1] == "E"
    assert refusal(f"{header}.{payload[:-1]}F.{signature}") == "jws_malformed"


def test_refuses_a_token_longer_than_any_of_ours() -> None:
    assert refusal(token({"alg": "ES256"}, payload=bytes(MAX_JWS_CHARACTERS))) == "jws_malformed"


def test_an_empty_payload_is_a_payload() -> None:
    assert verify(token({"alg": "ES256"}, payload=b""), ES256, ["ES256"]).payload == b""


# --- signatures ------------------------------------------------------------


def with_signature(signature: bytes) -> str:
    header, payload, _ = token({"alg": "ES256"}).split(".")
    return f"{header}.{payload}.{b64url_encode(signature)}"


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize("r", [0, 1, ORDER - 1, ORDER, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, ORDER - 1, ORDER, 2**256 - 1])
def test_refuses_numbers_at_the_edge_of_the_group(r: int, s: int) -> None:
    assert refusal(with_signature(r.to_bytes(32, "big") + s.to_bytes(32, "big"))) == "jws_signature"


def test_refuses_a_true_signature_written_otherwise() -> None:
    header, payload, _ = token({"alg": "ES256"}).split(".")
    message = f"{header}.{payload}".encode()
    der = P256.sign(message, ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(der)

    for written in (
        der,
        r.to_bytes(33, "big") + s.to_bytes(33, "big"),
        r.to_bytes(32, "big") + s.to_bytes(33, "big"),
        r.to_bytes(32, "big") + s.to_bytes(32, "big") + b"\x00",
        r.to_bytes(64, "big") + s.to_bytes(64, "big"),
    ):
        assert refusal(with_signature(written)) == "jws_signature"


@pytest.mark.parametrize("salt_bytes", [0, 20, 48, 222])
def test_refuses_pss_with_a_salt_of_another_length(salt_bytes: int) -> None:
    signing_input = b64url_encode(b'{"alg":"PS256"}') + "." + b64url_encode(PAYLOAD)
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=salt_bytes)
    signature = RSA.sign(signing_input.encode(), scheme, hashes.SHA256())

    assert refusal(f"{signing_input}.{b64url_encode(signature)}", public("PS256"), ["PS256"]) == "jws_signature"


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256", "PS256", "HS256"])
@pytest.mark.parametrize("change", [lambda s: s + b"\x00", lambda s: s[:-1], lambda s: b"\x00" + s, lambda s: b""])
def test_refuses_signatures_of_another_length(algorithm: str, change: object) -> None:
    assert callable(change)
    key = Jwk(SECRET) if algorithm == "HS256" else Jwk(KEYS[algorithm])
    signing_input = f"{b64url_encode(json.dumps({'alg': algorithm}).encode())}.{b64url_encode(PAYLOAD)}"
    spoilt = change(ALGORITHMS[algorithm].sign(key.key, signing_input.encode()))

    with pytest.raises(errors.SignatureInvalid):
        verify(
            f"{signing_input}.{b64url_encode(spoilt)}",
            Jwk(SECRET) if algorithm == "HS256" else public(algorithm),
            [algorithm],
        )


@given(st.text(max_size=60) | st.text(alphabet="eyJhbGciOiJub25lIn0.", max_size=60))
def test_no_text_makes_it_crash(text: str) -> None:
    with pytest.raises(errors.JwsRefused):
        verify(text, ES256, ["ES256"])


# --- our own tokens --------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_our_signer_writes_what_sign_writes_but_for_the_signature(algorithm: str) -> None:
    signer = TokenSigner("k1", KEYS[algorithm], algorithm, typ="at+jwt")

    quick = signer.sign_claims(PAYLOAD)
    slow = sign({"alg": algorithm, "kid": "k1", "typ": "at+jwt"}, PAYLOAD, Jwk(KEYS[algorithm]))

    assert quick.rsplit(".", 1)[0] == slow.rsplit(".", 1)[0]
    assert verify(quick, public(algorithm), [algorithm]).payload == PAYLOAD


def test_our_signer_refuses_a_key_that_does_not_fit_at_once() -> None:
    with pytest.raises(errors.KeyNotForAlgorithm):
        TokenSigner("k1", P256, "RS256")
    with pytest.raises(errors.AlgorithmNotAllowed):
        TokenSigner("k1", P256, "none")


def test_the_name_of_the_key_can_be_read_before_anything_is_believed() -> None:
    received = parse(TokenSigner("k1", P256, "ES256").sign_claims(PAYLOAD))

    assert (received.kid, received.algorithm) == ("k1", "ES256")
