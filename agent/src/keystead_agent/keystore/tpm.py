"""Keys in a TPM 2.0: made in the chip, used in the chip, each signature paid for with one PIN.

    storage root key        parent of everything, in every TPM another
    ├── integrity item      32 random bytes, no gesture: proves that a container belongs to this chip
    ├── gate                PIN → secret, past a count of one's own and the chip's: `tpm_gate`
    ├── key, key, …         P-256, or HMAC for secrets; each with an authValue made of that secret
    └── attestation key     says of the others that they are here: `tpm_attestation`

All keys share one gate: a PIN change makes one new gate, whatever their number.
The secret is fetched for one signature and forgotten.

The PIN is not in the chip's hands as text: authValues are made of scrypt(PinHash, salt).
They are never on the bus either: see `core.tpm.sessions`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Final, Literal
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from keystead_core.tpm import build, commands
from keystead_core.tpm.codes import SessionUse
from keystead_core.tpm.commands import Created
from keystead_core.tpm.faults import TpmError, TpmFault
from keystead_core.tpm.pin_index import UnlockRequest
from keystead_core.webauthn.aaguids import KEYSTEAD_TPM

from keystead_agent.keystore import tpm_attestation, tpm_opening
from keystead_agent.keystore.bus import Bus, Sleep, using
from keystead_agent.keystore.chip import Chip, item_of, packed_item
from keystead_agent.keystore.errors import (
    KeystoreUnavailable,
    KeystoreUnusable,
    OtherMachine,
    TpmCleared,
    UnlockRefused,
)
from keystead_agent.keystore.packing import Parts, pack
from keystead_agent.keystore.root import find_root
from keystead_agent.keystore.tpm_facts import describe, read_tries
from keystead_agent.keystore.tpm_gate import SECRET_BYTES, TpmGate, handles_of, key_auth, outside_secret
from keystead_agent.keystore.tpm_gestures import make_pass, opened
from keystead_agent.keystore.tpm_index import holds_leftover, undefine_index
from keystead_agent.keystore.tpm_refusals import refusal
from keystead_agent.keystore.tpm_unlock import Unlocking, begin, finish, forget
from keystead_agent.keystore.transport import Connect
from keystead_agent.keystore.values import (
    AttestationIdentity,
    AttestationKey,
    Certification,
    Description,
    Entropy,
    Foundation,
    Gate,
    GesturePass,
    Guard,
    KeyBlob,
    NewKey,
    Opening,
    PinHash,
    PublicPoint,
    ToSign,
    Tries,
    UnlockKey,
)

_FOUNDATION: Final = "tpm foundation 2"
_KEY: Final = "tpm key 2"
_HMAC_KEY: Final = "tpm hmac key"
_ATTESTATION_KEY: Final = "tpm attestation key"
_KEY_ID_BYTES: Final = 16


class TpmKeystore:
    """See the Protocol `Keystore`; this is the one that keeps its promise."""

    def __init__(self, connect: Connect, entropy: Entropy, sleep: Sleep) -> None:
        self._connect = connect
        self._entropy = entropy
        self._sleep = sleep
        # An emulator serves one connection at a time; a second one would wait for ever.
        self._lock = Lock()
        self._unlocking: Unlocking | None = None

    @property
    def kind(self) -> Literal["tpm"]:
        return "tpm"

    @property
    def aaguid(self) -> UUID:
        return KEYSTEAD_TPM

    def describe(self) -> Description:
        with self._bus() as bus:
            return describe(bus)

    def tries(self, gate: Gate | None = None) -> Tries:
        with self._bus() as bus:
            return read_tries(bus) if gate is None else tpm_opening.read_tries(bus, TpmGate.unpack(gate))

    def guard(self, gate: Gate) -> Guard:
        return TpmGate.unpack(gate).guard

    def found(self) -> Foundation:
        with self._bus() as bus, self._chip_on(bus, pinned=None) as chip:
            template = build.sealed(dictionary_attack_protected=False)
            item = chip.create(template, data=self._entropy(SECRET_BYTES))
            pinned = {"root": chip.root.name, "endorsement": tpm_attestation.endorsement_name(chip.bus)}
        return Foundation(pack(_FOUNDATION, pinned | packed_item(item)))

    def integrity_key(self, foundation: Foundation) -> bytes:
        item = item_of(Parts(_FOUNDATION, foundation))
        with self._chip_of(foundation) as chip, chip.loaded(item) as handle:
            return chip.bus.run(commands.unseal(handle), using(chip.session, attributes=SessionUse.ENCRYPT))

    def make_gate(self, foundation: Foundation, pin: PinHash, unlock: UnlockKey | None = None) -> Gate:
        with self._chip_of(foundation) as chip:
            return tpm_opening.make_gate(chip, handles_of(foundation), pin, unlock, former=None).pack()

    def change_gate(
        self, foundation: Foundation, gate: Gate, *, old: PinHash, new: PinHash, unlock: UnlockKey | None = None
    ) -> Gate:
        former = TpmGate.unpack(gate)
        taken = former.index.index if former.index else None
        handles = tuple(handle for handle in handles_of(foundation) if handle != taken)
        with self._chip_of(foundation) as chip:
            secret = tpm_opening.open_gate(chip, former, old)
            return tpm_opening.make_gate(chip, handles, new, unlock, (former, secret)).pack()

    def retire_gate(self, foundation: Foundation, gate: Gate) -> None:
        index = TpmGate.unpack(gate).index
        if index is not None:
            with self._bus() as bus:
                undefine_index(bus, index.index)

    def leftovers(self, foundation: Foundation, gate: Gate | None) -> int:
        index = TpmGate.unpack(gate).index if gate else None
        unused = (handle for handle in handles_of(foundation) if index is None or handle != index.index)
        with self._bus() as bus:
            return sum(holds_leftover(bus, handle) for handle in unused)

    def gated_secret(self, foundation: Foundation, gate: Gate, pin: PinHash, purpose: bytes) -> bytes:
        with self._chip_of(foundation) as chip:
            return outside_secret(tpm_opening.open_gate(chip, TpmGate.unpack(gate), pin), purpose)

    def pass_for_gestures(self, foundation: Foundation, gate: Gate, pin: PinHash) -> GesturePass:
        with self._chip_of(foundation) as chip:
            return make_pass(chip, tpm_opening.open_gate(chip, TpmGate.unpack(gate), pin))

    def create_key(
        self,
        foundation: Foundation,
        gate: Gate,
        pin: Opening,
        to_sign: ToSign | None,
        attestation_key: AttestationKey | None = None,
    ) -> NewKey:
        with self._chip_of(foundation) as chip:
            secret = opened(chip, gate, pin)
            key_id = self._entropy(_KEY_ID_BYTES)
            auth = key_auth(secret, key_id)
            item = chip.create(build.signing_key(), auth=auth)
            made = build.read_p256(item.public)
            public = PublicPoint(made.x, made.y)
            blob = KeyBlob(pack(_KEY, {"id": key_id} | packed_item(item)))
            if to_sign is None:
                return NewKey(blob, public, None)
            if attestation_key is None:
                return NewKey(blob, public, _sign(chip, item, auth, to_sign(public)))
            by = _attestation_item(attestation_key)
            certification = tpm_attestation.certify(chip, item, auth, by, to_sign(public))
            return NewKey(blob, public, None, certification)

    def check(self, foundation: Foundation, gate: Gate, pin: PinHash) -> None:
        with self._chip_of(foundation) as chip:
            tpm_opening.open_gate(chip, TpmGate.unpack(gate), pin)

    def create_hmac_key(self, foundation: Foundation, gate: Gate, pin: Opening) -> KeyBlob:
        with self._chip_of(foundation) as chip:
            secret = opened(chip, gate, pin)
            key_id = self._entropy(_KEY_ID_BYTES)
            item = chip.create(build.hmac_key(), auth=key_auth(secret, key_id))
        return KeyBlob(pack(_HMAC_KEY, {"id": key_id} | packed_item(item)))

    def hmac(
        self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: Opening, messages: Sequence[bytes]
    ) -> list[bytes]:
        parts = Parts(_HMAC_KEY, key)
        with self._chip_of(foundation) as chip:
            secret = opened(chip, gate, pin)
            auth = key_auth(secret, parts.data("id"))
            with chip.loaded(item_of(parts)) as handle:
                return [_hmac(chip, handle, auth, message) for message in messages]

    def sign(self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: Opening, digest: bytes) -> bytes:
        parts = Parts(_KEY, key)
        with self._chip_of(foundation) as chip:
            secret = opened(chip, gate, pin)
            return _sign(chip, item_of(parts), key_auth(secret, parts.data("id")), digest)

    def begin_unlock(self, foundation: Foundation, gate: Gate, pin: PinHash | None = None) -> UnlockRequest:
        with self._chip_of(foundation) as chip:
            former, self._unlocking = self._unlocking, None
            if former is not None:
                forget(former)
            # From here on the connection is kept: what the provider signs for is this session's nonce.
            self._unlocking = begin(chip, TpmGate.unpack(gate), pin)
            return self._unlocking.request

    def finish_unlock(self, signature: bytes) -> None:
        with self._bus():
            unlocking, self._unlocking = self._unlocking, None
            if unlocking is None:
                raise UnlockRefused("No unlock is under way: begin again.")
            finish(unlocking, signature)

    def make_attestation_key(self, foundation: Foundation) -> AttestationKey:
        with self._chip_of(foundation) as chip:
            return AttestationKey(pack(_ATTESTATION_KEY, packed_item(tpm_attestation.make_attestation_key(chip))))

    def attestation_identity(self, foundation: Foundation, key: AttestationKey) -> AttestationIdentity:
        with self._chip_of(foundation) as chip:
            return tpm_attestation.identity(chip, _attestation_item(key))

    def activate(self, foundation: Foundation, key: AttestationKey, credential_blob: bytes, secret: bytes) -> bytes:
        with self._chip_of(foundation) as chip:
            return tpm_attestation.activate(chip, _attestation_item(key), credential_blob, secret)

    def certify(
        self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: Opening, by: AttestationKey, qualifying: bytes
    ) -> Certification:
        parts = Parts(_KEY, key)
        with self._chip_of(foundation) as chip:
            secret = opened(chip, gate, pin)
            auth = key_auth(secret, parts.data("id"))
            return tpm_attestation.certify(chip, item_of(parts), auth, _attestation_item(by), qualifying)

    @contextmanager
    def _chip_of(self, foundation: Foundation) -> Iterator[Chip]:
        parts = Parts(_FOUNDATION, foundation)
        with self._bus() as bus, _known_chip(bus, parts), self._chip_on(bus, pinned=parts.data("root")) as chip:
            yield chip

    @contextmanager
    def _chip_on(self, bus: Bus, *, pinned: bytes | None) -> Iterator[Chip]:
        with find_root(bus, pinned=pinned) as root, bus.salted_session(root) as session:
            yield Chip(bus, root, session)

    @contextmanager
    def _bus(self) -> Iterator[Bus]:
        with self._lock:
            bus = self._unlocking.bus if self._unlocking else Bus(self._connect(), self._entropy, self._sleep)
            try:
                yield bus
            except TpmError as error:
                raise refusal(bus, error) from error
            except TpmFault as error:
                raise KeystoreUnusable(f"The TPM's answer is not to be trusted: {error}.") from error
            except KeystoreUnavailable:
                self._unlocking = None
                raise
            finally:
                if self._unlocking is None:
                    bus.transport.close()


def _sign(chip: Chip, item: Created, auth: bytes, digest: bytes) -> bytes:
    with chip.loaded(item) as handle:
        # Encrypted and under the session's HMAC: whoever sits on the bus can neither read the digest
        # nor put another one under the person's gesture.
        signature = chip.bus.run(commands.sign(handle, digest), using(chip.session, auth, SessionUse.DECRYPT))
    return encode_dss_signature(signature.r, signature.s)


def _hmac(chip: Chip, key: int, auth: bytes, message: bytes) -> bytes:
    # Neither the salt nor what comes of it, a key to somebody's data, is on the bus in the clear.
    both = SessionUse.DECRYPT | SessionUse.ENCRYPT
    return chip.bus.run(commands.hmac(key, message), using(chip.session, auth, both))


def _attestation_item(key: AttestationKey) -> Created:
    return item_of(Parts(_ATTESTATION_KEY, key))


@contextmanager
def _known_chip(bus: Bus, foundation: Parts) -> Iterator[None]:
    """Tell a chip that was cleared from one that was exchanged: clearing keeps the endorsement seed."""
    try:
        yield
    except OtherMachine:
        pinned = foundation.data("endorsement")
        if pinned and pinned == tpm_attestation.endorsement_name(bus):
            raise TpmCleared from None
        raise
