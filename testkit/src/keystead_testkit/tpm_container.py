"""One container's keys on one TPM, past the container itself; and who may give its tries back.

TpmContainer     a foundation, a gate and a key
UnlockAuthority  an identity provider, as far as a TPM knows it: a key that signs statements
directly         commands of our own to the chip, past the keystore
nv_indices       what is defined in it
flush_as_the_kernel  what becomes of what a dead program had loaded
DyingTransport   the power goes after so many commands
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from keystead_agent.keystore.bus import Bus
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.tpm_gate import TpmGate
from keystead_agent.keystore.transport import connector
from keystead_agent.keystore.values import Foundation, Gate, NewKey, PinHash, PublicPoint, UnlockKey
from keystead_core.tpm import build, commands
from keystead_core.tpm.codes import CommandCode, Property
from keystead_core.tpm.commands import Answer, Call
from keystead_core.tpm.marshal import u32
from keystead_core.tpm.pin_index import UnlockRequest, unlock_statement
from keystead_core.tpm.sessions import EMPTY_PASSWORD

from keystead_testkit.software_tpm import BusTap, SoftwareTpm

PIN = PinHash(b"right-pin-hashed")
WRONG = PinHash(b"wrong-pin-hashed")
NEW = PinHash(b"new--pin--hashed")
MESSAGE = b"sign me"
DIGEST = sha256(MESSAGE).digest()


class TpmContainer:
    def __init__(self, keystore: TpmKeystore, unlock: UnlockKey | None = None) -> None:
        self.keystore = keystore
        self.foundation: Foundation = keystore.found()
        self.gate: Gate = keystore.make_gate(self.foundation, PIN, unlock)
        self.key: NewKey = self.new_key()

    @property
    def record(self) -> TpmGate:
        return TpmGate.unpack(self.gate)

    @property
    def left(self) -> int:
        return self.keystore.tries(self.gate).left

    def new_key(self, pin: PinHash = PIN) -> NewKey:
        return self.keystore.create_key(self.foundation, self.gate, pin, None)

    def sign(self, pin: PinHash = PIN, *, keystore: TpmKeystore | None = None, key: NewKey | None = None) -> bytes:
        return (keystore or self.keystore).sign(self.foundation, self.gate, (key or self.key).blob, pin, DIGEST)

    def opens(self, pin: PinHash = PIN) -> None:
        verify(self.key.public, self.sign(pin))


class UnlockAuthority:
    def __init__(self, person: bytes = b"alice") -> None:
        self.person = person
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def unlock_key(self) -> UnlockKey:
        numbers = self._key.public_key().public_numbers()
        return UnlockKey(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"), self.person)

    @property
    def name(self) -> bytes:
        return build.name(build.external_key(self.unlock_key.x, self.unlock_key.y))

    def sign(self, request: UnlockRequest) -> bytes:
        """What a server does after a multifactor sign-in."""
        return self.sign_bytes(unlock_statement(request, unlock_key=self.name, person=self.person))

    def sign_bytes(self, statement: bytes) -> bytes:
        return self._key.sign(statement, ec.ECDSA(hashes.SHA256()))


def verify(public: PublicPoint, signature: bytes, message: bytes = MESSAGE) -> None:
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(public.x, "big"), int.from_bytes(public.y, "big"), ec.SECP256R1()
    )
    numbers.public_key().verify(signature, message, ec.ECDSA(hashes.SHA256()))


@contextmanager
def directly(chip: SoftwareTpm | BusTap) -> Iterator[Bus]:
    transport = connector(chip.address)()
    try:
        yield Bus(transport, os.urandom, time.sleep)
    finally:
        transport.close()


def set_dictionary_attack(tpm: SoftwareTpm, *, tries: int, recovery_seconds: int) -> None:
    """What an administrator does with the lockout password; the agent never does."""
    call = commands.dictionary_attack_parameters(
        max_tries=tries, recovery_seconds=recovery_seconds, lockout_recovery_seconds=1
    )
    with directly(tpm) as bus:
        bus.run(call, EMPTY_PASSWORD)


def counted_by_the_chip(tpm: SoftwareTpm) -> int:
    """The chip's one counter for the whole computer."""
    with directly(tpm) as bus:
        return bus.run(commands.get_properties(Property.LOCKOUT_COUNTER, 8))[Property.LOCKOUT_COUNTER]


def nv_indices(tpm: SoftwareTpm) -> tuple[int, ...]:
    """What is defined among the owner's indices; a certificate of the chip's maker is elsewhere."""
    return tuple(handle for handle in _handles(tpm, 0x01800000) if handle < 0x01C00000)


def flush_as_the_kernel(tpm: SoftwareTpm) -> None:
    """/dev/tpmrm0 gives each program a space of its own, and flushes it when the program is gone; swtpm alone does not."""
    loaded, saved, transient = 0x02000000, 0x03000000, 0x80000000
    for first in (loaded, saved, transient):
        for handle in _handles(tpm, first):
            with directly(tpm) as bus:
                bus.run(commands.flush_context(handle))


def _handles(tpm: SoftwareTpm, first: int) -> tuple[int, ...]:
    cap_handles = 1

    def read(answer: Answer) -> tuple[int, ...]:
        answer.parameters.take(5)  # whether there are more, and that they are handles
        return tuple(answer.parameters.u32() for _ in range(answer.parameters.u32()))

    with directly(tpm) as bus:
        return bus.run(Call(CommandCode.GET_CAPABILITY, (), u32(cap_handles) + u32(first) + u32(64), read))


class PulledPlug(Exception):
    """The power went."""


class DyingTransport:
    """A transport on which the power goes after *left* commands."""

    def __init__(self, tpm: SoftwareTpm, left: int) -> None:
        self._transport = connector(tpm.address)()
        self._left = left

    def exchange(self, command: bytes) -> bytes:
        if not self._left:
            raise PulledPlug
        self._left -= 1
        return self._transport.exchange(command)

    def close(self) -> None:
        self._transport.close()
