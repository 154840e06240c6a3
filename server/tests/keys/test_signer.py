"""The signer: tokens that others' libraries verify, by keys that rest sealed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet
from keystead_core.jose.errors import JoseError, KeyNotFound, WrongTokenType
from keystead_core.wire import b64url_decode, b64url_encode
from keystead_server.domain.keys import SigningKey
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.keys.signer import KeySigner, add_key, load
from keystead_server.ports.sealer import SealBroken
from keystead_testkit.clock import FixedClock, SeededEntropy
from keystead_testkit.loop import run
from keystead_testkit.memory_store import MemoryStore
from keystead_testkit.office import Office

CLAIMS = {"sub": "ada", "n": 1}


@pytest.fixture
def signer() -> KeySigner:
    signer = Office().services.signer
    assert isinstance(signer, KeySigner)
    return signer


def header(token: str) -> Mapping[str, Any]:
    parsed: Mapping[str, Any] = json.loads(b64url_decode(token.split(".")[0]))
    return parsed


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_another_library_verifies_what_we_sign_with_the_keys_we_publish(signer: KeySigner, alg: str) -> None:
    token = signer.sign(alg, "JWT", CLAIMS)

    keys = KeySet.import_key_set(json.loads(json.dumps(signer.jwks())))
    verified = jwt.decode(token, keys, algorithms=[alg])

    assert verified.claims == CLAIMS
    assert verified.header == {"alg": alg, "typ": "JWT", "kid": header(token)["kid"]}


def test_another_library_refuses_what_was_altered(signer: KeySigner) -> None:
    head, _, signature = signer.sign("ES256", "JWT", CLAIMS).split(".")
    keys = KeySet.import_key_set(json.loads(json.dumps(signer.jwks())))

    with pytest.raises(BadSignatureError):
        jwt.decode(f"{head}.{b64url_encode(b'{}')}.{signature}", keys, algorithms=["ES256"])


def test_published_keys_have_no_private_members_and_say_what_they_are_for(signer: KeySigner) -> None:
    keys: Any = signer.jwks()["keys"]

    assert sorted(key["alg"] for key in keys) == ["ES256", "RS256"]
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
        assert key["use"] == "sig"
        assert len(key["kid"]) == 43


@pytest.mark.parametrize(("made_as", "shown_as"), [("JWT", "at+jwt"), ("at+jwt", "JWT")])
def test_a_token_of_one_type_does_not_pass_for_the_other(signer: KeySigner, made_as: str, shown_as: str) -> None:
    token = signer.sign("ES256", made_as, CLAIMS)

    assert signer.verify(token, typ=made_as) == CLAIMS
    with pytest.raises(WrongTokenType):
        signer.verify(token, typ=shown_as)


def test_a_token_of_another_server_is_signed_by_none_of_our_keys(signer: KeySigner) -> None:
    store, sealer = MemoryStore(), MasterKeySealer(bytes(32), SeededEntropy(7))
    theirs = run(load(store, sealer, FixedClock().now()))

    with pytest.raises(KeyNotFound):
        signer.verify(theirs.sign("ES256", "JWT", CLAIMS), typ="JWT")


def test_a_token_that_names_no_key_or_no_algorithm_is_refused(signer: KeySigner) -> None:
    kid = header(signer.sign("ES256", "JWT", CLAIMS))["kid"]
    payload = b64url_encode(b"{}")
    for members in ({"alg": "ES256"}, {"alg": "none", "kid": kid}, {"alg": "HS256", "kid": kid}, {"kid": kid}):
        head = b64url_encode(json.dumps(members).encode())
        with pytest.raises(JoseError):
            signer.verify(f"{head}.{payload}.{'A' * 86}", typ="JWT")


def world() -> tuple[MemoryStore, MasterKeySealer, FixedClock]:
    return MemoryStore(), MasterKeySealer(bytes(32), SeededEntropy()), FixedClock()


def test_keys_are_made_once_and_found_again_at_the_next_start() -> None:
    store, sealer, clock = world()

    token = run(load(store, sealer, clock.now())).sign("ES256", "JWT", CLAIMS)
    again = run(load(store, sealer, clock.now()))

    assert again.verify(token, typ="JWT") == CLAIMS
    assert len(run(store.signing_keys.all())) == 2


def test_the_newest_key_signs_and_the_one_before_still_verifies() -> None:
    store, sealer, clock = world()
    old = run(load(store, sealer, clock.now())).sign("ES256", "JWT", CLAIMS)
    clock.advance(clock.now() - clock.now().replace(minute=0, second=0) or clock.now().resolution)

    newer = run(add_key(store, sealer, "ES256", clock.now()))
    signer = run(load(store, sealer, clock.now()))

    assert header(signer.sign("ES256", "JWT", CLAIMS))["kid"] == newer.kid
    assert signer.verify(old, typ="JWT") == CLAIMS


def test_private_keys_rest_sealed_and_open_under_their_own_name_only() -> None:
    store, sealer, clock = world()
    run(load(store, sealer, clock.now()))
    first, second = run(store.signing_keys.all())

    assert sealer.open("signing-key", first.sealed, bound_to=first.kid.encode())
    with pytest.raises(SealBroken):
        sealer.open("signing-key", first.sealed, bound_to=second.kid.encode())


def test_a_sealed_key_put_in_anothers_place_signs_nothing() -> None:
    store, sealer, clock = world()
    run(load(store, sealer, clock.now()))
    run(add_key(store, sealer, "ES256", clock.now()))
    one, two = [key for key in run(store.signing_keys.all()) if key.alg == "ES256"]
    swapped = SigningKey(one.kid, one.alg, two.sealed, one.public_jwk, one.created_at)

    with pytest.raises(SealBroken):
        KeySigner([swapped], sealer).sign("ES256", "JWT", CLAIMS)
