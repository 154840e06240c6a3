"""PIN/UV auth protocols one and two (§6.5.6, §6.5.7): a PIN and a token on a wire that anybody may read.

Both are a Diffie-Hellman key agreement on P-256, AES-256-CBC and HMAC-SHA-256,
put together differently. Nothing here is random: private key and
initialisation vector are arguments.

    protocol_number(2).shared_secret(private, peer) -> secret
    .encrypt(secret, plain, iv)   .decrypt(secret, encrypted)   .verify(secret, message, code)
"""

import hmac
from abc import ABC, abstractmethod
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keystead_core.ctap.entities import PeerKey
from keystead_core.ctap.status import CtapError, Status
from keystead_core.wire import CborValue

BLOCK_BYTES: Final = 16
TOKEN_BYTES: Final = 32
PADDED_PIN_BYTES: Final = 64
_ECDH_ES_HKDF_256: Final = -25


def public_key(private: ec.EllipticCurvePrivateKey) -> Mapping[int | str | bytes, CborValue]:
    """The authenticator's half, as a COSE key; §6.5.6 gives it an algorithm that it does not use."""
    numbers = private.public_key().public_numbers()
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    return {1: 2, 3: _ECDH_ES_HKDF_256, -1: 1, -2: x, -3: y}


class PinProtocol(ABC):
    number: int

    def shared_secret(self, private: ec.EllipticCurvePrivateKey, peer: PeerKey) -> bytes:
        """Raises INVALID_PARAMETER for a peer's key that is no point of the curve."""
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + peer.x + peer.y)
        except ValueError as error:
            # A point of a weaker curve would tell, answer by answer, what our private key is.
            raise CtapError(Status.INVALID_PARAMETER, "the client's key is not on the curve") from error
        return self._derive(private.exchange(ec.ECDH(), point))

    def verify(self, key: bytes, message: bytes, code: bytes) -> None:
        """Raises PIN_AUTH_INVALID unless *code* is over *message* with *key*, a shared secret or a token."""
        if not hmac.compare_digest(self.authenticate(key, message), code):
            raise CtapError(Status.PIN_AUTH_INVALID, "not authenticated by who knows the secret")

    @abstractmethod
    def _derive(self, agreed: bytes) -> bytes: ...

    @abstractmethod
    def encrypt(self, secret: bytes, plain: bytes, iv: bytes) -> bytes: ...

    @abstractmethod
    def decrypt(self, secret: bytes, encrypted: bytes) -> bytes:
        """Raises INVALID_PARAMETER for what cannot have been encrypted."""

    @abstractmethod
    def authenticate(self, key: bytes, message: bytes) -> bytes: ...


class ProtocolOne(PinProtocol):
    number = 1

    def _derive(self, agreed: bytes) -> bytes:
        return sha256(agreed).digest()

    def encrypt(self, secret: bytes, plain: bytes, iv: bytes) -> bytes:
        """*iv* is not used: this protocol's is zero. Its secret is fresh for each key agreement."""
        return _encrypt(secret, bytes(BLOCK_BYTES), plain)

    def decrypt(self, secret: bytes, encrypted: bytes) -> bytes:
        return _decrypt(secret, bytes(BLOCK_BYTES), encrypted)

    def authenticate(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, "sha256")[:16]


class ProtocolTwo(PinProtocol):
    number = 2

    def _derive(self, agreed: bytes) -> bytes:
        return _expand(agreed, b"CTAP2 HMAC key") + _expand(agreed, b"CTAP2 AES key")

    def encrypt(self, secret: bytes, plain: bytes, iv: bytes) -> bytes:
        return iv + _encrypt(secret[32:], iv, plain)

    def decrypt(self, secret: bytes, encrypted: bytes) -> bytes:
        return _decrypt(secret[32:], encrypted[:BLOCK_BYTES], encrypted[BLOCK_BYTES:])

    def authenticate(self, key: bytes, message: bytes) -> bytes:
        # §6.5.7: "If key is longer than 32 bytes, discard the excess. (This selects the HMAC-key portion
        # of the shared secret. When key is the pinUvAuthToken, it is exactly 32 bytes long …)"
        return hmac.digest(key[:32], message, "sha256")


def protocol_number(number: int) -> PinProtocol:
    """Raises INVALID_PARAMETER for a protocol that is neither one nor two."""
    if number not in _PROTOCOLS:
        raise CtapError(Status.INVALID_PARAMETER, f"PIN/UV auth protocol {number}")
    return _PROTOCOLS[number]


_PROTOCOLS: Final[Mapping[int, PinProtocol]] = {1: ProtocolOne(), 2: ProtocolTwo()}


def _expand(agreed: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=bytes(32), info=info).derive(agreed)


def _encrypt(key: bytes, iv: bytes, plain: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def _decrypt(key: bytes, iv: bytes, encrypted: bytes) -> bytes:
    if len(iv) != BLOCK_BYTES or not encrypted or len(encrypted) % BLOCK_BYTES:
        raise CtapError(Status.INVALID_PARAMETER, f"{len(encrypted)} encrypted bytes")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return decryptor.update(encrypted) + decryptor.finalize()
