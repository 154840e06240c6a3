"""Argon2id (RFC 9106) in a few threads, so that signing in with a password holds nobody else up."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from keystead_server.ports.clock import Entropy

_SALT_BYTES, _HASH_BYTES = 16, 32


@dataclass(frozen=True, slots=True)
class Argon2Parameters:
    """What one check costs: memory in KiB, passes over it, lanes."""

    memory_kib: int
    iterations: int
    lanes: int = 1

    @property
    def prefix(self) -> str:
        return f"$argon2id$v=19$m={self.memory_kib},t={self.iterations},p={self.lanes}$"


# Twice what OWASP's cheat sheet asks for at this memory (m=47104, t=1), a tenth of a second here. The
# hash is over a keyed digest besides, so that a copied database alone leaves nothing to guess at.
OF_TODAY = Argon2Parameters(memory_kib=47104, iterations=2)


class Argon2Hasher:
    """The PasswordHasher port.

    Args:
        at_once: how many are under way together; each takes its memory and one processor.
    """

    def __init__(self, entropy: Entropy, parameters: Argon2Parameters = OF_TODAY, *, at_once: int = 2) -> None:
        self._entropy = entropy
        self._parameters = parameters
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")

    async def hashed(self, secret: bytes) -> str:
        salt = self._entropy.token(_SALT_BYTES)
        return await self._elsewhere(_hashed, self._parameters, salt, secret)

    async def matches(self, secret: bytes, kept: str | None) -> bool:
        if kept is None:
            await self._elsewhere(_matches, secret, _nobodys(self._parameters))
            return False
        return bool(await self._elsewhere(_matches, secret, kept))

    def is_of_today(self, kept: str) -> bool:
        return kept.startswith(self._parameters.prefix)

    async def _elsewhere(self, work: object, *arguments: object) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)  # type: ignore[arg-type]


def _hashed(parameters: Argon2Parameters, salt: bytes, secret: bytes) -> str:
    kdf = Argon2id(
        salt=salt,
        length=_HASH_BYTES,
        iterations=parameters.iterations,
        lanes=parameters.lanes,
        memory_cost=parameters.memory_kib,
    )
    return kdf.derive_phc_encoded(secret)


def _matches(secret: bytes, kept: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(secret, kept)
    except InvalidKey:
        return False
    return True


@lru_cache(maxsize=8)
def _nobodys(parameters: Argon2Parameters) -> str:
    """A hash that no secret of ours makes: what is checked where there is nothing to check."""
    return _hashed(parameters, bytes(_SALT_BYTES), b"nobody's")
