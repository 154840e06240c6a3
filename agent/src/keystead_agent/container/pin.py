"""What of a PIN goes further.

Everything after this module sees PinHash: CTAP's clientPIN sends nothing else,
so both ways of typing a PIN come to the same secret (CTAP 2.1 §6.5.5.6,
"LEFT(SHA-256(newPin), 16)").
"""

import unicodedata
from hashlib import sha256
from typing import Final

from keystead_agent.keystore.values import PinHash

_HASH_BYTES: Final = 16


def hash_pin(typed: str | PinHash) -> PinHash:
    """What is kept of a PIN that is only to be compared; no rule is applied.

    One that was typed elsewhere, into a CTAP client, arrives hashed.
    """
    if not isinstance(typed, str):
        return typed
    return PinHash(sha256(normal_pin(typed).encode()).digest()[:_HASH_BYTES])


def normal_pin(typed: str) -> str:
    # "é" is one code point on one keyboard and two on another; NFC makes them the same PIN.
    return unicodedata.normalize("NFC", typed)
