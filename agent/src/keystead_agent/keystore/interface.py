"""What a keystore is: keys that sign after a gesture, and never leave.

    Foundation   what a keystore needs to know its own again; made once per container
    Gate         what a PIN opens; one for all keys of a container
    KeyBlob      one key, in the form in which it may be stored

The three are the keystore's own bytes; the container keeps them and does not
look inside. A PIN arrives here as PinHash only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NewType, Protocol, TypeAlias
from uuid import UUID

Foundation = NewType("Foundation", bytes)
Gate = NewType("Gate", bytes)
KeyBlob = NewType("KeyBlob", bytes)
PinHash = NewType("PinHash", bytes)  # the left 16 bytes of SHA-256 of the PIN, as CTAP's clientPIN sends it

Entropy: TypeAlias = Callable[[int], bytes]
Clock: TypeAlias = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class PublicPoint:
    """The public half of a P-256 key; 32 bytes each."""

    x: bytes
    y: bytes


ToSign: TypeAlias = Callable[[PublicPoint], bytes]
"""Makes the 32-byte digest to sign, once the key that signs it is known."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made.

    Attributes:
        signature: DER, over what `ToSign` asked for; None when it was not given.
    """

    blob: KeyBlob
    public: PublicPoint
    signature: bytes | None


@dataclass(frozen=True, slots=True)
class Tries:
    """How many wrong PINs are still possible.

    Attributes:
        back_after: until one more is given back, at most.
    """

    left: int
    limit: int
    back_after: timedelta


@dataclass(frozen=True, slots=True)
class Description:
    """What a person and a server may know about a keystore.

    Attributes:
        warnings: what makes it weaker than it could be, one sentence each.
    """

    kind: Literal["tpm", "software"]
    label: str
    maker: str
    firmware: str
    warnings: tuple[str, ...]


class Keystore(Protocol):
    """Keys that sign after a gesture. Every method may block; none may run beside another.

    All raise KeystoreError: KeystoreUnavailable when the chip does not answer,
    OtherMachine when what is given was made by another one.
    """

    @property
    def kind(self) -> Literal["tpm", "software"]: ...

    @property
    def aaguid(self) -> UUID: ...

    def describe(self) -> Description: ...

    def tries(self) -> Tries: ...

    def found(self) -> Foundation: ...

    def integrity_key(self, foundation: Foundation) -> bytes:
        """Return 32 bytes that only this keystore can give back; no gesture is needed."""
        ...

    def make_gate(self, foundation: Foundation, pin: PinHash) -> Gate: ...

    def change_gate(self, foundation: Foundation, gate: Gate, *, old: PinHash, new: PinHash) -> Gate:
        """Return the gate that *new* opens; every key behind it stays as it is.

        Raises:
            GestureRefused, PinLocked: *old* does not open it.
        """
        ...

    def create_key(self, foundation: Foundation, gate: Gate, pin: PinHash, to_sign: ToSign | None) -> NewKey:
        """Make a P-256 key behind *gate*, after proof that *pin* opens it.

        Raises:
            GestureRefused, PinLocked: it does not, and no key was made.
        """
        ...

    def sign(self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: PinHash, digest: bytes) -> bytes:
        """Return one ECDSA signature (DER) for one gesture.

        Raises:
            GestureRefused, PinLocked: *pin* does not open *gate*.
        """
        ...
