"""The relying-party id as authenticators see it: its hash."""

from functools import lru_cache
from hashlib import sha256


@lru_cache(maxsize=64)
def rp_id_hash(rp_id: str) -> bytes:
    """SHA-256 of the relying-party id; a server has few of them, so they are kept."""
    return sha256(rp_id.encode("utf-8")).digest()
