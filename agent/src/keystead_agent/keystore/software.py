"""Keys in a file, for machines without a TPM. Weaker in every way, and called so everywhere.

    master key   random; encrypts each private key (AES-256-GCM); itself encrypted under the PIN (Argon2id)
    counter      a file of its own: wrong PINs so far

Who has a copy of the files can try PINs as fast as they can compute, without
any counter: a PIN of six digits does not withstand that. Nothing here proves
where a key is; therefore the AAGUID is another one, and the server records it.
"""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal, NoReturn, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from keystead_core.webauthn.aaguids import KEYSTEAD_SOFTWARE

from keystead_agent.keystore.errors import GesturePassVoid, GestureRefused, NoChip, OtherMachine, PinLocked
from keystead_agent.keystore.interface import (
    AttestationKey,
    Clock,
    Description,
    Entropy,
    Foundation,
    Gate,
    GesturePass,
    KeyBlob,
    NewKey,
    Opening,
    PinHash,
    PublicPoint,
    ToSign,
    Tries,
    UnlockKey,
)
from keystead_agent.keystore.packing import Parts, pack
from keystead_agent.keystore.private_file import read_private, write_private

LABEL: Final = "SOFTWARE KEYSTORE: keys are in a file, not in a chip"
TRIES_LIMIT: Final = 5
TRY_BACK_AFTER: Final = timedelta(minutes=10)
_ATTESTATION: Final = "Proof of where a key is"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_SCALAR_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """RFC 9106's second recommendation by default."""

    iterations: int = 3
    lanes: int = 4
    memory_kib: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Counter:
    """How often the PIN was wrong; kept in a file, which a copy of the file rolls back."""

    failures: int
    since: datetime

    @classmethod
    def read(cls, path: Path, now: datetime) -> Self:
        data = read_private(path, max_bytes=1024)
        if data is None:
            return cls(0, now)
        try:
            kept = json.loads(data)
            return cls(int(kept["failures"]), datetime.fromisoformat(kept["since"])).forgiven(now)
        except (ValueError, KeyError, TypeError):
            # Unreadable counts as used up, or spoiling the file would be the way to more tries.
            spoiled = cls(TRIES_LIMIT, now)
            spoiled.write(path)
            return spoiled

    def forgiven(self, now: datetime) -> Self:
        """One failure is forgotten for each interval; a clock that was set back forgets none."""
        intervals = max((now - self.since) // TRY_BACK_AFTER, 0)
        if not intervals:
            return self
        return type(self)(max(self.failures - intervals, 0), self.since + intervals * TRY_BACK_AFTER)

    def write(self, path: Path) -> None:
        kept = {"failures": self.failures, "since": self.since.isoformat()}
        write_private(path, json.dumps(kept).encode())

    @property
    def left(self) -> int:
        return max(TRIES_LIMIT - self.failures, 0)

    def back_after(self, now: datetime) -> timedelta:
        return min(self.since + TRY_BACK_AFTER - now, TRY_BACK_AFTER)


def beware(kind: Literal["tpm", "software"]) -> str:
    """What is said wherever keys of this *kind* are shown or used; "" if there is nothing to beware of."""
    return LABEL if kind == "software" else ""


class SoftwareKeystore:
    """See the Protocol `Keystore`; this one keeps its promise as far as a file can.

    Args:
        counter: the file that counts wrong PINs; its directory must be private.
        dangerous_keys_on_disk: must be true. It is there to be read where this class is chosen.
    """

    def __init__(
        self,
        counter: Path,
        clock: Clock,
        entropy: Entropy,
        *,
        dangerous_keys_on_disk: bool,
        cost: Argon2Cost = Argon2Cost(),
    ) -> None:
        if not dangerous_keys_on_disk:
            raise ValueError("a software keystore keeps keys on disk: say dangerous_keys_on_disk=True")
        self._counter = counter
        self._clock = clock
        self._entropy = entropy
        self._cost = cost

    @property
    def kind(self) -> Literal["software"]:
        return "software"

    @property
    def aaguid(self) -> UUID:
        return KEYSTEAD_SOFTWARE

    def describe(self) -> Description:
        warning = "Whoever copies your files can guess the PIN as fast as they can compute, and has your passkeys then."
        return Description("software", LABEL, maker="", firmware="", warnings=(warning,))

    def tries(self, gate: Gate | None = None) -> Tries:
        now = self._clock()
        counter = _Counter.read(self._counter, now)
        return Tries(counter.left, TRIES_LIMIT, counter.back_after(now))

    def guard(self, gate: Gate) -> Literal["file"]:
        return "file"

    def found(self) -> Foundation:
        return Foundation(pack("software foundation", {"key": self._entropy(_KEY_BYTES)}))

    def integrity_key(self, foundation: Foundation) -> bytes:
        return Parts("software foundation", foundation).data("key")

    def make_gate(self, foundation: Foundation, pin: PinHash, unlock: UnlockKey | None = None) -> Gate:
        gate = self._seal_gate(pin, self._entropy(_KEY_BYTES))
        self._count(failures=0)
        return gate

    def change_gate(
        self, foundation: Foundation, gate: Gate, *, old: PinHash, new: PinHash, unlock: UnlockKey | None = None
    ) -> Gate:
        return self._seal_gate(new, self._open_gate(gate, old))

    def retire_gate(self, foundation: Foundation, gate: Gate) -> None:
        """Nothing of it is kept here."""

    def leftovers(self, foundation: Foundation, gate: Gate | None) -> int:
        return 0

    def gated_secret(self, foundation: Foundation, gate: Gate, pin: PinHash, purpose: bytes) -> bytes:
        return hmac.digest(self._open_gate(gate, pin), b"keystead " + purpose, "sha256")

    def pass_for_gestures(self, foundation: Foundation, gate: Gate, pin: PinHash) -> GesturePass:
        master, secret = self._open_gate(gate, pin), self._entropy(_KEY_BYTES)
        return GesturePass(pack("software gesture pass", self._encrypt(secret, master)), secret)

    def create_key(
        self,
        foundation: Foundation,
        gate: Gate,
        pin: Opening,
        to_sign: ToSign | None,
        attestation_key: AttestationKey | None = None,
    ) -> NewKey:
        if attestation_key is not None:
            raise NoChip(_ATTESTATION)
        master = self._opened(gate, pin)
        key = ec.generate_private_key(ec.SECP256R1())
        numbers = key.public_key().public_numbers()
        public = PublicPoint(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
        signature = _sign(key, to_sign(public)) if to_sign else None
        scalar = key.private_numbers().private_value.to_bytes(_SCALAR_BYTES, "big")
        return NewKey(KeyBlob(pack("software key", self._encrypt(master, scalar))), public, signature)

    def check(self, foundation: Foundation, gate: Gate, pin: PinHash) -> None:
        self._open_gate(gate, pin)

    def create_hmac_key(self, foundation: Foundation, gate: Gate, pin: Opening) -> KeyBlob:
        master = self._opened(gate, pin)
        return KeyBlob(pack("software hmac key", self._encrypt(master, self._entropy(_KEY_BYTES))))

    def hmac(
        self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: Opening, messages: Sequence[bytes]
    ) -> list[bytes]:
        master = self._opened(gate, pin)
        try:
            secret = _decrypt(master, Parts("software hmac key", key))
        except InvalidTag:
            raise OtherMachine from None
        return [hmac.digest(secret, message, "sha256") for message in messages]

    def sign(self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: Opening, digest: bytes) -> bytes:
        master = self._opened(gate, pin)
        try:
            scalar = _decrypt(master, Parts("software key", key))
        except InvalidTag:
            raise OtherMachine from None
        return _sign(ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1()), digest)

    def begin_unlock(self, foundation: Foundation, gate: Gate, pin: PinHash | None = None) -> NoReturn:
        raise NoChip("Having tries given back by an identity provider")

    def finish_unlock(self, signature: bytes) -> NoReturn:
        raise NoChip("Having tries given back by an identity provider")

    def make_attestation_key(self, foundation: Foundation) -> NoReturn:
        raise NoChip(_ATTESTATION)

    def attestation_identity(self, foundation: Foundation, key: AttestationKey) -> NoReturn:
        raise NoChip(_ATTESTATION)

    def activate(self, foundation: Foundation, key: AttestationKey, credential_blob: bytes, secret: bytes) -> NoReturn:
        raise NoChip(_ATTESTATION)

    def certify(
        self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: Opening, by: AttestationKey, qualifying: bytes
    ) -> NoReturn:
        raise NoChip(_ATTESTATION)

    def _seal_gate(self, pin: PinHash, master: bytes) -> Gate:
        salt = self._entropy(16)
        wrapped = self._encrypt(_key_from(pin, salt, self._cost), master)
        cost = {"iterations": self._cost.iterations, "lanes": self._cost.lanes, "memory_kib": self._cost.memory_kib}
        return Gate(pack("software gate", {"salt": salt, **cost, **wrapped}))

    def _opened(self, gate: Gate, opening: Opening) -> bytes:
        if not isinstance(opening, GesturePass):
            return self._open_gate(gate, opening)
        try:
            return _decrypt(opening.secret, Parts("software gesture pass", opening.item))
        except InvalidTag:
            raise GesturePassVoid from None

    def _open_gate(self, gate: Gate, pin: PinHash) -> bytes:
        now = self._clock()
        counter = _Counter.read(self._counter, now)
        if not counter.left:
            raise PinLocked(counter.back_after(now))
        # Counted before it is tried: pulling the plug in between is no free try.
        self._count(counter.failures + 1, counter.since if counter.failures else now)
        parts = Parts("software gate", gate)
        cost = Argon2Cost(parts.number("iterations"), parts.number("lanes"), parts.number("memory_kib"))
        try:
            master = _decrypt(_key_from(pin, parts.data("salt"), cost), parts)
        except InvalidTag:
            # AES-GCM cannot tell a wrong PIN from a damaged file; the container's MAC has ruled out the latter.
            left = counter.left - 1
            raise (GestureRefused(left) if left else PinLocked(TRY_BACK_AFTER)) from None
        self._count(failures=0)
        return master

    def _count(self, failures: int, since: datetime | None = None) -> None:
        _Counter(failures, since or self._clock()).write(self._counter)

    def _encrypt(self, key: bytes, secret: bytes) -> dict[str, bytes | int]:
        nonce = self._entropy(_NONCE_BYTES)
        return {"nonce": nonce, "encrypted": AESGCM(key).encrypt(nonce, secret, None)}


def _decrypt(key: bytes, parts: Parts) -> bytes:
    return AESGCM(key).decrypt(parts.data("nonce"), parts.data("encrypted"), None)


def _key_from(pin: PinHash, salt: bytes, cost: Argon2Cost) -> bytes:
    kdf = Argon2id(
        salt=salt, length=_KEY_BYTES, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib
    )
    return kdf.derive(pin)


def _sign(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    return key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
