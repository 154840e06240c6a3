"""The sealer: what it hands out comes back unchanged, for the same purpose and holder, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.ports.sealer import SealBroken
from keystead_testkit.clock import SeededEntropy

KEY = bytes(range(32))


def sealer(key: bytes = KEY) -> MasterKeySealer:
    return MasterKeySealer(key, SeededEntropy())


@given(st.binary(max_size=300), st.binary(max_size=64))
def test_what_is_sealed_is_opened_by_whoever_holds_key_purpose_and_binding(payload: bytes, bound_to: bytes) -> None:
    sealed = sealer().seal("challenge", payload, bound_to=bound_to)

    # Another object, as in another process or after a restart.
    assert sealer().open("challenge", sealed, bound_to=bound_to) == payload


@pytest.mark.parametrize(
    ("key", "purpose", "bound_to"),
    [
        (KEY, "another purpose", b"browser"),
        (KEY, "challenge", b"another browser"),
        (KEY, "challenge", b""),
        (bytes(32), "challenge", b"browser"),
    ],
)
def test_nobody_else_opens_it(key: bytes, purpose: str, bound_to: bytes) -> None:
    sealed = sealer().seal("challenge", b"payload", bound_to=b"browser")

    with pytest.raises(SealBroken):
        sealer(key).open(purpose, sealed, bound_to=bound_to)


def test_every_altered_bit_is_noticed() -> None:
    sealed = sealer().seal("challenge", b"payload")

    for position in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[position // 8] ^= 1 << position % 8
        with pytest.raises(SealBroken):
            sealer().open("challenge", bytes(altered))


@pytest.mark.parametrize("length", range(28 + 7))
def test_what_was_cut_short_is_noticed(length: int) -> None:
    sealed = sealer().seal("challenge", b"payload")

    with pytest.raises(SealBroken) as broken:
        sealer().open("challenge", sealed[:length])
    assert broken.value.code == "seal_broken"


def test_sealing_twice_shows_two_different_things_of_one_length() -> None:
    one = sealer()

    first, second = one.seal("challenge", b"payload"), one.seal("challenge", b"payload")

    assert first != second
    assert len(first) == len(second) == len(b"payload") + 28


def test_a_digest_follows_from_key_purpose_and_payload_alone() -> None:
    one = sealer()

    assert one.digest("pass", b"code") == sealer().digest("pass", b"code") == one.digest("pass", b"code")
    others = {one.digest("pass", b"other"), one.digest("other", b"code"), sealer(bytes(32)).digest("pass", b"code")}
    assert one.digest("pass", b"code") not in others
    assert len(others) == 3


def test_a_digest_is_not_what_the_bare_hash_would_be_nor_made_with_the_sealing_key() -> None:
    one = sealer()

    assert len(one.digest("challenge", b"")) == 32
    with pytest.raises(SealBroken):
        one.open("challenge", one.digest("challenge", b"") * 2)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_master_key_of_another_length_is_a_mistake(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sealer(bytes(length))
