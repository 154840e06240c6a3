"""What the authenticator says, in bytes (WebAuthn §5.8.1, §6.1, §6.5).

Encoded here, by other code than the one that verifies it in the server; so a
mistake is not made twice and found by nobody.
"""

import json
from collections.abc import Mapping
from enum import IntFlag
from hashlib import sha256
from types import MappingProxyType
from typing import Final, Literal, TypeAlias
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from keystead_core.wire.base64url import b64url_encode
from keystead_core.wire.cbor import CborValue, encode_cbor

from keystead_agent.authenticator.allow_list import Caller
from keystead_agent.authenticator.options import ES256
from keystead_agent.keystore.values import PublicPoint

NO_AAGUID: Final = UUID(int=0)
Extensions: TypeAlias = Mapping[int | str | bytes, CborValue]
NO_EXTENSIONS: Final[Extensions] = MappingProxyType({})


class Flag(IntFlag):
    """Backup eligibility and state are never set: these keys do not leave."""

    USER_PRESENT = 1 << 0
    USER_VERIFIED = 1 << 2
    ATTESTED_CREDENTIAL = 1 << 6
    EXTENSIONS = 1 << 7


_VERIFIED: Final = Flag.USER_PRESENT | Flag.USER_VERIFIED


def client_data(kind: Literal["webauthn.create", "webauthn.get"], challenge: bytes, caller: Caller) -> bytes:
    """The client data of a ceremony, serialised as §5.8.1.1 says, member by member."""
    members: dict[str, object] = {
        "type": kind,
        "challenge": b64url_encode(challenge),
        "origin": caller.origin,
        "crossOrigin": caller.is_cross_origin,
    }
    if caller.is_cross_origin:
        members["topOrigin"] = caller.top_origin
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def cose_key(public: PublicPoint) -> bytes:
    return encode_cbor({1: 2, 3: ES256, -1: 1, -2: public.x, -3: public.y})


def spki(public: PublicPoint) -> bytes:
    """DER SubjectPublicKeyInfo, as getPublicKey() returns it."""
    x, y = int.from_bytes(public.x, "big"), int.from_bytes(public.y, "big")
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def registration_data(
    rp_id: str, aaguid: UUID, credential_id: bytes, public: PublicPoint, extensions: Extensions = NO_EXTENSIONS
) -> bytes:
    """Authenticator data with a new credential in it; no signature was counted yet."""
    attested = aaguid.bytes + len(credential_id).to_bytes(2, "big") + credential_id + cose_key(public)
    flags = _VERIFIED | Flag.ATTESTED_CREDENTIAL | _flag_of(extensions)
    return _authenticator_data(rp_id, flags, 0) + attested + _encoded(extensions)


def assertion_data(rp_id: str, sign_count: int, extensions: Extensions = NO_EXTENSIONS) -> bytes:
    return _authenticator_data(rp_id, _VERIFIED | _flag_of(extensions), sign_count) + _encoded(extensions)


def silent_data(rp_id: str) -> bytes:
    """Authenticator data of an answer for which nobody was asked: no flag, no count."""
    return _authenticator_data(rp_id, Flag(0), 0)


def _flag_of(extensions: Extensions) -> Flag:
    return Flag.EXTENSIONS if extensions else Flag(0)


def _encoded(extensions: Extensions) -> bytes:
    return encode_cbor(dict(extensions)) if extensions else b""


def _authenticator_data(rp_id: str, flags: Flag, sign_count: int) -> bytes:
    return sha256(rp_id.encode()).digest() + bytes([flags]) + sign_count.to_bytes(4, "big")


def to_be_signed(authenticator_data: bytes, client_data_json: bytes) -> bytes:
    """The digest of what both assertion and self-attestation signatures are over."""
    return digest_of(authenticator_data, sha256(client_data_json).digest())


def digest_of(authenticator_data: bytes, client_data_hash: bytes) -> bytes:
    """As `to_be_signed`, for a client that keeps the client data to itself."""
    return sha256(authenticator_data + client_data_hash).digest()


def attestation_none(authenticator_data: bytes) -> bytes:
    return encode_cbor({"fmt": "none", "attStmt": {}, "authData": authenticator_data})


def attestation_self(authenticator_data: bytes, signature: bytes) -> bytes:
    """§8.2, "packed" without x5c: signed by the new key itself."""
    statement: dict[int | str | bytes, CborValue] = {"alg": ES256, "sig": signature}
    return encode_cbor({"fmt": "packed", "attStmt": statement, "authData": authenticator_data})
