"""Keys in a TPM 2.0: made in the chip, used in the chip, each signature paid for with one PIN.

    storage root key        parent of everything, in every TPM another
    ├── integrity item      32 random bytes, no gesture: proves that a container belongs to this chip
    ├── gate G              sealed item whose authValue is made of the PIN; wrong ones are counted by the chip
    └── key, key, …         P-256; usable only in a session in which PolicySecret(G) has succeeded

So all keys share one gate: a PIN change is one ObjectChangeAuth, whatever their
number. A policy session is good for one use: one gesture, one signature.

The PIN is not in the chip's hands as text: authValue = scrypt(PinHash, salt). It
is never on the bus either: see `core.tpm.sessions`.

What this does not give: the counter is the chip's one dictionary-attack counter,
shared by everything on the machine that uses it. An old copy of the gate still
opens with the old PIN.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Final, Literal, Self
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from keystead_core.tpm import build, commands, policy
from keystead_core.tpm.codes import ResponseCode, SessionUse
from keystead_core.tpm.commands import Created
from keystead_core.tpm.faults import TpmError, TpmFault
from keystead_core.webauthn.aaguids import KEYSTEAD_TPM

from keystead_agent.keystore.bus import Bus, LiveSession, Root, using
from keystead_agent.keystore.errors import (
    GestureRefused,
    KeystoreError,
    KeystoreUnusable,
    OtherMachine,
    PinLocked,
)
from keystead_agent.keystore.interface import (
    Description,
    Entropy,
    Foundation,
    Gate,
    KeyBlob,
    NewKey,
    PinHash,
    PublicPoint,
    ToSign,
    Tries,
)
from keystead_agent.keystore.packing import Parts, pack
from keystead_agent.keystore.root import find_root
from keystead_agent.keystore.tpm_facts import describe, read_tries
from keystead_agent.keystore.transport import Connect

_SCRYPT_COST: Final = 2**14
_SALT_BYTES: Final = 16
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class _Chip:
    """The TPM with its root key loaded and a session that nobody can listen to."""

    bus: Bus
    root: Root
    session: LiveSession

    def create(self, template: bytes, *, auth: bytes = b"", data: bytes = b"") -> Created:
        call = commands.create(self.root.handle, template, auth=auth, data=data)
        return self.bus.run(call, using(self.session, attributes=SessionUse.DECRYPT))

    @contextmanager
    def loaded(self, item: Created) -> Iterator[int]:
        with self.bus.loaded(self.root.handle, item, self.session) as handle:
            yield handle


@dataclass(frozen=True, slots=True)
class _Gate:
    salt: bytes
    cost: int
    item: Created

    @classmethod
    def unpack(cls, gate: Gate) -> Self:
        parts = Parts("tpm gate", gate)
        return cls(parts.data("salt"), parts.number("cost"), Created(parts.data("private"), parts.data("public")))

    def pack(self) -> Gate:
        item = {"private": self.item.private, "public": self.item.public}
        return Gate(pack("tpm gate", {"salt": self.salt, "cost": self.cost, **item}))

    @property
    def policy(self) -> bytes:
        return policy.after_secret(policy.NO_POLICY, build.name(self.item.public))

    def auth_value(self, pin: PinHash) -> bytes:
        return _auth_value(pin, self.salt, self.cost)


class TpmKeystore:
    """See the Protocol `Keystore`; this is the one that keeps its promise."""

    def __init__(self, connect: Connect, entropy: Entropy) -> None:
        self._connect = connect
        self._entropy = entropy
        # An emulator serves one connection at a time; a second one would wait for ever.
        self._lock = Lock()

    @property
    def kind(self) -> Literal["tpm"]:
        return "tpm"

    @property
    def aaguid(self) -> UUID:
        return KEYSTEAD_TPM

    def describe(self) -> Description:
        with self._bus() as bus:
            return describe(bus)

    def tries(self) -> Tries:
        with self._bus() as bus:
            return read_tries(bus)

    def found(self) -> Foundation:
        with self._chip(pinned=None) as chip:
            template = build.sealed(dictionary_attack_protected=False)
            item = chip.create(template, data=self._entropy(_SECRET_BYTES))
        return Foundation(
            pack("tpm foundation", {"root": chip.root.name, "private": item.private, "public": item.public})
        )

    def integrity_key(self, foundation: Foundation) -> bytes:
        parts = Parts("tpm foundation", foundation)
        item = Created(parts.data("private"), parts.data("public"))
        with self._chip_of(foundation) as chip, chip.loaded(item) as handle:
            return chip.bus.run(commands.unseal(handle), using(chip.session, attributes=SessionUse.ENCRYPT))

    def make_gate(self, foundation: Foundation, pin: PinHash) -> Gate:
        salt = self._entropy(_SALT_BYTES)
        auth = _auth_value(pin, salt, _SCRYPT_COST)
        template = build.sealed(dictionary_attack_protected=True)
        with self._chip_of(foundation) as chip:
            item = chip.create(template, auth=auth, data=self._entropy(_SECRET_BYTES))
        return _Gate(salt, _SCRYPT_COST, item).pack()

    def change_gate(self, foundation: Foundation, gate: Gate, *, old: PinHash, new: PinHash) -> Gate:
        was = _Gate.unpack(gate)
        old_auth, new_auth = was.auth_value(old), was.auth_value(new)
        with self._chip_of(foundation) as chip, chip.loaded(was.item) as handle:
            call = commands.object_change_auth(handle, chip.root.handle, new_auth)
            private = chip.bus.run(call, using(chip.session, old_auth, SessionUse.DECRYPT))
        return _Gate(was.salt, was.cost, Created(private, was.item.public)).pack()

    def create_key(self, foundation: Foundation, gate: Gate, pin: PinHash, to_sign: ToSign | None) -> NewKey:
        door = _Gate.unpack(gate)
        with self._chip_of(foundation) as chip, self._opened(chip, door, pin) as gesture:
            item = chip.create(build.signing_key(door.policy))
            made = build.read_p256(item.public)
            public = PublicPoint(made.x, made.y)
            signature = _sign(chip, item, gesture, to_sign(public)) if to_sign else None
        return NewKey(KeyBlob(pack("tpm key", {"private": item.private, "public": item.public})), public, signature)

    def sign(self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: PinHash, digest: bytes) -> bytes:
        parts = Parts("tpm key", key)
        item = Created(parts.data("private"), parts.data("public"))
        with self._chip_of(foundation) as chip, self._opened(chip, _Gate.unpack(gate), pin) as gesture:
            return _sign(chip, item, gesture, digest)

    @contextmanager
    def _opened(self, chip: _Chip, gate: _Gate, pin: PinHash) -> Iterator[LiveSession]:
        """A policy session in which the chip has noted that *pin* opens *gate*; good for one signature."""
        auth = gate.auth_value(pin)
        with chip.bus.policy_session() as gesture:
            with chip.loaded(gate.item) as handle:
                call = commands.policy_secret(handle, gesture.session.handle)
                chip.bus.run(call, using(chip.session, auth))
            yield gesture

    @contextmanager
    def _chip_of(self, foundation: Foundation) -> Iterator[_Chip]:
        with self._chip(pinned=Parts("tpm foundation", foundation).data("root")) as chip:
            yield chip

    @contextmanager
    def _chip(self, *, pinned: bytes | None) -> Iterator[_Chip]:
        with (
            self._bus() as bus,
            find_root(bus, pinned=pinned) as root,
            bus.salted_session(root) as session,
        ):
            yield _Chip(bus, root, session)

    @contextmanager
    def _bus(self) -> Iterator[Bus]:
        with self._lock:
            transport = self._connect()
            try:
                bus = Bus(transport, self._entropy)
                try:
                    yield bus
                except TpmError as error:
                    raise _refusal(bus, error) from error
                except TpmFault as error:
                    raise KeystoreUnusable(f"The TPM's answer is not to be trusted: {error}.") from error
            finally:
                transport.close()


def _sign(chip: _Chip, item: Created, gesture: LiveSession, digest: bytes) -> bytes:
    with chip.loaded(item) as handle:
        # The salted session goes along for its HMAC and encryption: without it, whoever sits
        # on the bus could put another digest under the person's gesture.
        protection = using(chip.session, attributes=SessionUse.DECRYPT)
        signature = chip.bus.run(commands.sign(handle, digest), using(gesture), protection)
    return encode_dss_signature(signature.r, signature.s)


def _auth_value(pin: PinHash, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(pin, salt=salt, n=cost, r=8, p=1, maxmem=256 * cost * 8, dklen=_SECRET_BYTES)


def _refusal(bus: Bus, error: TpmError) -> KeystoreError:
    match error.base:
        case ResponseCode.TPM_RC_AUTH_FAIL:
            tries = read_tries(bus)
            return GestureRefused(tries.left) if tries.left else PinLocked(tries.back_after)
        case ResponseCode.TPM_RC_LOCKOUT:
            return PinLocked(max(read_tries(bus).back_after, timedelta(seconds=1)))
        case ResponseCode.TPM_RC_INTEGRITY:
            return OtherMachine()
        case ResponseCode.TPM_RC_BAD_AUTH:
            return KeystoreUnusable(
                "The TPM's owner password is set, so no root key can be made for you: "
                "have the administrator keep an ECC storage root key at 0x81000001."
            )
        case _:
            return KeystoreUnusable(f"The TPM refused: {error}.")
