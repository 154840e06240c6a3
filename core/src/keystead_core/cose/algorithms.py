"""The signature algorithms we accept, in one table.

Each says which keys it goes with and how a signature is checked. A number from
the IANA "COSE Algorithms" registry that is not here is not accepted anywhere.
RS1 stands apart: it is accepted from a TPM's attestation key and from nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from keystead_core.cose.errors import KeyRefused, SignatureInvalid, UnsupportedAlgorithm

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
Verify: TypeAlias = Callable[[bytes, bytes], None]

ES256: Final = -7
EDDSA: Final = -8
ED25519: Final = -19
ES384: Final = -35
ES512: Final = -36
PS256: Final = -37
ED448: Final = -53
RS256: Final = -257
RS1: Final = -65535

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192


@dataclass(frozen=True, slots=True)
class EcdsaAlgorithm:
    """ECDSA with one hash on one curve.

    WebAuthn §5.8.5: "Keys with algorithm ES256 (-7) MUST specify P-256 (1) as the crv parameter",
    and so on; COSE alone would let any curve go with any hash.
    """

    hash: hashes.HashAlgorithm
    curve: type[ec.EllipticCurve]
    cose_curve: int
    coordinate_bytes: int

    def verifier(self, key: PublicKey) -> Verify:
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, self.curve):
            raise KeyRefused(f"the algorithm needs a key on {self.curve.name}")
        check, scheme = key.verify, ec.ECDSA(self.hash)
        return lambda signature, data: check(signature, data, scheme)


@dataclass(frozen=True, slots=True)
class EddsaAlgorithm:
    """EdDSA on one curve."""

    hash: hashes.HashAlgorithm
    key_class: type[ed25519.Ed25519PublicKey] | type[ed448.Ed448PublicKey]
    cose_curve: int
    key_bytes: int

    def verifier(self, key: PublicKey) -> Verify:
        if not isinstance(key, self.key_class):
            raise KeyRefused(f"the algorithm needs an {self.key_class.__name__}")
        return key.verify


@dataclass(frozen=True, slots=True)
class RsaAlgorithm:
    """RSASSA-PKCS1-v1_5, or with *pss* RSASSA-PSS, with one hash."""

    hash: hashes.HashAlgorithm
    pss: bool = False

    def verifier(self, key: PublicKey) -> Verify:
        if not isinstance(key, rsa.RSAPublicKey):
            raise KeyRefused("the algorithm needs an RSA key")
        refuse_weak_rsa(key)
        check, digest = key.verify, self.hash
        scheme: padding.PSS | padding.PKCS1v15 = padding.PKCS1v15()
        if self.pss:
            # RFC 8230 §2: "The length of the salt is the length of the hash function output."
            scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return lambda signature, data: check(signature, data, scheme, digest)


Algorithm: TypeAlias = EcdsaAlgorithm | EddsaAlgorithm | RsaAlgorithm

_ED25519_ALGORITHM = EddsaAlgorithm(hashes.SHA512(), ed25519.Ed25519PublicKey, 6, 32)

ALGORITHMS: Final[dict[int, Algorithm]] = {
    ES256: EcdsaAlgorithm(hashes.SHA256(), ec.SECP256R1, 1, 32),
    EDDSA: _ED25519_ALGORITHM,
    RS256: RsaAlgorithm(hashes.SHA256()),
    ES384: EcdsaAlgorithm(hashes.SHA384(), ec.SECP384R1, 2, 48),
    ES512: EcdsaAlgorithm(hashes.SHA512(), ec.SECP521R1, 3, 66),
    PS256: RsaAlgorithm(hashes.SHA256(), pss=True),
    ED25519: _ED25519_ALGORITHM,
    ED448: EddsaAlgorithm(hashes.SHAKE256(114), ed448.Ed448PublicKey, 7, 57),
}
"""What a credential may use, in the order in which a relying party offers it."""

TPM_AIK_ALGORITHMS: Final[dict[int, Algorithm]] = {
    **ALGORITHMS,
    # Windows' older TPM attestation keys sign with SHA-1 and nothing else. What a forger would need
    # is a second preimage of a structure the TPM makes, so the loss is bounded; policy is told.
    RS1: RsaAlgorithm(hashes.SHA1()),  # noqa: S303
}
"""What the attestation key of a `tpm` statement may use. Never offered to credentials."""

DEFAULT_OFFERED_ALGORITHMS: Final = tuple(ALGORITHMS)


def algorithm_named(number: int) -> Algorithm:
    """Return a credential algorithm, or raise UnsupportedAlgorithm."""
    algorithm = ALGORITHMS.get(number)
    if algorithm is None:
        raise UnsupportedAlgorithm(number)
    return algorithm


def refuse_weak_rsa(key: rsa.RSAPublicKey) -> None:
    # Exponents of 1 and even ones, with which anybody signs or nobody does, do not load as keys at all.
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise KeyRefused(f"an RSA key of {key.key_size} bits")


def verify_with(verify: Verify, signature: bytes, data: bytes) -> None:
    """Run *verify*; raise our own SignatureInvalid instead of the primitive's."""
    try:
        verify(signature, data)
    except InvalidSignature:
        raise SignatureInvalid("the signature does not fit the key and the data") from None
    except ValueError as error:
        raise SignatureInvalid(f"not a signature: {error}") from None
