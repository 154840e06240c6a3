"""The public area of an index, its Name, and what an identity provider may sign about it."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.tpm import build, policy
from keystead_core.tpm.codes import CommandCode, NvAttribute
from keystead_core.tpm.endorsement import first_certificate
from keystead_core.tpm.errors import TpmStructureInvalid, UnlockNotOurs
from keystead_core.tpm.nv import NvPublic, PinCount, parse_nv_public
from keystead_core.tpm.pin_index import (
    ATTRIBUTES,
    TRIES,
    UNLOCK_SECONDS,
    UnlockRequest,
    local_branches,
    provider_branches,
    reset_digest,
    unlock_statement,
    unlocked,
    write_digest,
)

KEY = build.name(build.external_key(b"x" * 32, b"y" * 32))
LOCK = b"\x00\x0b" + bytes(32)
PERSON = sha256(b"alice").digest()
BRANCHES = provider_branches(unlock_key=KEY, person=PERSON, lock=LOCK)
INDEX = BRANCHES.index(0x01800001).written()
REQUEST = UnlockRequest(INDEX.encoded(), LOCK, bytes(range(16)))


def test_the_statement_is_what_policy_signed_hashes() -> None:
    statement = unlock_statement(REQUEST, unlock_key=KEY, person=PERSON)

    nonce, seconds, command, person = statement[:16], statement[16:20], statement[20:52], statement[52:]
    assert nonce == REQUEST.nonce_tpm
    assert int.from_bytes(seconds, "big") == UNLOCK_SECONDS == 600
    assert person == PERSON
    count_and_limit = bytes(4) + TRIES.to_bytes(4, "big")
    parameters = b"\x00\x08" + count_and_limit + b"\x00\x00"
    assert command == sha256(bytes.fromhex("00000137") + INDEX.name + INDEX.name + parameters).digest()


def test_an_unwritten_index_may_be_reset_too() -> None:
    fresh = replace(REQUEST, index_public=INDEX.unwritten().encoded())

    assert unlock_statement(fresh, unlock_key=KEY, person=PERSON) != unlock_statement(
        REQUEST, unlock_key=KEY, person=PERSON
    )


@pytest.mark.parametrize(
    "index",
    [
        replace(INDEX, policy=bytes(32)),
        replace(INDEX, size=4),
        replace(INDEX, attributes=INDEX.attributes | NvAttribute(1 << 1)),
        replace(INDEX, attributes=INDEX.attributes & ~NvAttribute.NO_DA),
        local_branches(reset_object=KEY, lock=LOCK).index(INDEX.index),
    ],
)
def test_refuses_to_sign_for_any_other_index(index: NvPublic) -> None:
    with pytest.raises(UnlockNotOurs):
        unlock_statement(replace(REQUEST, index_public=index.encoded()), unlock_key=KEY, person=PERSON)


def test_refuses_to_sign_for_somebody_else() -> None:
    with pytest.raises(UnlockNotOurs):
        unlock_statement(REQUEST, unlock_key=KEY, person=sha256(b"bob").digest())
    with pytest.raises(UnlockNotOurs):
        unlock_statement(REQUEST, unlock_key=LOCK, person=PERSON)


@pytest.mark.parametrize("nonce", [b"", bytes(15), bytes(17), bytes(64)])
def test_refuses_a_nonce_that_could_hold_more_than_a_nonce(nonce: bytes) -> None:
    with pytest.raises(UnlockNotOurs):
        unlock_statement(replace(REQUEST, nonce_tpm=nonce), unlock_key=KEY, person=PERSON)


@given(st.binary(max_size=64))
def test_whatever_a_device_sends_is_refused_or_is_an_index(raw: bytes) -> None:
    try:
        parse_nv_public(raw)
    except TpmStructureInvalid:
        return
    with pytest.raises(UnlockNotOurs):
        unlock_statement(replace(REQUEST, index_public=raw), unlock_key=KEY, person=PERSON)


def test_an_index_is_read_to_its_last_byte() -> None:
    assert parse_nv_public(INDEX.encoded()) == INDEX
    for spoiled in (INDEX.encoded() + b"\0", INDEX.encoded()[:-1], b""):
        with pytest.raises(TpmStructureInvalid):
            parse_nv_public(spoiled)
    with pytest.raises(TpmStructureInvalid, match="SHA-256"):
        parse_nv_public(INDEX.encoded()[:4] + b"\x00\x0c" + INDEX.encoded()[6:])


def test_a_first_write_changes_the_name() -> None:
    assert INDEX.name != INDEX.unwritten().name
    assert INDEX.unwritten().written() == INDEX


def test_nobody_but_the_policy_may_write_and_there_is_no_change_of_the_authvalue() -> None:
    owner_write, auth_write, platform_write = (NvAttribute(1 << bit) for bit in (1, 2, 0))

    assert not ATTRIBUTES & (owner_write | auth_write | platform_write)
    assert NvAttribute.POLICY_WRITE in ATTRIBUTES
    for branches in (BRANCHES, local_branches(reset_object=KEY, lock=LOCK)):
        assert len(branches.all) == 3
        change = policy.after_command_code(policy.NO_POLICY, CommandCode.NV_CHANGE_AUTH)
        assert not {change, policy.after_auth_value(change)} & set(branches.all)


def test_the_digest_of_a_reset_is_of_one_index_and_one_content() -> None:
    assert reset_digest(INDEX) == write_digest(INDEX, unlocked())
    assert reset_digest(INDEX) != write_digest(INDEX, PinCount(0, 255))
    assert reset_digest(INDEX) != reset_digest(replace(INDEX, index=INDEX.index + 1))


def test_a_pin_count_has_no_fewer_than_no_tries_left() -> None:
    assert PinCount(3, 10).left == 7
    assert PinCount(12, 10).left == 0


def test_a_certificate_is_taken_without_what_is_behind_it() -> None:
    der = b"\x30\x82\x00\x03abc"

    assert first_certificate(der + b"\xff" * 9) == der
    for none in (b"", b"\x30\x82", b"\x30\x82\x00\x04abc", b"\x30\x03abc", b"\x00" * 16):
        with pytest.raises(TpmStructureInvalid):
            first_certificate(none)
