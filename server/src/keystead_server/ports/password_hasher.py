"""Making and checking what is kept of a password: slow on purpose, so it is waited for."""

from typing import Protocol


class PasswordHasher(Protocol):
    """A memory-hard hash. What is kept names its own parameters."""

    async def hashed(self, secret: bytes) -> str:
        """What to keep, under the parameters of today and a new salt."""
        ...

    async def matches(self, secret: bytes, kept: str | None) -> bool:
        """Whether *kept* was made of *secret*.

        None is kept where nobody, or nobody with a password, was found: it matches nothing, and
        finding that out takes as long.
        """
        ...

    def is_of_today(self, kept: str) -> bool:
        """Whether *kept* has today's parameters; if not, it is made anew when its password is next typed."""
        ...
