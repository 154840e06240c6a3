"""JSON Web Keys, Signatures and Tokens.

algorithms   what signs and verifies, in one table without `none`
jwk, jwks    keys and sets of keys, strictly
roca         moduli of the chips that gave their primes away
jws          compact signatures; the signer of our own tokens
jwt          claims: from whom, for whom, when
"""

from keystead_core.jose.algorithms import ALGORITHMS, PrivateKey, PublicKey, SymmetricKey
from keystead_core.jose.errors import (
    AlgorithmNotAllowed,
    ClaimsRefused,
    JoseError,
    JwsRefused,
    KeyNotFound,
    KeyRefused,
    SignatureInvalid,
)
from keystead_core.jose.jwk import (
    Jwk,
    PrivateJwk,
    PublicJwk,
    SymmetricJwk,
    parse_private_jwk,
    parse_public_jwk,
    parse_symmetric_jwk,
    public_members,
    thumbprint,
)
from keystead_core.jose.jwks import KeySet, parse_jwk_set, parse_public_jwk_set
from keystead_core.jose.jws import ReceivedJws, TokenSigner, VerifiedJws, parse, sign, verify, verify_received
from keystead_core.jose.jwt import Expected, check_claims, check_type, claims_of, verify_jwt

__all__ = [
    "ALGORITHMS",
    "AlgorithmNotAllowed",
    "ClaimsRefused",
    "Expected",
    "JoseError",
    "Jwk",
    "JwsRefused",
    "KeyNotFound",
    "KeyRefused",
    "KeySet",
    "PrivateJwk",
    "PrivateKey",
    "PublicJwk",
    "PublicKey",
    "ReceivedJws",
    "SignatureInvalid",
    "SymmetricJwk",
    "SymmetricKey",
    "TokenSigner",
    "VerifiedJws",
    "check_claims",
    "check_type",
    "claims_of",
    "parse",
    "parse_jwk_set",
    "parse_private_jwk",
    "parse_public_jwk",
    "parse_public_jwk_set",
    "parse_symmetric_jwk",
    "public_members",
    "sign",
    "thumbprint",
    "verify",
    "verify_jwt",
    "verify_received",
]
