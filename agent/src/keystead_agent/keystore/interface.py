"""What a keystore is: keys that sign after a gesture, and never leave. What it deals in is in `values`."""

from collections.abc import Sequence
from typing import Literal, Protocol
from uuid import UUID

from keystead_core.tpm.pin_index import UnlockRequest

from keystead_agent.keystore.values import (
    AttestationIdentity,
    AttestationKey,
    Certification,
    Description,
    Foundation,
    Gate,
    GesturePass,
    Guard,
    KeyBlob,
    NewKey,
    Opening,
    PinHash,
    ToSign,
    Tries,
    UnlockKey,
)


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
