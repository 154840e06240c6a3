"""What a keystore is: keys that sign after a gesture, and never leave.

    Foundation   what a keystore needs to know its own again; made once per container
    Gate         what a PIN opens; one for all keys of a container
    KeyBlob      one key, in the form in which it may be stored
    AttestationKey   what vouches for other keys of the same chip
    GesturePass  opens a gate in the PIN's place, for as long as this process remembers it

They are the keystore's own bytes; the container keeps them and does not
look inside. A PIN arrives here as PinHash only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NewType, Protocol, TypeAlias
from uuid import UUID

from keystead_core.tpm.pin_index import UnlockRequest

Foundation = NewType("Foundation", bytes)
Gate = NewType("Gate", bytes)
KeyBlob = NewType("KeyBlob", bytes)
AttestationKey = NewType("AttestationKey", bytes)
PinHash = NewType("PinHash", bytes)  # the left 16 bytes of SHA-256 of the PIN, as CTAP's clientPIN sends it


@dataclass(frozen=True, slots=True, eq=False)
class GesturePass:
    """What a gesture that the keystore cannot see, a finger or a face, opens a gate with.

    A PIN made it, and it is never written to the disk: after a start, a PIN comes first.

    Attributes:
        item: the gate's secret, sealed by the keystore.
        secret: what unseals it, 32 random bytes.
    """

    item: bytes = field(repr=False)
    secret: bytes = field(repr=False)


Opening: TypeAlias = PinHash | GesturePass

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
class Certification:
    """The chip's own statement that a key is in it.

    Attributes:
        certify_info: TPMS_ATTEST, with what `ToSign` asked for as its extraData.
        signature: the attestation key's, DER, over *certify_info*.
        public_area: TPMT_PUBLIC of the key.
    """

    certify_info: bytes
    signature: bytes
    public_area: bytes


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made.

    Attributes:
        signature: DER, over what `ToSign` asked for; None when it was not given, or was certified.
        certification: about what `ToSign` asked for; None unless an attestation key was given.
    """

    blob: KeyBlob
    public: PublicPoint
    signature: bytes | None
    certification: Certification | None = None


@dataclass(frozen=True, slots=True)
class UnlockKey:
    """Who may give tries back: an identity provider's P-256 key, and its word for the person.

    Attributes:
        x, y: 32 bytes each.
        person: the policyRef, at most 32 bytes, which the provider signs with every statement.
    """

    x: bytes
    y: bytes
    person: bytes


@dataclass(frozen=True, slots=True)
class AttestationIdentity:
    """What a server needs to decide whether it is a TPM that asks.

    Attributes:
        ek_certificate: DER, by the TPM's maker; None if the chip has none for a key it can make.
        ek_public: TPMT_PUBLIC of the endorsement key.
        ak_public: TPMT_PUBLIC of the attestation key.
    """

    ek_certificate: bytes | None
    ek_public: bytes
    ak_public: bytes


Guard: TypeAlias = Literal["provider", "person", "chip", "file"]
"""What counts wrong PINs: an index of one's own that the identity provider can reset, one that the
right PIN can, the chip's one counter for everybody, a file."""


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

    def tries(self, gate: Gate | None = None) -> Tries:
        """How many wrong PINs *gate* still takes; without one, what the keystore itself allows."""
        ...

    def guard(self, gate: Gate) -> Guard: ...

    def found(self) -> Foundation: ...

    def integrity_key(self, foundation: Foundation) -> bytes:
        """Return 32 bytes that only this keystore can give back; no gesture is needed."""
        ...

    def make_gate(self, foundation: Foundation, pin: PinHash, unlock: UnlockKey | None = None) -> Gate:
        """Make a gate with a secret of its own; *unlock* may reset its count of wrong PINs."""
        ...

    def change_gate(
        self, foundation: Foundation, gate: Gate, *, old: PinHash, new: PinHash, unlock: UnlockKey | None = None
    ) -> Gate:
        """Return the gate that *new* opens; every key behind it stays as it is, and *gate* still opens too.

        Keep what is returned, then `retire_gate` the former: at no moment is there none that opens.

        Raises:
            GestureRefused, PinLocked: *old* does not open it.
        """
        ...

    def retire_gate(self, foundation: Foundation, gate: Gate) -> None:
        """Take from the chip what only *gate* needed; it opens no more."""
        ...

    def leftovers(self, foundation: Foundation, gate: Gate | None) -> int:
        """How many gates were not retired, be it that the program was killed; a new gate takes the place of one."""
        ...

    def gated_secret(self, foundation: Foundation, gate: Gate, pin: PinHash, purpose: bytes) -> bytes:
        """Return 32 bytes for *purpose* that only the right PIN brings out, the same for every gate that follows.

        Raises:
            GestureRefused, PinLocked, GesturePassVoid: *pin* does not open *gate*.
        """
        ...

    def check(self, foundation: Foundation, gate: Gate, pin: PinHash) -> None:
        """Return if *pin* opens *gate*; raise GestureRefused or PinLocked if not."""
        ...

    def pass_for_gestures(self, foundation: Foundation, gate: Gate, pin: PinHash) -> GesturePass:
        """Return what opens *gate* without a PIN until it is forgotten.

        Whoever holds it has verified the gesture themselves: the keystore cannot.

        Raises:
            GestureRefused, PinLocked: *pin* does not open it.
        """
        ...

    def create_hmac_key(self, foundation: Foundation, gate: Gate, pin: Opening) -> KeyBlob:
        """Make an HMAC-SHA-256 key behind *gate*, after proof that *pin* opens it.

        Raises:
            GestureRefused, PinLocked: it does not, and no key was made.
        """
        ...

    def hmac(
        self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: Opening, messages: Sequence[bytes]
    ) -> list[bytes]:
        """Return the HMAC of each message, of at most 1024 bytes, in their order.

        Raises:
            GestureRefused, PinLocked, GesturePassVoid: *pin* does not open *gate*.
        """
        ...

    def create_key(
        self,
        foundation: Foundation,
        gate: Gate,
        pin: Opening,
        to_sign: ToSign | None,
        attestation_key: AttestationKey | None = None,
    ) -> NewKey:
        """Make a P-256 key behind *gate*, after proof that *pin* opens it.

        What *to_sign* asks for is signed by the new key, or certified by *attestation_key*.

        Raises:
            GestureRefused, PinLocked: it does not, and no key was made.
            NoChip: something is to be certified, and there is nothing to do it.
        """
        ...

    def sign(self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: Opening, digest: bytes) -> bytes:
        """Return one ECDSA signature (DER) for one gesture.

        Raises:
            GestureRefused, PinLocked, GesturePassVoid: *pin* does not open *gate*.
        """
        ...

    def begin_unlock(self, foundation: Foundation, gate: Gate, pin: PinHash | None = None) -> UnlockRequest:
        """Begin to reset the count of *gate*: return what the identity provider has to sign for.

        The chip waits for the statement; beginning again forgets the one begun before.

        Raises:
            NoChip, UnlockRefused: there is nothing that an identity provider could reset.
            PinIndexLost: the count has to be made anew, with the *pin* that was not given.
        """
        ...

    def finish_unlock(self, signature: bytes) -> None:
        """Reset the count with the provider's *signature* (DER).

        Raises:
            UnlockRefused: no unlock was begun, it took too long, or the signature is not for it.
        """
        ...

    def make_attestation_key(self, foundation: Foundation) -> AttestationKey:
        """Raises NoChip."""
        ...

    def attestation_identity(self, foundation: Foundation, key: AttestationKey) -> AttestationIdentity:
        """Raises NoChip."""
        ...

    def activate(self, foundation: Foundation, key: AttestationKey, credential_blob: bytes, secret: bytes) -> bytes:
        """Return the secret of a credential that a server made for *key* and this chip.

        Raises:
            NoChip
            ActivationRefused: it was made for another key or another chip.
        """
        ...

    def certify(
        self, foundation: Foundation, gate: Gate, key: KeyBlob, pin: Opening, by: AttestationKey, qualifying: bytes
    ) -> Certification:
        """Have *by* state that *key* is in this chip; *qualifying* is bound into the statement.

        Raises:
            NoChip, GestureRefused, PinLocked
        """
        ...
