"""What is on the wires, what is left in the chip, and how long we wait for it."""

import os
import time
from contextlib import suppress
from dataclasses import astuple

import pytest
from keystead_agent.keystore.bus import Bus
from keystead_agent.keystore.errors import GestureRefused, KeystoreError, KeystoreUnavailable
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_agent.keystore.values import PinHash
from keystead_core.tpm import commands
from keystead_core.tpm.codes import CommandCode, Property
from keystead_core.tpm.faults import TpmError
from keystead_core.tpm.sessions import EMPTY_PASSWORD
from keystead_testkit.software_tpm import BusTap, SoftwareTpm
from keystead_testkit.tpm_container import (
    DIGEST,
    NEW,
    PIN,
    WRONG,
    TpmContainer,
    UnlockAuthority,
    directly,
    set_dictionary_attack,
)

ALICE = UnlockAuthority()


class Dice:
    """Real dice that remember what they drew."""

    def __init__(self) -> None:
        self.drawn: list[bytes] = []

    def __call__(self, count: int) -> bytes:
        self.drawn.append(os.urandom(count))
        return self.drawn[-1]

    @property
    def secrets(self) -> list[bytes]:
        """Nonces and salts are shorter, and no secret."""
        return [drawn for drawn in self.drawn if len(drawn) >= 32]


@pytest.mark.tpm
@pytest.mark.parametrize("unlock", [None, ALICE.unlock_key])
def test_neither_pin_nor_secret_nor_what_is_made_of_them_is_ever_on_the_bus(bus: BusTap, unlock: object) -> None:
    """A whole life: set, use, mistype, use up, unlock, change, certify."""
    dice = Dice()
    keystore = TpmKeystore(connector(bus.address), dice, time.sleep)
    container = TpmContainer(keystore, ALICE.unlock_key if unlock else None)
    key = keystore.make_attestation_key(container.foundation)
    container.sign()
    while container.left:
        with pytest.raises(KeystoreError):
            container.sign(WRONG)
    if unlock:
        keystore.finish_unlock(ALICE.sign(keystore.begin_unlock(container.foundation, container.gate)))
    else:
        set_dictionary_attack_back(keystore, container)
    old = container.record
    changed = keystore.change_gate(
        container.foundation, container.gate, old=PIN, new=NEW, unlock=container.record.unlock
    )
    keystore.retire_gate(container.foundation, container.gate)
    container.gate = changed
    keystore.create_key(container.foundation, container.gate, NEW, lambda _: DIGEST, key)
    keystore.integrity_key(container.foundation)

    made_of_pins = [
        secret for gate in (old, container.record) for pin in (PIN, WRONG, NEW) for secret in astuple(gate.secrets(pin))
    ]
    assert len(bus.frames) > 300
    assert len(dice.secrets) == 2  # the integrity key and the secret behind the gate
    for secret in (PIN, WRONG, NEW, *made_of_pins, *dice.secrets):
        assert not bus.carries(secret)
        assert not bus.carries(secret[:16])


def set_dictionary_attack_back(keystore: TpmKeystore, container: TpmContainer) -> None:
    """As an administrator does; the person's own count is then made new by the right PIN."""
    with keystore._bus() as bus:
        bus.run(commands.dictionary_attack_lock_reset(), EMPTY_PASSWORD)
    container.opens()


@pytest.mark.tpm
def test_what_fails_at_any_command_leaves_nothing_in_the_chip(tpm: SoftwareTpm) -> None:
    """The chip refuses the nth command of a PIN change, for every n: no object, no session stays."""
    container = TpmContainer(TpmKeystore(connector(tpm.address), os.urandom, time.sleep))
    for nth in range(200):
        refusing = _Refusing(tpm, nth)
        with suppress(KeystoreError):
            faulty = TpmKeystore(refusing.connect, os.urandom, time.sleep)
            faulty.change_gate(container.foundation, container.gate, old=PIN, new=NEW)
        if not refusing.has_refused:
            break
        assert left_in(tpm) == (0, 0, 3), f"after a refusal of command {nth}"

    assert nth > 15
    container.opens()


@pytest.mark.tpm
def test_wrong_pins_leave_nothing_in_the_chip(tpm: SoftwareTpm, keystore: TpmKeystore) -> None:
    set_dictionary_attack(tpm, tries=20, recovery_seconds=1000)
    container = TpmContainer(keystore)
    for _ in range(4):
        container.sign()
        with pytest.raises(GestureRefused):
            container.sign(PinHash(os.urandom(16)))

    assert left_in(tpm) == (0, 0, 3)


def left_in(tpm: SoftwareTpm) -> tuple[int, int, int]:
    """Sessions loaded, sessions active, room for objects."""
    with directly(tpm) as bus:
        facts = bus.run(commands.get_properties(Property.PERMANENT, 8))
    return facts[0x203], facts[0x205], facts[0x207]


class _Refusing:
    """A transport whose chip refuses its nth command with TPM_RC_FAILURE, flushes aside."""

    def __init__(self, tpm: SoftwareTpm, nth: int) -> None:
        self._open = connector(tpm.address)
        self._left = nth
        self.has_refused = False

    def connect(self) -> "_Refusing":
        self._transport = self._open()
        return self

    def exchange(self, command: bytes) -> bytes:
        if int.from_bytes(command[6:10], "big") != CommandCode.FLUSH_CONTEXT:
            self._left -= 1
            if self._left == -1:
                self.has_refused = True
                return _refusal(0x101)
        return self._transport.exchange(command)

    def close(self) -> None:
        self._transport.close()


def _refusal(rc: int) -> bytes:
    return bytes.fromhex("80010000000a") + rc.to_bytes(4, "big")


class _Busy:
    """A chip that answers so many times that it is busy, and then gives random bytes."""

    def __init__(self, rc: int, times: int) -> None:
        self.rc, self.times = rc, times
        self.seen: list[bytes] = []

    def exchange(self, command: bytes) -> bytes:
        self.seen.append(command)
        if len(self.seen) <= self.times:
            return _refusal(self.rc)
        return bytes.fromhex("80010000000e000000000002abcd")

    def close(self) -> None: ...


@pytest.mark.parametrize(
    "rc", [0x922, 0x908, 0x90A, 0x920], ids=["TPM_RC_RETRY", "TPM_RC_YIELDED", "TPM_RC_TESTING", "TPM_RC_NV_RATE"]
)
def test_a_busy_chip_is_asked_again_with_the_same_bytes(rc: int) -> None:
    chip, waits = _Busy(rc, times=5), list[float]()

    drawn = Bus(chip, os.urandom, waits.append).run(commands.get_random(2))

    assert drawn == b"\xab\xcd"
    assert len(set(chip.seen)) == 1
    assert len(waits) == 5
    assert waits == sorted(waits)


def test_a_chip_that_stays_busy_is_given_up_in_bounded_time() -> None:
    chip, waits = _Busy(0x922, times=1000), list[float]()

    with pytest.raises(KeystoreUnavailable, match="busy"):
        Bus(chip, os.urandom, waits.append).run(commands.get_random(2))

    assert 10 < sum(waits) < 30
    assert len(chip.seen) < 20


@pytest.mark.parametrize("rc", [0x921, 0x98E, 0x9A2, 0x12F, 0x101, 0x902])
def test_what_is_no_request_for_patience_is_not_asked_again(rc: int) -> None:
    chip = _Busy(rc, times=1)

    with pytest.raises(TpmError, match=f"0x{rc:03x}"):
        Bus(chip, os.urandom, _never).run(commands.get_random(2))

    assert len(chip.seen) == 1


def _never(seconds: float) -> None:
    raise AssertionError(f"waited {seconds} seconds")
