"""JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037) to and from key objects.

    parse_public_jwk      a key to verify with; anything private in it is a refusal
    parse_private_jwk     a key to sign with; must agree with its own public half
    parse_symmetric_jwk   a shared secret, only for who asks for one by name
    public_members        a public key as the members of a JWK, for our key document
    thumbprint            RFC 7638

What comes out carries the key's own `alg` and `kid`; `use` and `key_ops` have
been obeyed. Members we do not know are ignored, `jku` and `x5u` with them:
nothing here leads to a key that the caller did not hand over.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from keystead_core.jose.algorithms import PrivateKey, PublicKey, SymmetricKey
from keystead_core.jose.errors import (
    KeyNotForSignatures,
    KeyTypeNotSupported,
    MalformedKey,
    PrivateKeyExposed,
    WeakKey,
)
from keystead_core.jose.roca import is_roca_modulus
from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_core.wire.errors import BadBase64Url

MINIMUM_RSA_BITS = 2048
MAXIMUM_RSA_BITS = 8192
"""One check costs with the square of the size, and the size is the sender's choice."""
MAXIMUM_RSA_EXPONENT_BITS = 64

Key = TypeVar("Key", covariant=True)


@dataclass(frozen=True, slots=True)
class Jwk(Generic[Key]):
    """A key and what it says about itself.

    Attributes:
        alg: the one algorithm this key is for; None when it does not say.
    """

    key: Key
    kid: str | None = None
    alg: str | None = None


PublicJwk: TypeAlias = Jwk[PublicKey]
PrivateJwk: TypeAlias = Jwk[PrivateKey]
SymmetricJwk: TypeAlias = Jwk[SymmetricKey]

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def parse_public_jwk(members: Mapping[str, object]) -> PublicJwk:
    """Raises KeyRefused."""
    _refuse_other_purposes(members, operation="verify")
    exposed = sorted(_PRIVATE_MEMBERS & members.keys())
    if exposed:
        raise PrivateKeyExposed(f"private members in a public key: {', '.join(exposed)}")
    return _labelled(_public_key(members), members)


def parse_private_jwk(members: Mapping[str, object]) -> PrivateJwk:
    """Raises KeyRefused."""
    _refuse_other_purposes(members, operation="sign")
    public = _public_key(members)
    try:
        private = _private_key(members, public)
    except ValueError as why:
        raise MalformedKey(f"not a private key: {why}") from None
    # A private key beside somebody else's public half would publish one and sign with the other.
    if private.public_key() != public:
        raise MalformedKey("the private and the public half are not a pair")
    return _labelled(private, members)


def parse_symmetric_jwk(members: Mapping[str, object]) -> SymmetricJwk:
    """Raises KeyRefused. The length is judged where the algorithm is known."""
    _refuse_other_purposes(members, operation="verify")
    if _text(members, "kty") != "oct":
        raise KeyTypeNotSupported(f"{_text(members, 'kty')!r} where a shared secret is needed")
    return _labelled(SymmetricKey(_bytes(members, "k")), members)


Parsed = TypeVar("Parsed")


def _labelled(key: Parsed, members: Mapping[str, object]) -> Jwk[Parsed]:
    kid = _text(members, "kid") if "kid" in members else None
    alg = _text(members, "alg") if "alg" in members else None
    return Jwk(key, kid, alg)


def _refuse_other_purposes(members: Mapping[str, object], *, operation: str) -> None:
    if "use" in members and members["use"] != "sig":
        raise KeyNotForSignatures(f"the key's use is {members['use']!r}")
    if "key_ops" in members:
        operations = members["key_ops"]
        if not isinstance(operations, list) or operation not in operations:
            raise KeyNotForSignatures(f"the key's operations are {operations!r}, without {operation!r}")


# --- members ---------------------------------------------------------------


def _text(members: Mapping[str, object], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise MalformedKey(f"{name!r} must be a string")
    return value


def _bytes(members: Mapping[str, object], name: str) -> bytes:
    try:
        return b64url_decode(_text(members, name))
    except BadBase64Url:
        raise MalformedKey(f"{name!r} is not base64url") from None


def _coordinate(members: Mapping[str, object], name: str, length_bytes: int) -> bytes:
    # §6.2.1.2: "The length of this octet string MUST be the full size of a coordinate".
    value = _bytes(members, name)
    if len(value) != length_bytes:
        raise MalformedKey(f"{name!r} has {len(value)} bytes, this curve has {length_bytes}")
    return value


def _number(members: Mapping[str, object], name: str) -> int:
    # §2, Base64urlUInt: "the minimum number of octets necessary".
    value = _bytes(members, name)
    if not value or value[0] == 0:
        raise MalformedKey(f"{name!r} is not a positive number in its shortest form")
    return int.from_bytes(value, "big")


# --- public keys -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Curve:
    curve: ec.EllipticCurve
    coordinate_bytes: int


_EC_CURVES = {
    "P-256": _Curve(ec.SECP256R1(), 32),
    "P-384": _Curve(ec.SECP384R1(), 48),
    "P-521": _Curve(ec.SECP521R1(), 66),
}
_JWK_NAME_OF_CURVE = {named.curve.name: name for name, named in _EC_CURVES.items()}
_ED25519_BYTES = 32


def _public_key(members: Mapping[str, object]) -> PublicKey:
    kinds: dict[str, Callable[[Mapping[str, object]], PublicKey]] = {
        "EC": _ec_public_key,
        "OKP": _okp_public_key,
        "RSA": _rsa_public_key,
    }
    kty = _text(members, "kty")
    if kty not in kinds:
        raise KeyTypeNotSupported(f"no public key of type {kty!r}")
    return kinds[kty](members)


def _ec_curve(members: Mapping[str, object]) -> _Curve:
    name = _text(members, "crv")
    if name not in _EC_CURVES:
        raise KeyTypeNotSupported(f"no curve {name!r}")
    return _EC_CURVES[name]


def _ec_public_key(members: Mapping[str, object]) -> ec.EllipticCurvePublicKey:
    named = _ec_curve(members)
    x = _coordinate(members, "x", named.coordinate_bytes)
    y = _coordinate(members, "y", named.coordinate_bytes)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(named.curve, b"\x04" + x + y)
    except ValueError:
        raise MalformedKey("the point is not on the curve") from None


def _okp_public_key(members: Mapping[str, object]) -> Ed25519PublicKey:
    if _text(members, "crv") != "Ed25519":
        raise KeyTypeNotSupported(f"no signatures on {_text(members, 'crv')!r}")
    return Ed25519PublicKey.from_public_bytes(_coordinate(members, "x", _ED25519_BYTES))


def _rsa_public_key(members: Mapping[str, object]) -> rsa.RSAPublicKey:
    modulus, exponent = _number(members, "n"), _number(members, "e")
    # §3.3: "A key of size 2048 bits or larger MUST be used".
    if not MINIMUM_RSA_BITS <= modulus.bit_length() <= MAXIMUM_RSA_BITS:
        raise WeakKey(f"an RSA key of {modulus.bit_length()} bits")
    # With the exponent 1 a message is its own signature.
    if exponent < 3 or exponent.bit_length() > MAXIMUM_RSA_EXPONENT_BITS:
        raise WeakKey(f"an RSA key with a public exponent of {exponent.bit_length()} bits")
    if is_roca_modulus(modulus):
        raise WeakKey("an RSA key made by a chip of CVE-2017-15361")
    try:
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError as why:
        raise MalformedKey(f"not an RSA key: {why}") from None


# --- private keys ----------------------------------------------------------


def _private_key(members: Mapping[str, object], public: PublicKey) -> PrivateKey:
    match public:
        case ec.EllipticCurvePublicKey():
            named = _ec_curve(members)
            secret = _coordinate(members, "d", named.coordinate_bytes)
            return ec.derive_private_key(int.from_bytes(secret, "big"), named.curve)
        case Ed25519PublicKey():
            return Ed25519PrivateKey.from_private_bytes(_coordinate(members, "d", _ED25519_BYTES))
        case _:
            return _rsa_private_key(members, public)


def _rsa_private_key(members: Mapping[str, object], public: rsa.RSAPublicKey) -> rsa.RSAPrivateKey:
    if "oth" in members:
        raise KeyTypeNotSupported("an RSA key of more than two primes")
    return rsa.RSAPrivateNumbers(
        p=_number(members, "p"),
        q=_number(members, "q"),
        d=_number(members, "d"),
        dmp1=_number(members, "dp"),
        dmq1=_number(members, "dq"),
        iqmp=_number(members, "qi"),
        public_numbers=public.public_numbers(),
    ).private_key()


# --- writing ---------------------------------------------------------------


def public_members(key: PublicKey, *, kid: str, alg: str) -> dict[str, str]:
    """The JWK to publish: the key, its name, and the one algorithm it is for."""
    return {**_required_members(key), "kid": kid, "alg": alg, "use": "sig"}


def thumbprint(key: PublicKey) -> str:
    """RFC 7638 with SHA-256, base64url: one name for one key, whoever computes it."""
    # §3.3: required members only, "ordered lexicographically", "no whitespace or line breaks".
    canonical = json.dumps(_required_members(key), sort_keys=True, separators=(",", ":"))
    return b64url_encode(hashlib.sha256(canonical.encode("ascii")).digest())


def _required_members(key: PublicKey) -> dict[str, str]:
    match key:
        case ec.EllipticCurvePublicKey():
            name = _JWK_NAME_OF_CURVE[key.curve.name]
            point = key.public_numbers()
            length = _EC_CURVES[name].coordinate_bytes
            x, y = point.x.to_bytes(length, "big"), point.y.to_bytes(length, "big")
            return {"kty": "EC", "crv": name, "x": b64url_encode(x), "y": b64url_encode(y)}
        case Ed25519PublicKey():
            raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            return {"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(raw)}
        case _:
            numbers = key.public_numbers()
            return {"kty": "RSA", "n": _shortest(numbers.n), "e": _shortest(numbers.e)}


def _shortest(number: int) -> str:
    return b64url_encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))
