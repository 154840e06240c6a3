"""What a PIN may be, and what of it goes further.

Everything after this module sees PinHash: CTAP's clientPIN sends nothing else,
so both ways of typing a PIN come to the same secret (CTAP 2.1 §6.5.5.6,
"LEFT(SHA-256(newPin), 16)").
"""

import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final

from keystead_agent.container.errors import PinUnfit
from keystead_agent.keystore.interface import PinHash

SHORTEST: Final = 4  # CTAP 2.1: "minimum PIN length … 4 code points"
LONGEST: Final = 127
DEFAULT_MINIMUM: Final = 6
_HASH_BYTES: Final = 16
_MAX_BYTES: Final = 4 * LONGEST


@dataclass(frozen=True, slots=True)
class PinRules:
    minimum: int = DEFAULT_MINIMUM

    def __post_init__(self) -> None:
        if not SHORTEST <= self.minimum <= LONGEST:
            raise ValueError(f"a PIN's minimum length must be {SHORTEST} to {LONGEST}, not {self.minimum}")

    def admit(self, typed: str) -> PinHash:
        """Return what is kept of a new PIN.

        Raises:
            PinUnfit: with the reason, to be shown to the person.
        """
        pin = _normal(typed)
        if len(pin) < self.minimum:
            raise PinUnfit(f"That PIN is too short: at least {self.minimum} characters are needed.")
        if len(pin) > LONGEST or len(pin.encode()) > _MAX_BYTES:
            raise PinUnfit(f"That PIN is too long: at most {LONGEST} characters are possible.")
        if len(set(pin)) == 1:
            raise PinUnfit("That PIN is one character repeated, the first thing anybody tries.")
        if _is_straight(pin):
            raise PinUnfit("That PIN is a straight sequence, the first thing anybody tries.")
        return hash_pin(typed)


def hash_pin(typed: str | PinHash) -> PinHash:
    """What is kept of a PIN that is only to be compared; no rule is applied.

    One that was typed elsewhere, into a CTAP client, arrives hashed.
    """
    if not isinstance(typed, str):
        return typed
    return PinHash(sha256(_normal(typed).encode()).digest()[:_HASH_BYTES])


def _normal(typed: str) -> str:
    # "é" is one code point on one keyboard and two on another; NFC makes them the same PIN.
    return unicodedata.normalize("NFC", typed)


def _is_straight(pin: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(pin)}
    return steps in ({1}, {-1}) or pin in _WRAPPED


# The number row from 1 to 0, both ways and from anywhere, is straight for a finger if not for a code table.
_ROW: Final = "12345678901234567890"
_WRAPPED: Final = frozenset(
    row[start : start + length]
    for row in (_ROW, _ROW[::-1])
    for length in range(SHORTEST, 11)
    for start in range(len(row) - length + 1)
)
