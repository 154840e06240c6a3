"""The PIN_FAIL index of one person: who may write it, and the exact bytes that allow one reset.

    local_branches      without an identity provider: the PIN, proven under the chip's own counter, resets the count
    provider_branches   with one: a statement that it signed resets the count, once

Either may also be written by who has already opened the container: that is how an
index gets its first content. Reading is for everybody: the count is no secret, and
the person wants to know how many tries are left. There is no other way in:

- not for the owner: a write resets the count. Whoever has the owner's authorisation,
  which is empty on most computers, could guess, reset and guess again, and the chip's
  own counter would never see it;
- not for NV_ChangeAuth: it compares the authValue even when the count has reached the
  limit, and so would answer guesses for ever. Another PIN is another index.

What the identity provider signs (TPM2_PolicySigned, part 3, 23.3):

    nonceTPM ‖ expiration (4 bytes) ‖ cpHashA ‖ policyRef        ECDSA on P-256 with SHA-256

nonceTPM is of one session and used once; cpHashA is of one NV_Write of one content
to one index; policyRef says whose. So a statement is one reset, of one count, now.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from keystead_core.tpm import policy
from keystead_core.tpm.codes import CommandCode, NvAttribute
from keystead_core.tpm.errors import UnlockNotOurs
from keystead_core.tpm.marshal import sized, u16, u32
from keystead_core.tpm.nv import PIN_COUNT_BYTES, NvPublic, PinCount, parse_nv_public

TRIES: Final = 10
"""How many wrong PINs close an index."""

NONCE_TPM_BYTES: Final = 16

UNLOCK_SECONDS: Final = 600
"""How long a statement is good, counted by the TPM from the start of its session."""

ATTRIBUTES: Final = (
    NvAttribute.PIN_FAIL
    | NvAttribute.POLICY_WRITE
    | NvAttribute.POLICY_READ
    # Without it an index of this type lends its authValue to nothing, PolicySecret included.
    | NvAttribute.AUTH_READ
    | NvAttribute.NO_DA
)

_READ: Final = policy.after_command_code(policy.NO_POLICY, CommandCode.NV_READ)


@dataclass(frozen=True, slots=True)
class Branches:
    """The ways through an index's policy, each ending in PolicyOR over all.

    Attributes:
        reset: how the count is reset when it has reached the limit.
        holder: how who has opened the container writes.
    """

    reset: bytes
    holder: bytes
    read: bytes = _READ

    @property
    def all(self) -> tuple[bytes, ...]:
        return (self.reset, self.holder, self.read)

    def index(self, handle: int) -> NvPublic:
        """The public area to define, not yet written."""
        return NvPublic(handle, ATTRIBUTES, policy.either(*self.all), PIN_COUNT_BYTES)


def local_branches(*, reset_object: bytes, lock: bytes) -> Branches:
    """Reset after proof of the authValue of the object named *reset_object*; *lock* names the holder's."""
    return Branches(_write_after_secret(reset_object), _write_after_secret(lock))


def provider_branches(*, unlock_key: bytes, person: bytes, lock: bytes) -> Branches:
    """Reset after a statement about *person*, signed by the key named *unlock_key*."""
    signed = policy.after_signed(policy.NO_POLICY, unlock_key, person)
    reset = policy.after_command_code(signed, CommandCode.NV_WRITE)
    return Branches(reset, _write_after_secret(lock))


def _write_after_secret(name: bytes) -> bytes:
    proven = policy.after_secret(policy.NO_POLICY, name)
    return policy.after_command_code(proven, CommandCode.NV_WRITE)


def unlocked() -> PinCount:
    return PinCount(0, TRIES)


def reset_digest(index: NvPublic) -> bytes:
    """cpHashA of the one command that resets *index*."""
    return write_digest(index, unlocked())


def write_digest(index: NvPublic, content: PinCount) -> bytes:
    """cpHashA of an NV_Write (part 1, 16.7): its code, its Names, its parameters."""
    parameters = sized(content.encoded()) + u16(0)
    return sha256(u32(CommandCode.NV_WRITE) + index.name + index.name + parameters).digest()


@dataclass(frozen=True, slots=True)
class UnlockRequest:
    """What a device sends to have its index reset.

    Attributes:
        index_public: TPMS_NV_PUBLIC.
        lock: the Name of the holder's object, part of the index's policy.
        nonce_tpm: of the session that waits for the statement.
    """

    index_public: bytes
    lock: bytes
    nonce_tpm: bytes


def unlock_statement(request: UnlockRequest, *, unlock_key: bytes, person: bytes) -> bytes:
    """Return the bytes that the identity provider signs so that the index may be reset once.

    Args:
        request: as the device sent it; believed only as far as checked here.
        unlock_key: the Name of the signer's own key, see `build.external_key`.
        person: the policyRef of the person who has just signed in.

    Raises:
        TpmStructureInvalid: its index is none.
        UnlockNotOurs: it is not this person's index under this key.
    """
    index = parse_nv_public(request.index_public)
    branches = provider_branches(unlock_key=unlock_key, person=person, lock=request.lock)
    if index.unwritten() != branches.index(index.index):
        raise UnlockNotOurs
    # The length is checked because the statement has no length in it: a longer nonce could hold the rest.
    if len(request.nonce_tpm) != NONCE_TPM_BYTES:
        raise UnlockNotOurs
    return request.nonce_tpm + u32(UNLOCK_SECONDS) + reset_digest(index) + person
