"""Through the gate of a container: make it, open it, and reset its index.

make_gate      a new gate, for a new secret or for one that another gate gave out
open_gate      PIN → secret, past both walls
read_tries     how many wrong PINs the gate still takes
"""

from datetime import timedelta
from typing import Final

from keystead_core.tpm import build, commands
from keystead_core.tpm.codes import ResponseCode, SessionUse
from keystead_core.tpm.commands import Created
from keystead_core.tpm.faults import TpmError
from keystead_core.tpm.nv import NvPublic

from keystead_agent.keystore.bus import Bus, LiveSession, using
from keystead_agent.keystore.chip import Chip
from keystead_agent.keystore.errors import GestureRefused, PinBlocked, PinIndexLost, PinLocked
from keystead_agent.keystore.tpm_facts import read_tries as read_chips_tries
from keystead_agent.keystore.tpm_gate import (
    SALT_BYTES,
    SCRYPT_COST,
    SECRET_BYTES,
    PinSecrets,
    TpmGate,
    branches_of,
    door_policy,
    lock_auth,
    pin_secrets,
)
from keystead_agent.keystore.tpm_index import define_index, read_count, require_index, undefine_index, write_index
from keystead_agent.keystore.values import PinHash, Tries, UnlockKey

# What PolicySecret of the index says when the PIN is wrong, has been wrong too often, or the index is not ours.
_INDEX_REFUSES: Final = frozenset(
    {
        ResponseCode.TPM_RC_BAD_AUTH,
        ResponseCode.TPM_RC_AUTH_UNAVAILABLE,
        ResponseCode.TPM_RC_NV_UNINITIALIZED,
        ResponseCode.TPM_RC_NV_AUTHORIZATION,
        ResponseCode.TPM_RC_HANDLE,
    }
)


def make_gate(
    chip: Chip, handles: tuple[int, ...], pin: PinHash, unlock: UnlockKey | None, former: tuple[TpmGate, bytes] | None
) -> TpmGate:
    """Make a gate for *pin*.

    Args:
        handles: where its index may be.
        former: the gate that it follows and the secret that this one gave out; the new one has the same lock.
    """
    salt = chip.bus.entropy(SALT_BYTES)
    secrets = pin_secrets(pin, salt, SCRYPT_COST)
    if former is None:
        secret = chip.bus.entropy(SECRET_BYTES)
        lock = chip.create(build.sealed(dictionary_attack_protected=False), auth=lock_auth(secret), data=_FILLER)
    else:
        secret, lock = former[1], former[0].lock
    reset = None if unlock else _under_the_chips_counter(chip, secrets.reset)
    index = _written_index(chip, handles, secrets, (lock, secret), (reset, unlock))
    if index is None:
        door = _under_the_chips_counter(chip, secrets.door, secret)
        return TpmGate(salt, SCRYPT_COST, door, lock)
    template = build.sealed(dictionary_attack_protected=True, policy=door_policy(index))
    door = chip.create(template, auth=secrets.door, data=secret)
    return TpmGate(salt, SCRYPT_COST, door, lock, index, reset, unlock)


_FILLER: Final = b"\0"  # a sealed item is never empty; the lock and the reset object have nothing to say


def _under_the_chips_counter(chip: Chip, auth: bytes, data: bytes = _FILLER) -> Created:
    return chip.create(build.sealed(dictionary_attack_protected=True), auth=auth, data=data)


def _written_index(
    chip: Chip,
    handles: tuple[int, ...],
    secrets: PinSecrets,
    holder: tuple[Created, bytes],
    resetter: tuple[Created | None, UnlockKey | None],
) -> NvPublic | None:
    lock, secret = holder
    branches = branches_of(lock, *resetter)
    index = define_index(chip, handles, branches, secrets.index)
    if index is None:
        return None
    return write_index(chip, index, branches, lambda live: chip.prove(lock, lock_auth(secret), live))


def open_gate(chip: Chip, gate: TpmGate, pin: PinHash) -> bytes:
    """Return the secret behind *gate*.

    Raises:
        GestureRefused: the PIN is wrong, and was counted.
        PinBlocked, PinIndexLost: only the identity provider can mend that.
        TpmError: what the chip's own counter says.
    """
    secrets = gate.secrets(pin)
    if gate.index is None:
        with chip.loaded(gate.door) as door:
            return chip.bus.run(commands.unseal(door), using(chip.session, secrets.door, SessionUse.ENCRYPT))
    try:
        return _past_both_walls(chip, gate.door, gate.index, secrets)
    except _IndexRefuses as refuses:
        _explain(chip.bus, gate, gate.index, refuses.error)
    _reset_with_the_pin(chip, gate, gate.index, secrets)
    try:
        return _past_both_walls(chip, gate.door, gate.index, secrets)
    except _IndexRefuses as refuses:
        # Somebody changed the index in between; there is nothing more that we could do about it.
        raise refuses.error from None


class _IndexRefuses(Exception):
    def __init__(self, error: TpmError) -> None:
        self.error = error


def _past_both_walls(chip: Chip, door: Created, index: NvPublic, secrets: PinSecrets) -> bytes:
    chip.bus.learn(index.index, index.name)
    with chip.policy_session() as live:
        try:
            chip.bus.run(commands.policy_secret(index.index, live.session.handle), using(chip.session, secrets.index))
        except TpmError as error:
            if error.base in _INDEX_REFUSES:
                raise _IndexRefuses(error) from error
            raise
        chip.bus.run(commands.policy_auth_value(live.session.handle))
        live.session = live.session.after_policy_auth_value()
        with chip.loaded(door) as handle:
            return chip.bus.run(commands.unseal(handle), using(live, secrets.door, SessionUse.ENCRYPT))


def _explain(bus: Bus, gate: TpmGate, index: NvPublic, error: TpmError) -> None:
    """Raise what the index's refusal means, unless it is one that the PIN itself may mend."""
    try:
        left = read_count(bus, index, gate.branches).left
    except PinIndexLost:
        if gate.reset is None:
            raise
        return
    if not left and gate.reset is None:
        raise PinBlocked from error
    if error.base == ResponseCode.TPM_RC_BAD_AUTH:
        chips = read_chips_tries(bus)
        if not left and not chips.left:
            raise PinLocked(chips.back_after) from error
        raise GestureRefused(left or chips.left) from error
    if left:
        raise error


def _reset_with_the_pin(chip: Chip, gate: TpmGate, index: NvPublic, secrets: PinSecrets) -> None:
    """The PIN, proven under the chip's own counter, resets a used-up index and makes a lost one again."""
    reset = gate.reset
    if reset is None:
        raise PinBlocked
    with chip.policy_session() as live:
        # Proven before anything is touched: a wrong PIN changes nothing but the chip's count.
        chip.prove(reset, secrets.reset, live)
    there = restored_index(chip, gate, index, secrets.index)

    def prove(live: LiveSession) -> None:
        chip.prove(reset, secrets.reset, live)

    write_index(chip, there, gate.branches, prove)


def restored_index(chip: Chip, gate: TpmGate, index: NvPublic, auth: bytes) -> NvPublic:
    """Return *index* as it is in the chip; one that is gone, or was put there by others, is defined anew.

    The public area is the same, so the Name is again the one that the door asks for, once it is written.
    """
    try:
        require_index(chip.bus, index)
    except PinIndexLost:
        undefine_index(chip.bus, index.index)
        made = define_index(chip, (index.index,), gate.branches, auth)
        if made is None:
            raise
        return made
    return index


def read_tries(bus: Bus, gate: TpmGate) -> Tries:
    """Raises PinIndexLost."""
    if gate.index is None:
        return read_chips_tries(bus)
    own = read_count(bus, gate.index, gate.branches)
    if gate.reset is not None and not own.left:
        return read_chips_tries(bus)
    # The index gives nothing back by itself, however long one waits.
    return Tries(own.left, own.limit, timedelta(0))
