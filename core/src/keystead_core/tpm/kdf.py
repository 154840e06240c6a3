"""The TPM's two key derivation functions, with SHA-256 (TCG library, part 1, 11.4.10)."""

import hmac
from hashlib import sha256

from keystead_core.tpm.marshal import u32

_BLOCK_BITS = 256


def kdf_a(key: bytes, label: bytes, context_u: bytes, context_v: bytes, *, bits: int = _BLOCK_BITS) -> bytes:
    """KDFa: one block of SP 800-108 in counter mode with HMAC."""
    _one_block(bits)
    block = hmac.digest(key, u32(1) + label + b"\0" + context_u + context_v + u32(bits), "sha256")
    return block[: bits // 8]


def kdf_e(shared: bytes, label: bytes, party_u: bytes, party_v: bytes) -> bytes:
    """KDFe: one block of SP 800-56A, 256 bits."""
    return sha256(u32(1) + shared + label + b"\0" + party_u + party_v).digest()


def _one_block(bits: int) -> None:
    if bits % 8 or not 0 < bits <= _BLOCK_BITS:
        raise ValueError(f"one block gives whole bytes up to {_BLOCK_BITS} bits, not {bits}")
