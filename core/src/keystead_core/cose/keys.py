"""COSE keys (RFC 9052 §7) as authenticators make them: parse once, verify often.

    parse_cose_key   bytes -> CosePublicKey; everything that can be wrong with a key is found here
    CosePublicKey    frozen, comparable by its bytes, safe to cache

WebAuthn §6.5.1 allows the exact members of its key type and nothing else: 'MUST
contain the "alg" parameter and MUST NOT contain any other OPTIONAL parameters'.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm as PrimitiveMissing
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keystead_core.cose.algorithms import (
    EcdsaAlgorithm,
    EddsaAlgorithm,
    PublicKey,
    RsaAlgorithm,
    Verify,
    algorithm_named,
    verify_with,
)
from keystead_core.cose.errors import KeyRefused, UnsupportedAlgorithm
from keystead_core.wire import BadCbor, CborValue, decode_cbor, encode_cbor

MAX_COSE_KEY_BYTES = 4096

_KTY, _ALG = 1, 3
_CRV, _X, _Y = -1, -2, -3
_N, _E = -1, -2
_OKP, _EC2, _RSA = 1, 2, 3

_Members = Mapping[int | str | bytes, CborValue]


@dataclass(frozen=True, slots=True)
class CosePublicKey:
    """A credential's public key, checked and loaded.

    Attributes:
        raw: the bytes it came in; two keys are equal when these are.
        algorithm: the one COSE algorithm it verifies.
        key: the loaded key.
    """

    raw: bytes
    algorithm: int = field(compare=False)
    key: PublicKey = field(compare=False, repr=False)
    _verify: Verify = field(compare=False, repr=False)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Return if the key made *signature* over *data*; raise SignatureInvalid if not."""
        verify_with(self._verify, signature, data)

    def subject_public_key_info(self) -> bytes:
        """Return the key in DER, as certificates carry it."""
        return self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def parse_cose_key(data: bytes) -> CosePublicKey:
    """Load a COSE key.

    Raises:
        UnsupportedAlgorithm: its algorithm is none of ours.
        KeyRefused: it is not a key, contradicts itself, or is too weak.
    """
    try:
        members = decode_cbor(data, canonical=True, max_bytes=MAX_COSE_KEY_BYTES)
    except BadCbor as error:
        raise KeyRefused(f"not a COSE key: {error}") from None
    if not isinstance(members, Mapping):
        raise KeyRefused("not a COSE key: not a map")
    number = members.get(_ALG)
    if type(number) is not int:
        raise KeyRefused("no algorithm")
    algorithm = algorithm_named(number)
    key: PublicKey
    try:
        match algorithm:
            case EcdsaAlgorithm():
                key = _load_ec2(members, algorithm)
            case EddsaAlgorithm():
                key = _load_okp(members, algorithm)
            case RsaAlgorithm():
                key = _load_rsa(members)
    except (ValueError, PrimitiveMissing) as error:
        raise KeyRefused(f"the key does not load: {error}") from None
    return CosePublicKey(data, number, key, algorithm.verifier(key))


def _load_ec2(members: _Members, algorithm: EcdsaAlgorithm) -> PublicKey:
    _expect(members, kty=_EC2, labels={_KTY, _ALG, _CRV, _X, _Y})
    if _number(members, _CRV) != algorithm.cose_curve:
        raise KeyRefused("the curve is not the algorithm's")
    # WebAuthn §5.8.5: "These keys MUST NOT use the compressed point form": y is bytes, not a sign.
    x = _bytes(members, _X, algorithm.coordinate_bytes)
    y = _bytes(members, _Y, algorithm.coordinate_bytes)
    # Loading refuses a point that is not on the curve.
    return ec.EllipticCurvePublicKey.from_encoded_point(algorithm.curve(), b"\x04" + x + y)


def _load_okp(members: _Members, algorithm: EddsaAlgorithm) -> PublicKey:
    _expect(members, kty=_OKP, labels={_KTY, _ALG, _CRV, _X})
    if _number(members, _CRV) != algorithm.cose_curve:
        raise KeyRefused("the curve is not the algorithm's")
    return algorithm.key_class.from_public_bytes(_bytes(members, _X, algorithm.key_bytes))


def _load_rsa(members: _Members) -> PublicKey:
    _expect(members, kty=_RSA, labels={_KTY, _ALG, _N, _E})
    n, e = _bytes(members, _N), _bytes(members, _E)
    # RFC 8230 §4: "The octet sequence MUST utilize the minimum number of octets needed to represent
    # the value." A second spelling of one key would be a second key to whoever compares bytes.
    if n[:1] == b"\x00" or e[:1] == b"\x00":
        raise KeyRefused("an RSA number with leading zeros")
    # Its strength is judged where the algorithm takes the key: `RsaAlgorithm.verifier`.
    return rsa.RSAPublicNumbers(int.from_bytes(e, "big"), int.from_bytes(n, "big")).public_key()


def _expect(members: _Members, *, kty: int, labels: set[int]) -> None:
    if _number(members, _KTY) != kty:
        raise KeyRefused("the key type is not the algorithm's")
    # Among what this refuses: private parts (-4 and below), and key_ops that do not say "verify".
    if set(members) != labels:
        raise KeyRefused("members that its key type does not have, or lacks some that it has")


def _number(members: _Members, label: int) -> int:
    value = members.get(label)
    if type(value) is not int:
        raise KeyRefused(f"label {label} is not a number")
    return value


def _bytes(members: _Members, label: int, length: int | None = None) -> bytes:
    value = members.get(label)
    if not isinstance(value, bytes) or not value:
        raise KeyRefused(f"label {label} is not a byte string")
    if length is not None and len(value) != length:
        raise KeyRefused(f"label {label} is {len(value)} bytes long and not {length}")
    return value


def encode_cose_key(key: PublicKey, algorithm: int) -> bytes:
    """Return *key* as the COSE key that `parse_cose_key` takes, for *algorithm*."""
    members: dict[int | str | bytes, CborValue]
    match algorithm_named(algorithm), key:
        case EcdsaAlgorithm() as ecdsa, ec.EllipticCurvePublicKey():
            point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            x, y = point[1 : 1 + ecdsa.coordinate_bytes], point[1 + ecdsa.coordinate_bytes :]
            members = {_KTY: _EC2, _ALG: algorithm, _CRV: ecdsa.cose_curve, _X: x, _Y: y}
        case EddsaAlgorithm() as eddsa, (ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey()):
            members = {_KTY: _OKP, _ALG: algorithm, _CRV: eddsa.cose_curve, _X: key.public_bytes_raw()}
        case RsaAlgorithm(), rsa.RSAPublicKey():
            numbers = key.public_numbers()
            members = {_KTY: _RSA, _ALG: algorithm, _N: _minimal(numbers.n), _E: _minimal(numbers.e)}
        case _:
            raise UnsupportedAlgorithm(algorithm)
    encoded = encode_cbor(members)
    parse_cose_key(encoded)
    return encoded


def _minimal(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
