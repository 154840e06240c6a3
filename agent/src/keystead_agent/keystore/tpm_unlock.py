"""Tries given back by the identity provider: the chip waits with a nonce, the provider signs for it.

What is signed is in `core.tpm.pin_index`. Between begin and finish the connection
stays open, because a kernel's resource manager ends the session with it.
"""

from contextlib import suppress
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from keystead_core.tpm import build, commands
from keystead_core.tpm.commands import EcdsaSignature
from keystead_core.tpm.faults import TpmError, TpmFault
from keystead_core.tpm.nv import NvPublic
from keystead_core.tpm.pin_index import UNLOCK_SECONDS, UnlockRequest, reset_digest

from keystead_agent.keystore.bus import Bus, LiveSession
from keystead_agent.keystore.chip import Chip, name_of
from keystead_agent.keystore.errors import KeystoreUnavailable, UnlockRefused
from keystead_agent.keystore.tpm_gate import TpmGate
from keystead_agent.keystore.tpm_index import require_index, write_proven
from keystead_agent.keystore.tpm_opening import restored_index
from keystead_agent.keystore.values import PinHash, UnlockKey


@dataclass(frozen=True, slots=True)
class Unlocking:
    bus: Bus
    gate: TpmGate
    key: UnlockKey
    index: NvPublic
    live: LiveSession

    @property
    def request(self) -> UnlockRequest:
        return UnlockRequest(self.index.encoded(), name_of(self.gate.lock), self.live.session.nonce_tpm)


def begin(chip: Chip, gate: TpmGate, pin: PinHash | None) -> Unlocking:
    """Raises UnlockRefused, PinIndexLost."""
    if gate.index is None or gate.unlock is None:
        raise UnlockRefused("No identity provider has a say in this computer's count of wrong PINs.")
    if pin is None:
        require_index(chip.bus, gate.index)
        index = gate.index
    else:
        index = restored_index(chip, gate, gate.index, gate.secrets(pin).index)
        chip.bus.learn(index.index, index.name)
    return Unlocking(chip.bus, gate, gate.unlock, index, chip.bus.start_session(chip.root, policy=True))


def finish(unlocking: Unlocking, signature: bytes) -> None:
    """Raises UnlockRefused."""
    try:
        _show(unlocking, _read(signature))
        write_proven(unlocking.bus, unlocking.index, unlocking.gate.branches, unlocking.live)
    except TpmError as error:
        raise UnlockRefused(f"The security chip does not accept the unlock: {error}. Begin again.") from error
    finally:
        forget(unlocking)


def forget(unlocking: Unlocking) -> None:
    with suppress(TpmFault, KeystoreUnavailable):
        unlocking.bus.run(commands.flush_context(unlocking.live.session.handle))


def _read(signature: bytes) -> EcdsaSignature:
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        raise UnlockRefused("The unlock's signature is none.") from None
    if not (0 < r < 1 << 256 and 0 < s < 1 << 256):
        raise UnlockRefused("The unlock's signature is none.")
    return EcdsaSignature(r, s)


def _show(unlocking: Unlocking, signature: EcdsaSignature) -> None:
    bus, key = unlocking.bus, unlocking.key
    public = build.external_key(key.x, key.y)
    handle = bus.run(commands.load_external(public))
    bus.learn_name(handle, public)
    with bus.flushing(handle):
        session = unlocking.live.session
        call = commands.policy_signed(
            handle,
            session.handle,
            signature,
            nonce_tpm=session.nonce_tpm,
            cp_hash=reset_digest(unlocking.index),
            reference=key.person,
            seconds=UNLOCK_SECONDS,
        )
        bus.run(call)
