"""The gate of one container in a TPM: one PIN, two walls, one secret behind them.

    index   NV, PIN_FAIL: counts this person's wrong PINs, and nobody else's; see `core.tpm.pin_index`
    door    sealed item: PolicySecret(index), then an authValue made of the PIN; under the chip's own counter
    secret  what the door gives out: 32 random bytes, from which every key's authValue is made
    lock    item whose authValue is made of the secret: who has opened the door may write an index
    reset   without an identity provider: item under the chip's counter, whose authValue is made of the PIN

A wrong PIN stops at the index. So the chip's counter, which is one for the whole
computer, sees only guesses at a forged index, and the tries that a person without an
identity provider has once their own are used up.

Without an index (the owner's password is set, or the chip has no room or no such
type) the door stands alone under the chip's counter.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Self

from keystead_core.tpm import build, pin_index, policy
from keystead_core.tpm.commands import Created
from keystead_core.tpm.nv import NvPublic, parse_nv_public
from keystead_core.tpm.pin_index import Branches

from keystead_agent.keystore.chip import item_of, name_of, packed_item
from keystead_agent.keystore.packing import Parts, pack
from keystead_agent.keystore.values import Foundation, Gate, Guard, PinHash, UnlockKey

SCRYPT_COST: Final = 2**14
SALT_BYTES: Final = 16
SECRET_BYTES: Final = 32

_KIND: Final = "tpm gate 2"
_FIRST_HANDLE: Final = 0x01800000  # part 2, 13.1 and the registry of handles: the owner's indices
_SLOTS: Final = 4
_GROUPS: Final = 0x100000


@dataclass(frozen=True, slots=True)
class PinSecrets:
    """What is made of a PIN, one for each use: a leak of one opens no other."""

    index: bytes
    door: bytes
    reset: bytes


def pin_secrets(pin: PinHash, salt: bytes, cost: int) -> PinSecrets:
    stretched = hashlib.scrypt(pin, salt=salt, n=cost, r=8, p=1, maxmem=256 * cost * 8, dklen=SECRET_BYTES)
    return PinSecrets(_derive(stretched, b"index"), _derive(stretched, b"door"), _derive(stretched, b"reset"))


def lock_auth(secret: bytes) -> bytes:
    return _derive(secret, b"lock")


def key_auth(secret: bytes, key_id: bytes) -> bytes:
    return _derive(secret, b"key" + key_id)


def outside_secret(secret: bytes, purpose: bytes) -> bytes:
    return _derive(secret, b"outside " + purpose)


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, b"keystead " + purpose, "sha256")


@dataclass(frozen=True, slots=True)
class TpmGate:
    """A gate as it is stored.

    Attributes:
        index: once written; None when the chip's counter stands alone.
        reset: present exactly when there is an index and no *unlock*.
    """

    salt: bytes
    cost: int
    door: Created
    lock: Created
    index: NvPublic | None = None
    reset: Created | None = None
    unlock: UnlockKey | None = None

    @property
    def guard(self) -> Guard:
        if self.index is None:
            return "chip"
        return "person" if self.unlock is None else "provider"

    @property
    def branches(self) -> Branches:
        return branches_of(self.lock, self.reset, self.unlock)

    def secrets(self, pin: PinHash) -> PinSecrets:
        return pin_secrets(pin, self.salt, self.cost)

    def pack(self) -> Gate:
        parts: dict[str, bytes | int] = {"salt": self.salt, "cost": self.cost}
        parts |= packed_item(self.door, "door ") | packed_item(self.lock, "lock ")
        if self.index is not None:
            parts["index"] = self.index.encoded()
        if self.reset is not None:
            parts |= packed_item(self.reset, "reset ")
        if self.unlock is not None:
            parts |= {"unlock x": self.unlock.x, "unlock y": self.unlock.y, "person": self.unlock.person}
        return Gate(pack(_KIND, parts))

    @classmethod
    def unpack(cls, gate: Gate) -> Self:
        parts = Parts(_KIND, gate)
        return cls(
            parts.data("salt"),
            parts.number("cost"),
            door=item_of(parts, "door "),
            lock=item_of(parts, "lock "),
            index=parse_nv_public(parts.data("index")) if "index" in parts else None,
            reset=item_of(parts, "reset ") if "reset public" in parts else None,
            unlock=_unlock_key(parts) if "person" in parts else None,
        )


def _unlock_key(parts: Parts) -> UnlockKey:
    return UnlockKey(parts.data("unlock x"), parts.data("unlock y"), parts.data("person"))


def branches_of(lock: Created, reset: Created | None, unlock: UnlockKey | None) -> Branches:
    if unlock is not None:
        key = build.name(build.external_key(unlock.x, unlock.y))
        return pin_index.provider_branches(unlock_key=key, person=unlock.person, lock=name_of(lock))
    if reset is None:
        raise ValueError("an index is reset by a provider or by a reset object")
    return pin_index.local_branches(reset_object=name_of(reset), lock=name_of(lock))


def door_policy(index: NvPublic) -> bytes:
    return policy.after_auth_value(policy.after_secret(policy.NO_POLICY, index.name))


def handles_of(foundation: Foundation) -> tuple[int, ...]:
    """The few NV handles of one container, the same after every crash: what is left there is our own.

    Two containers of one computer share theirs once in a million.
    """
    group = int.from_bytes(hashlib.sha256(foundation).digest()[:4], "big") % _GROUPS
    return tuple(_FIRST_HANDLE + group * _SLOTS + slot for slot in range(_SLOTS))
