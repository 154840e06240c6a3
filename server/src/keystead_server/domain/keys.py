"""A key that signs tokens, as it rests: sealed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A token-signing key.

    Attributes:
        kid: RFC 7638 thumbprint of the public key.
        sealed: the private key (PKCS#8 DER) sealed under the server's master key.
        public_jwk: JSON of the public JWK, as published.
    """

    kid: str
    alg: str
    sealed: bytes
    public_jwk: str
    created_at: datetime
    retired_at: datetime | None = None
