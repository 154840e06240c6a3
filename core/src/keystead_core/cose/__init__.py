"""COSE keys and the signatures they check.

algorithms     the accepted ones, in one table
keys           bytes -> a checked, loaded, cacheable key
certificates   the same algorithms with a certificate's key
"""

from keystead_core.cose.algorithms import (
    ALGORITHMS,
    DEFAULT_OFFERED_ALGORITHMS,
    ED448,
    ED25519,
    EDDSA,
    ES256,
    ES384,
    ES512,
    PS256,
    RS1,
    RS256,
    TPM_AIK_ALGORITHMS,
    PublicKey,
)
from keystead_core.cose.certificates import certificate_key, same_public_key, verify_with_certificate
from keystead_core.cose.errors import CoseError, KeyRefused, SignatureInvalid, UnsupportedAlgorithm
from keystead_core.cose.keys import CosePublicKey, encode_cose_key, parse_cose_key

__all__ = [
    "ALGORITHMS",
    "DEFAULT_OFFERED_ALGORITHMS",
    "ED448",
    "ED25519",
    "EDDSA",
    "ES256",
    "ES384",
    "ES512",
    "PS256",
    "RS1",
    "RS256",
    "TPM_AIK_ALGORITHMS",
    "CoseError",
    "CosePublicKey",
    "KeyRefused",
    "PublicKey",
    "SignatureInvalid",
    "UnsupportedAlgorithm",
    "certificate_key",
    "encode_cose_key",
    "parse_cose_key",
    "same_public_key",
    "verify_with_certificate",
]
