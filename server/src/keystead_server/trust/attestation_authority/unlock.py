"""The unlock key of an authority: what a TPM lets reset a person's count of wrong PINs.

It is made from the authority's own key, so it rests, is sealed and is replaced with it, and an authority of
before there were unlock keys has one, too. Neither key tells anything of the other.
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from keystead_core.tpm import build
from keystead_core.tpm.pin_index import UnlockRequest, unlock_statement

_SCALAR_BYTES: Final = 32
# FIPS 186-5, A.2.1: 64 bits more than the order has, so that the remainder favours nothing.
_EXTRA_BYTES: Final = 8
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def unlock_key_of(authority: ec.EllipticCurvePrivateKey) -> ec.EllipticCurvePrivateKey:
    secret = authority.private_numbers().private_value.to_bytes(_SCALAR_BYTES, "big")
    stretch = HKDF(SHA256(), _SCALAR_BYTES + _EXTRA_BYTES, salt=None, info=b"keystead unlock key")
    scalar = int.from_bytes(stretch.derive(secret), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(scalar, ec.SECP256R1())


def coordinates(key: ec.EllipticCurvePublicKey) -> tuple[bytes, bytes]:
    numbers = key.public_numbers()
    return numbers.x.to_bytes(_SCALAR_BYTES, "big"), numbers.y.to_bytes(_SCALAR_BYTES, "big")


def statement_for(key: ec.EllipticCurvePrivateKey, request: UnlockRequest, person: bytes) -> bytes:
    """Raises UnlockNotOurs, TpmStructureInvalid."""
    name = build.name(build.external_key(*coordinates(key.public_key())))
    return unlock_statement(request, unlock_key=name, person=person)


def sign(key: ec.EllipticCurvePrivateKey, statement: bytes) -> bytes:
    return key.sign(statement, ec.ECDSA(SHA256()))
