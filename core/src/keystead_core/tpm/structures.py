"""TPM 2.0 keys and signatures as bytes, parsed (TPM 2.0 Library, Part 2).

    PublicArea         TPMT_PUBLIC (12.2.4): what kind of key, and the key
    parse_signature    TPMT_SIGNATURE (11.3.4) -> the form everybody else verifies

Only signing keys of the kinds we accept are understood: RSA, and ECC on the NIST curves.
"""

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256, sha384, sha512

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from keystead_core.tpm.codes import Attribute
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.wire import BadLength, Reader


class TpmAlg(IntEnum):
    """TPM_ALG_ID (6.3), the part that we meet."""

    RSA = 0x0001
    SHA1 = 0x0004
    SHA256 = 0x000B
    SHA384 = 0x000C
    SHA512 = 0x000D
    NULL = 0x0010
    RSASSA = 0x0014
    RSAES = 0x0015
    RSAPSS = 0x0016
    OAEP = 0x0017
    ECDSA = 0x0018
    ECDH = 0x0019
    ECDAA = 0x001A
    ECC = 0x0023


# SHA-1 names are not accepted: a name must stand for one key.
_NAME_HASHES = {TpmAlg.SHA256: sha256, TpmAlg.SHA384: sha384, TpmAlg.SHA512: sha512}
_CURVES: dict[int, type[ec.EllipticCurve]] = {3: ec.SECP256R1, 4: ec.SECP384R1, 5: ec.SECP521R1}
_DEFAULT_RSA_EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class PublicArea:
    """A TPM object's public area.

    Attributes:
        raw: the bytes as received; the Name is computed over these.
        name: nameAlg and the digest: the only name by which a TPM certifies it.
        key: the public key in it.
    """

    raw: bytes
    name: bytes
    attributes: Attribute
    auth_policy: bytes
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def parse_public_area(raw: bytes) -> PublicArea:
    """Read a TPMT_PUBLIC to its last byte; raises TpmStructureInvalid."""
    try:
        reader = Reader(raw)
        kind, name_alg = reader.u16(), reader.u16()
        attributes, auth_policy = Attribute(reader.u32()), reader.sized()
        key = _key(kind, reader)
        reader.finish()
    except BadLength as error:
        raise TpmStructureInvalid(f"TPMT_PUBLIC: {error}") from None
    except ValueError as error:
        raise TpmStructureInvalid(f"TPMT_PUBLIC: the key does not load: {error}") from None
    return PublicArea(raw, object_name(name_alg, raw), attributes, auth_policy, key)


def object_name(name_alg: int, public_area: bytes) -> bytes:
    """Compute a Name (Part 1, 16): "Name ≔ nameAlg || HnameAlg (handle→publicArea)"."""
    digest = next((make for alg, make in _NAME_HASHES.items() if alg == name_alg), None)
    if digest is None:
        raise TpmStructureInvalid(f"a name algorithm we do not take: {name_alg:#06x}")
    return name_alg.to_bytes(2, "big") + digest(public_area).digest()


def _key(kind: int, reader: Reader) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    if kind == TpmAlg.RSA:
        return _rsa_key(reader)
    if kind == TpmAlg.ECC:
        return _ecc_key(reader)
    raise TpmStructureInvalid(f"a key type we do not take: {kind:#06x}")


def _rsa_key(reader: Reader) -> rsa.RSAPublicKey:
    _skip_symmetric(reader)
    _skip_scheme(reader)
    key_bits, exponent, modulus = reader.u16(), reader.u32(), reader.sized()
    # 12.2.3.5: "When zero, indicates that the exponent is the default of 2^16 + 1".
    n = int.from_bytes(modulus, "big")
    if n.bit_length() != key_bits:
        raise TpmStructureInvalid(f"a modulus of {n.bit_length()} bits in a key of {key_bits}")
    return rsa.RSAPublicNumbers(exponent or _DEFAULT_RSA_EXPONENT, n).public_key()


def _ecc_key(reader: Reader) -> ec.EllipticCurvePublicKey:
    _skip_symmetric(reader)
    _skip_scheme(reader)
    curve = _CURVES.get(reader.u16())
    _skip_scheme(reader)  # the key derivation scheme has the same shape
    x, y = reader.sized(), reader.sized()
    if curve is None:
        raise TpmStructureInvalid("a curve we do not take")
    # Some TPMs drop leading zeros of a coordinate; a number is a number.
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve())
    return numbers.public_key()


def _skip_symmetric(reader: Reader) -> None:
    """TPMT_SYM_DEF_OBJECT (11.1.7): key bits and mode follow unless it is null."""
    if reader.u16() != TpmAlg.NULL:
        reader.take(4)


def _skip_scheme(reader: Reader) -> None:
    """TPMT_RSA_SCHEME, TPMT_ECC_SCHEME, TPMT_KDF_SCHEME: a hash follows unless it is null."""
    scheme = reader.u16()
    if scheme in (TpmAlg.NULL, TpmAlg.RSAES):
        return
    reader.take(4 if scheme == TpmAlg.ECDAA else 2)


def parse_signature(raw: bytes) -> bytes:
    """Return a TPMT_SIGNATURE's signature: for ECDSA in DER, for RSA as it is.

    Raises:
        TpmStructureInvalid: not such a structure, or of another scheme.
    """
    try:
        reader = Reader(raw)
        scheme, _hash = reader.u16(), reader.u16()
        if scheme in (TpmAlg.RSASSA, TpmAlg.RSAPSS):
            signature = reader.sized()
        elif scheme == TpmAlg.ECDSA:
            r, s = reader.sized(), reader.sized()
            signature = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        else:
            raise TpmStructureInvalid(f"a signature scheme we do not take: {scheme:#06x}")
        reader.finish()
    except BadLength as error:
        raise TpmStructureInvalid(f"TPMT_SIGNATURE: {error}") from None
    return signature
