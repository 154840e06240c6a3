"""The signature algorithms of RFC 7518 §3 and RFC 8037, as one table.

An Algorithm is a name, the one kind of key it fits, and how to sign and
verify. There is no entry for `none`, so nothing can look it up.

`Ed25519` is the fully specified name of RFC 9864 for what RFC 8037 calls
`EdDSA`; on an Ed25519 key they mean the same, but a key labelled with one is
not used for the other.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from keystead_core.jose.errors import KeyNotForAlgorithm, SignatureInvalid, WeakKey


@dataclass(frozen=True, slots=True)
class SymmetricKey:
    """A shared secret. Its own type, so that no public key's bytes can stand in for one."""

    secret: bytes

    def __repr__(self) -> str:
        return f"SymmetricKey({8 * len(self.secret)} bits)"


PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | Ed25519PublicKey
PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | Ed25519PrivateKey
VerifyingKey: TypeAlias = PublicKey | SymmetricKey
SigningKey: TypeAlias = PrivateKey | SymmetricKey


class Algorithm(Protocol):
    @property
    def name(self) -> str: ...

    def sign(self, key: SigningKey, message: bytes) -> bytes:
        """Raises KeyNotForAlgorithm when *key* is of another kind."""
        ...

    def verify(self, key: VerifyingKey, signature: bytes, message: bytes) -> None:
        """Raises KeyNotForAlgorithm, or SignatureInvalid."""
        ...


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """§3.4: r and s as two big-endian numbers of the curve's size, one after the other."""

    name: str
    curve: type[ec.EllipticCurve]
    scheme: ec.ECDSA
    number_bytes: int

    def sign(self, key: SigningKey, message: bytes) -> bytes:
        if not (isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, self.curve)):
            raise KeyNotForAlgorithm(f"{self.name} needs a private key on its own curve")
        r, s = decode_dss_signature(key.sign(message, self.scheme))
        return r.to_bytes(self.number_bytes, "big") + s.to_bytes(self.number_bytes, "big")

    def verify(self, key: VerifyingKey, signature: bytes, message: bytes) -> None:
        if not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, self.curve)):
            raise KeyNotForAlgorithm(f"{self.name} needs a public key on its own curve")
        # A longer encoding of the same two numbers would be a second signature for one message.
        if len(signature) != 2 * self.number_bytes:
            raise SignatureInvalid(f"{len(signature)} bytes, {self.name} has {2 * self.number_bytes}")
        r = int.from_bytes(signature[: self.number_bytes], "big")
        s = int.from_bytes(signature[self.number_bytes :], "big")
        try:
            key.verify(encode_dss_signature(r, s), message, self.scheme)
        except InvalidSignature:
            raise SignatureInvalid("not made by this key") from None


@dataclass(frozen=True, slots=True)
class EdDsa:
    name: str

    def sign(self, key: SigningKey, message: bytes) -> bytes:
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyNotForAlgorithm(f"{self.name} needs an Ed25519 private key")
        return key.sign(message)

    def verify(self, key: VerifyingKey, signature: bytes, message: bytes) -> None:
        if not isinstance(key, Ed25519PublicKey):
            raise KeyNotForAlgorithm(f"{self.name} needs an Ed25519 public key")
        try:
            key.verify(signature, message)
        except InvalidSignature:
            raise SignatureInvalid("not made by this key") from None


@dataclass(frozen=True, slots=True)
class Rsa:
    """§3.3 (PKCS #1 v1.5) and §3.5 (PSS, "the size of the salt value is the same size as the hash")."""

    name: str
    digest: hashes.HashAlgorithm
    padding: padding.AsymmetricPadding

    def sign(self, key: SigningKey, message: bytes) -> bytes:
        if not isinstance(key, rsa.RSAPrivateKey):
            raise KeyNotForAlgorithm(f"{self.name} needs an RSA private key")
        return key.sign(message, self.padding, self.digest)

    def verify(self, key: VerifyingKey, signature: bytes, message: bytes) -> None:
        if not isinstance(key, rsa.RSAPublicKey):
            raise KeyNotForAlgorithm(f"{self.name} needs an RSA public key")
        try:
            key.verify(signature, message, self.padding, self.digest)
        except InvalidSignature:
            raise SignatureInvalid("not made by this key") from None


@dataclass(frozen=True, slots=True)
class Hmac:
    name: str
    digest: str
    minimum_key_bytes: int

    def sign(self, key: SigningKey, message: bytes) -> bytes:
        return self._mac(key, message)

    def verify(self, key: VerifyingKey, signature: bytes, message: bytes) -> None:
        if not hmac.compare_digest(self._mac(key, message), signature):
            raise SignatureInvalid("not made with this secret")

    def _mac(self, key: object, message: bytes) -> bytes:
        # Algorithm confusion: a public key's bytes, known to everybody, used as the secret.
        if not isinstance(key, SymmetricKey):
            raise KeyNotForAlgorithm(f"{self.name} needs a shared secret")
        # §3.2: "A key of the same size as the hash output ... or larger MUST be used".
        if len(key.secret) < self.minimum_key_bytes:
            raise WeakKey(f"{self.name} needs {self.minimum_key_bytes} bytes or more, not {len(key.secret)}")
        return hmac.digest(key.secret, message, self.digest)


def _pss(digest: hashes.HashAlgorithm) -> padding.PSS:
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)


_SHA256, _SHA384, _SHA512 = hashes.SHA256(), hashes.SHA384(), hashes.SHA512()
_PKCS1 = padding.PKCS1v15()

ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        algorithm.name: algorithm
        for algorithm in (
            Ecdsa("ES256", ec.SECP256R1, ec.ECDSA(_SHA256), 32),
            Ecdsa("ES384", ec.SECP384R1, ec.ECDSA(_SHA384), 48),
            Ecdsa("ES512", ec.SECP521R1, ec.ECDSA(_SHA512), 66),
            EdDsa("EdDSA"),
            EdDsa("Ed25519"),
            Rsa("RS256", _SHA256, _PKCS1),
            Rsa("RS384", _SHA384, _PKCS1),
            Rsa("RS512", _SHA512, _PKCS1),
            Rsa("PS256", _SHA256, _pss(_SHA256)),
            Rsa("PS384", _SHA384, _pss(_SHA384)),
            Rsa("PS512", _SHA512, _pss(_SHA512)),
            Hmac("HS256", "sha256", 32),
            Hmac("HS384", "sha384", 48),
            Hmac("HS512", "sha512", 64),
        )
    }
)
