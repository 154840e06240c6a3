"""A Chromium extension in one file, signed (CRX3): the header's protocol buffer, written by hand, and a zip.

    "Cr24" · 3 · length of header · header · zip
    header       field 2: {1: public key, 2: signature}; field 10000: signed data
    signed data  field 1: the extension's id, 16 bytes

Who signs is the extension's identity, and with it the right to start the
native host; so the key is made where the file is made, and stays there.
"""

import hashlib
import struct
from typing import Final

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_MAGIC: Final = b"Cr24"
_VERSION: Final = 3
_CONTEXT: Final = b"CRX3 SignedData\x00"
_ID_BYTES: Final = 16


def packed(archive: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """Return *archive*, a zip with the extension's files, signed by *key*."""
    public = public_bytes(key)
    signed_data = _field(1, hashlib.sha256(public).digest()[:_ID_BYTES])
    to_sign = _CONTEXT + struct.pack("<I", len(signed_data)) + signed_data + archive
    signature = key.sign(to_sign, padding.PKCS1v15(), SHA256())
    header = _field(2, _field(1, public) + _field(2, signature)) + _field(10000, signed_data)
    return _MAGIC + struct.pack("<II", _VERSION, len(header)) + header + archive


def public_bytes(key: rsa.RSAPrivateKey) -> bytes:
    """The public half as Chromium hashes it into an id."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited field of a protocol buffer."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
