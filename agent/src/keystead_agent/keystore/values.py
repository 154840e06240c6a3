"""What a keystore is given, and what it gives back.

    Foundation   what a keystore needs to know its own again; made once per container
    Gate         what a PIN opens; one for all keys of a container
    KeyBlob      one key, in the form in which it may be stored
    AttestationKey   what vouches for other keys of the same chip
    GesturePass  opens a gate in the PIN's place, for as long as this process remembers it

They are the keystore's own bytes; the container keeps them and does not
look inside. A PIN arrives here as PinHash only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NewType, TypeAlias

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
