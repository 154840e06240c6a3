"""Policy digests: what a policy session's digest becomes after each assertion (TCG library, part 3).

A key that is made with such a digest can be used only by a session in which
the same assertions have been satisfied, in the same order.
"""

from hashlib import sha256
from typing import Final

from keystead_core.tpm.codes import CommandCode
from keystead_core.tpm.marshal import u32

NO_POLICY: Final = bytes(32)


def after_secret(digest: bytes, entity_name: bytes, policy_ref: bytes = b"") -> bytes:
    """PolicySecret: somebody proved to know the authValue of the entity with this Name."""
    extended = sha256(digest + u32(CommandCode.POLICY_SECRET) + entity_name).digest()
    return sha256(extended + policy_ref).digest()


def after_signed(digest: bytes, key_name: bytes, policy_ref: bytes = b"") -> bytes:
    """PolicySigned: the holder of the key with this Name signed for this session."""
    extended = sha256(digest + u32(CommandCode.POLICY_SIGNED) + key_name).digest()
    return sha256(extended + policy_ref).digest()


def after_command_code(digest: bytes, command: CommandCode) -> bytes:
    """PolicyCommandCode: only for this command."""
    return sha256(digest + u32(CommandCode.POLICY_COMMAND_CODE) + u32(command)).digest()


def after_auth_value(digest: bytes) -> bytes:
    """PolicyAuthValue: with the object's own authValue."""
    return sha256(digest + u32(CommandCode.POLICY_AUTH_VALUE)).digest()


def either(*branches: bytes) -> bytes:
    """PolicyOR over the digests of two to eight branches. What went before is forgotten."""
    if not 2 <= len(branches) <= 8:
        raise ValueError("PolicyOR takes two to eight branches")
    return sha256(NO_POLICY + u32(CommandCode.POLICY_OR) + b"".join(branches)).digest()
