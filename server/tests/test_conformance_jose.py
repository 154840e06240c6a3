"""The door for outside JOSE vectors: every record gets a verdict, none a crash."""

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.jose.algorithms import SymmetricKey
from keystead_core.jose.jwk import Jwk, public_members
from keystead_core.jose.jws import sign
from keystead_core.wire.base64url import b64url_encode
from keystead_server.conformance.jose import judge

P256 = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
EC_KEY: dict[str, object] = {**public_members(P256.public_key(), kid="ec", alg="ES256")}
SECRET = bytes(range(64))
MAC_KEY: dict[str, object] = {"kty": "oct", "use": "sig", "alg": "HS256", "kid": "mac", "k": b64url_encode(SECRET)}
SIGNED = sign({"alg": "ES256", "kid": "ec"}, b"foo", Jwk(P256))
MACED = sign({"alg": "HS256", "kid": "mac"}, b"foo", Jwk(SymmetricKey(SECRET)))


def verdict(key: object, jws: object) -> tuple[str, str]:
    answer, reason = judge({"name": "a record", "key": key, "jws": jws})
    return answer, reason.split(":")[0]


def without(members: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in members.items() if name not in names}


@pytest.mark.parametrize(("key", "jws"), [(EC_KEY, SIGNED), (MAC_KEY, MACED)], ids=["signature", "mac"])
def test_accepts_what_is_genuine(key: Mapping[str, object], jws: str) -> None:
    assert verdict(key, jws) == ("accept", "ok")
    assert verdict(without(key, "alg", "use", "kid"), jws) == ("accept", "ok")
    assert verdict({"keys": [key]}, jws) == ("accept", "ok")


@pytest.mark.parametrize(("key", "jws"), [(EC_KEY, SIGNED), (MAC_KEY, MACED)], ids=["signature", "mac"])
def test_rejects_what_was_changed(key: Mapping[str, object], jws: str) -> None:
    header, payload, signature = jws.split(".")
    other = "B" if signature[0] == "A" else "A"

    assert verdict(key, f"{header}.{payload}.{other}{signature[1:]}") == ("reject", "jws_signature")
    assert verdict(key, f"{header}.Zm9w.{signature}") == ("reject", "jws_signature")
    assert verdict(key, f"{header}.{payload}.") == ("reject", "jws_signature")
    assert verdict(key, f"{header}.{payload}. {signature}") == ("reject", "jws_malformed")
    assert verdict(key, f"{jws}.") == ("reject", "jws_malformed")


def test_rejects_a_mac_where_the_key_is_public_and_a_signature_where_it_is_secret() -> None:
    assert verdict(EC_KEY, MACED) == ("reject", "jws_algorithm")
    assert verdict(MAC_KEY, SIGNED) == ("reject", "jws_algorithm")


def test_rejects_no_signature_at_all() -> None:
    unsigned = b64url_encode(b'{"alg":"none"}') + ".Zm9v."

    assert verdict(EC_KEY, unsigned) == ("reject", "jws_algorithm")
    assert verdict(MAC_KEY, unsigned) == ("reject", "jws_algorithm")


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"use": "enc"}, "key_use"),
        ({"key_ops": ["encrypt"]}, "key_use"),
        ({"alg": "ES384"}, "key_algorithm"),
        ({"alg": "ES521"}, "key_algorithm"),
        ({"crv": "P-384"}, "key_malformed"),
        ({"kty": "RSA"}, "key_malformed"),
        ({"x": EC_KEY["y"]}, "key_malformed"),
        ({"d": "AQ"}, "key_private_members"),
    ],
)
def test_rejects_a_key_that_may_not_be_used(lie: Mapping[str, object], reason: str) -> None:
    assert verdict({**EC_KEY, **lie}, SIGNED) == ("reject", reason)
    assert verdict({"keys": [{**EC_KEY, **lie}]}, SIGNED) == ("reject", reason)


def test_rejects_secrets_that_are_short_or_for_something_else() -> None:
    assert verdict({**MAC_KEY, "k": b64url_encode(SECRET[:31])}, MACED) == ("reject", "key_weak")
    assert verdict({**MAC_KEY, "k": ""}, MACED) == ("reject", "key_weak")
    assert verdict({**MAC_KEY, "alg": "A256GCM"}, MACED) == ("reject", "key_algorithm")


def test_the_name_in_the_token_chooses_the_key_of_a_set() -> None:
    second = {**MAC_KEY, "kid": "mac-2", "k": b64url_encode(bytes(64))}

    assert verdict({"keys": [second, MAC_KEY]}, MACED) == ("accept", "ok")
    assert verdict({"keys": [second, {**MAC_KEY, "kid": "mac-3"}]}, MACED) == ("reject", "key_not_found")
    assert verdict({"keys": [MAC_KEY, MAC_KEY]}, MACED) == ("reject", "key_set_ambiguous")
    assert verdict({"keys": [MAC_KEY, EC_KEY]}, MACED) == ("reject", "key_private_members")
    assert verdict({"keys": []}, MACED) == ("reject", "key_not_found")


@pytest.mark.parametrize("lie", [{"kty": "AKP"}, {"crv": "secp256k1"}, {"kty": "OKP", "crv": "Ed448"}])
def test_says_so_when_it_has_no_algorithm_for_the_kind_of_key(lie: Mapping[str, object]) -> None:
    assert verdict({**EC_KEY, **lie}, SIGNED) == ("unsupported", "key_type_not_supported")


def test_says_so_of_json_serialization() -> None:
    assert verdict(EC_KEY, {"payload": "Zm9v", "signatures": []}) == ("unsupported", "jws_json_serialization")
    assert verdict(EC_KEY, '{"payload":"Zm9v","signatures":[]}') == ("reject", "jws_malformed")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(EC_KEY)), inner, max_size=5),
    max_leaves=8,
)


@given(key=JSON | st.builds(lambda keys: {"keys": keys}, JSON), jws=JSON | st.just(SIGNED))
def test_no_record_makes_it_crash(key: object, jws: object) -> None:
    answer, reason = judge({"key": key, "jws": jws})

    assert answer in {"reject", "unsupported"}
    assert reason


def test_a_record_without_fields_is_a_rejection() -> None:
    assert judge({})[0] == "reject"
