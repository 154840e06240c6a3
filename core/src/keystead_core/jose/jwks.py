"""JWK Sets (RFC 7517 §5): find the one key a token names.

A key of the set that we cannot use is passed over, as §5 asks ("Implementations
SHOULD ignore JWKs ... that use "kty" values that are not understood ..., that
are missing required members, or for which values are out of the supported
ranges"); a token that names just that key is told why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from keystead_core.jose.algorithms import PublicKey
from keystead_core.jose.errors import AmbiguousKeySet, KeyNotFound, KeyRefused, MalformedKey, PrivateKeyExposed
from keystead_core.jose.jwk import Jwk, parse_public_jwk

MAX_KEYS = 100

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class KeySet(Generic[Key]):
    """Keys by name; None names the key that has no `kid`."""

    usable: Mapping[str | None, Jwk[Key]]
    refused: Mapping[str | None, KeyRefused]

    def find(self, kid: str | None) -> Jwk[Key]:
        """Raises KeyRefused: the named key's own refusal, or KeyNotFound."""
        if kid in self.usable:
            return self.usable[kid]
        if kid in self.refused:
            raise self.refused[kid]
        # A token without a name is only clear where there is only one key to try.
        if kid is None and len(self.usable) == 1 and not self.refused:
            return next(iter(self.usable.values()))
        raise KeyNotFound(f"no key is named {kid!r}")


def parse_public_jwk_set(document: Mapping[str, object]) -> KeySet[PublicKey]:
    return parse_jwk_set(document, parse_public_jwk)


def parse_jwk_set(document: Mapping[str, object], parse: Callable[[Mapping[str, object]], Jwk[Key]]) -> KeySet[Key]:
    """Raises MalformedKey, AmbiguousKeySet, and PrivateKeyExposed for the whole set."""
    entries = document.get("keys")
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise MalformedKey(f"'keys' must be a list of at most {MAX_KEYS} keys")
    usable: dict[str | None, Jwk[Key]] = {}
    refused: dict[str | None, KeyRefused] = {}
    for members in entries:
        kid = _name_of(members)
        if kid in usable or kid in refused:
            raise AmbiguousKeySet(f"two keys are named {kid!r}")
        try:
            usable[kid] = parse(members)
        except PrivateKeyExposed:
            # Whoever published this published a secret: believe nothing beside it either.
            raise
        except KeyRefused as why:
            refused[kid] = why
    return KeySet(usable, refused)


def _name_of(members: object) -> str | None:
    if not isinstance(members, dict):
        raise MalformedKey("a key must be an object")
    kid = members.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise MalformedKey("'kid' must be a string")
    return kid
