"""Signs tokens."""

from collections.abc import Mapping
from typing import Protocol


class Signer(Protocol):
    def sign(self, alg: str, typ: str, claims: Mapping[str, object]) -> str:
        """A compact JWS over *claims* with the current key for *alg* (ES256 or RS256)."""
        ...

    def verify(self, token: str, *, typ: str) -> Mapping[str, object]:
        """Claims of a token of type *typ* that one of our keys, current or retired, signed. Times are not checked.

        Raises:
            keystead_core.jose.errors.JoseError: it is not one.
        """
        ...

    def jwks(self) -> Mapping[str, object]:
        """The public keys, as `jwks_uri` serves them."""
        ...
