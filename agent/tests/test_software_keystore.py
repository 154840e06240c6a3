"""The keystore without a chip: as careful as a file can be, and open about being one."""

import os
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from keystead_agent.keystore.errors import GestureRefused, KeystoreUnusable, OtherMachine, PinLocked
from keystead_agent.keystore.software import TRIES_LIMIT, TRY_BACK_AFTER, SoftwareKeystore
from keystead_agent.keystore.values import Foundation, Gate, KeyBlob, NewKey, PinHash
from keystead_core.webauthn.aaguids import KEYSTEAD_SOFTWARE, KEYSTEAD_TPM
from keystead_testkit.clock import FixedClock

PIN, WRONG, NEW = PinHash(b"right"), PinHash(b"wrong"), PinHash(b"new")
DIGEST = sha256(b"m").digest()


class Made:
    def __init__(self, keystore: SoftwareKeystore) -> None:
        self.foundation: Foundation = keystore.found()
        self.gate: Gate = keystore.make_gate(self.foundation, PIN)
        self.key: NewKey = keystore.create_key(self.foundation, self.gate, PIN, lambda public: sha256(b"m").digest())


@pytest.fixture
def made(software: SoftwareKeystore) -> Made:
    return Made(software)


def verify(key: NewKey, signature: bytes) -> None:
    x, y = int.from_bytes(key.public.x, "big"), int.from_bytes(key.public.y, "big")
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(signature, b"m", ec.ECDSA(hashes.SHA256()))


def test_must_be_called_dangerous_to_be_had(tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(ValueError, match="dangerous_keys_on_disk"):
        SoftwareKeystore(tmp_path / "tries", clock.now, os.urandom, dangerous_keys_on_disk=False)


def test_says_everywhere_that_it_is_no_chip(software: SoftwareKeystore) -> None:
    described = software.describe()

    assert software.aaguid == KEYSTEAD_SOFTWARE != KEYSTEAD_TPM
    assert described.kind == software.kind == "software"
    assert described.label == "SOFTWARE KEYSTORE: keys are in a file, not in a chip"
    assert described.warnings


def test_the_right_pin_signs(software: SoftwareKeystore, made: Made) -> None:
    verify(made.key, software.sign(made.foundation, made.gate, made.key.blob, PIN, DIGEST))
    assert made.key.signature is not None
    verify(made.key, made.key.signature)


def test_a_wrong_pin_signs_nothing_and_is_counted(software: SoftwareKeystore, made: Made) -> None:
    with pytest.raises(GestureRefused) as refused:
        software.sign(made.foundation, made.gate, made.key.blob, WRONG, DIGEST)

    assert refused.value.tries_left == TRIES_LIMIT - 1 == software.tries().left


def test_the_right_pin_forgives(software: SoftwareKeystore, made: Made) -> None:
    with pytest.raises(GestureRefused):
        software.sign(made.foundation, made.gate, made.key.blob, WRONG, DIGEST)

    software.sign(made.foundation, made.gate, made.key.blob, PIN, DIGEST)

    assert software.tries().left == TRIES_LIMIT


def lock(software: SoftwareKeystore, made: Made) -> None:
    for _ in range(TRIES_LIMIT):
        with pytest.raises((GestureRefused, PinLocked)):
            software.sign(made.foundation, made.gate, made.key.blob, WRONG, DIGEST)


def test_too_many_wrong_pins_lock_out_the_right_one_too(software: SoftwareKeystore, made: Made) -> None:
    lock(software, made)

    with pytest.raises(PinLocked) as locked:
        software.sign(made.foundation, made.gate, made.key.blob, PIN, DIGEST)

    assert locked.value.back_after == TRY_BACK_AFTER


def test_one_try_is_given_back_by_time(software: SoftwareKeystore, made: Made, clock: FixedClock) -> None:
    lock(software, made)

    clock.advance(TRY_BACK_AFTER)

    assert software.tries().left == 1
    verify(made.key, software.sign(made.foundation, made.gate, made.key.blob, PIN, DIGEST))


def test_setting_the_clock_back_gives_no_try(software: SoftwareKeystore, made: Made, clock: FixedClock) -> None:
    lock(software, made)

    clock.advance(timedelta(days=-400))

    with pytest.raises(PinLocked) as locked:
        software.sign(made.foundation, made.gate, made.key.blob, PIN, DIGEST)
    assert locked.value.back_after <= TRY_BACK_AFTER


@pytest.mark.parametrize("spoiled", [b"", b"{}", b"[]", b'{"failures": "x", "since": "2026"}', b"\xff"])
def test_spoiling_the_counter_gives_no_try(
    software: SoftwareKeystore, made: Made, tmp_path: Path, spoiled: bytes
) -> None:
    counter = tmp_path / "tries.json"
    counter.write_bytes(spoiled)

    with pytest.raises(PinLocked):
        software.sign(made.foundation, made.gate, made.key.blob, PIN, DIGEST)


def test_a_try_is_counted_before_it_is_made(software: SoftwareKeystore, made: Made) -> None:
    """So that killing the program between trying and counting gives no free try."""
    damaged = Gate(made.gate[:-1] + bytes([made.gate[-1] ^ 1]))

    with pytest.raises((GestureRefused, KeystoreUnusable)):
        software.sign(made.foundation, damaged, made.key.blob, PIN, DIGEST)

    assert software.tries().left == TRIES_LIMIT - 1


def test_changing_the_pin_keeps_the_keys(software: SoftwareKeystore, made: Made) -> None:
    changed = software.change_gate(made.foundation, made.gate, old=PIN, new=NEW)

    verify(made.key, software.sign(made.foundation, changed, made.key.blob, NEW, DIGEST))
    with pytest.raises(GestureRefused):
        software.sign(made.foundation, changed, made.key.blob, PIN, DIGEST)


def test_neither_key_nor_pin_is_readable_in_what_is_stored(software: SoftwareKeystore, made: Made) -> None:
    stored = made.gate + made.key.blob

    assert PIN not in stored
    master = software._open_gate(made.gate, PIN)
    assert master not in stored


def test_a_damaged_key_is_refused(software: SoftwareKeystore, made: Made) -> None:
    blob = bytearray(made.key.blob)
    blob[-20] ^= 1

    with pytest.raises((OtherMachine, KeystoreUnusable)):
        software.sign(made.foundation, made.gate, KeyBlob(bytes(blob)), PIN, DIGEST)
