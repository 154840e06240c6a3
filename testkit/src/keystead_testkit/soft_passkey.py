"""A passkey made of software, for tests and load: it answers as a browser would send it on.

    passkey = SoftPasskey(rp_id="id.example.org", origin="https://id.example.org")
    passkey.register(challenge)                     -> RegistrationResponseJSON
    passkey.answer(challenge)                       -> AuthenticationResponseJSON
    passkey.answer(challenge, origin="https://evil.test", user_verified=False)

Every lie is an argument. What is not lied about is right, signatures included, so
a refusal is for the lie and for nothing else. The key stays loaded, and one answer
costs one signature and a few microseconds.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal, TypeAlias
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from keystead_core.cose import (
    ALGORITHMS,
    ED448,
    ES256,
    PS256,
    CosePublicKey,
    encode_cose_key,
    parse_cose_key,
)
from keystead_core.cose.algorithms import EcdsaAlgorithm, RsaAlgorithm
from keystead_core.webauthn import NO_AAGUID, StoredCredential
from keystead_core.webauthn.authenticator_data import FLAG_AT, FLAG_BE, FLAG_BS, FLAG_ED, FLAG_UP, FLAG_UV
from keystead_core.wire import CborValue, b64url_decode, b64url_encode, encode_cbor

PrivateKey: TypeAlias = (
    ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)
Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lies:
    """What one answer says otherwise than it is; None keeps the truth.

    Attributes:
        flags: the whole octet of flags, instead of what the other members make.
        client_data: members to add to the client data, or to put in place of its own.
        after_authenticator_data: bytes after the end, signed with the rest.
        after_signature, after_attestation_object: bytes after the end.
        spoil_signature: change one bit of it.
    """

    origin: str | None = None
    type: str | None = None
    rp_id: str | None = None
    credential_id: bytes | None = None
    raw_id: bytes | None = None
    user_handle: bytes | None = None
    aaguid: UUID | None = None
    sign_count: int | None = None
    user_present: bool = True
    user_verified: bool = True
    backup_eligible: bool | None = None
    backed_up: bool | None = None
    flags: int | None = None
    public_key: bytes | None = None
    extensions: Mapping[int | str | bytes, CborValue] | None = None
    client_data: Mapping[str, Any] = field(default_factory=dict)
    after_authenticator_data: bytes = b""
    after_signature: bytes = b""
    after_attestation_object: bytes = b""
    spoil_signature: bool = False


class SoftPasskey:
    """One credential on one authenticator.

    Attributes:
        sign_count: goes up by one with each answer, unless *counts* is False.
    """

    def __init__(
        self,
        *,
        rp_id: str = "id.example.org",
        origin: str = "https://id.example.org",
        algorithm: int = ES256,
        user_handle: bytes | None = None,
        credential_id: bytes | None = None,
        private_key: PrivateKey | None = None,
        aaguid: UUID = NO_AAGUID,
        backup_eligible: bool = False,
        backed_up: bool = False,
        counts: bool = True,
    ) -> None:
        self.rp_id = rp_id
        self.origin = origin
        self.algorithm = algorithm
        self.user_handle = user_handle
        self.credential_id = credential_id or os.urandom(32)
        self.private_key = private_key or new_private_key(algorithm)
        self.aaguid = aaguid
        self.backup_eligible = backup_eligible
        self.backed_up = backed_up
        self.counts = counts
        self.sign_count = 0
        self.cose_key = encode_cose_key(self.private_key.public_key(), algorithm)
        self._sign = signer(self.private_key, algorithm)
        self._rp_id_hash = sha256(rp_id.encode()).digest()

    @property
    def public_key(self) -> CosePublicKey:
        return parse_cose_key(self.cose_key)

    def stored(self) -> StoredCredential:
        """Return what a server would have kept of it, as of now."""
        return StoredCredential(self.credential_id, self.public_key, self.sign_count, self.backup_eligible)

    def sign(self, data: bytes) -> bytes:
        return self._sign(data)

    def register_with(self, options: Mapping[str, Any], **lies: Any) -> Json:
        """Answer creation options in their JSON form, as `navigator.credentials.create` would."""
        self.user_handle = b64url_decode(options["user"]["id"])
        return self.register(b64url_decode(options["challenge"]), **lies)

    def answer_to(self, options: Mapping[str, Any], **lies: Any) -> Json:
        """Answer request options in their JSON form, as `navigator.credentials.get` would."""
        return self.answer(b64url_decode(options["challenge"]), **lies)

    def register(self, challenge: bytes, *, attestation: Literal["none", "self"] = "none", **lies: Any) -> Json:
        told = Lies(**lies)
        client_data = self.client_data("webauthn.create", challenge, told)
        data = self.attested_data(told)
        statement: dict[int | str | bytes, CborValue] = {}
        if attestation == "self":
            signature = self._signature(data + sha256(client_data).digest(), told)
            statement = {"alg": self.algorithm, "sig": signature}
        return self.registration(
            client_data,
            attestation_object("packed" if attestation == "self" else "none", statement, data),
            told,
        )

    def registration(self, client_data: bytes, attestation: bytes, told: Lies | None = None) -> Json:
        """Wrap an attestation object, made here or elsewhere, as the browser's toJSON() does."""
        told = told or Lies()
        response = {
            "clientDataJSON": b64url_encode(client_data),
            "attestationObject": b64url_encode(attestation + told.after_attestation_object),
            "transports": ["internal"],
        }
        return self._credential(response, told)

    def answer(self, challenge: bytes, **lies: Any) -> Json:
        told = Lies(**lies)
        if self.counts:
            self.sign_count += 1
        client_data = self.client_data("webauthn.get", challenge, told)
        data = self._authenticator_data(told, 0, b"")
        response: Json = {
            "clientDataJSON": b64url_encode(client_data),
            "authenticatorData": b64url_encode(data),
            "signature": b64url_encode(self._signature(data + sha256(client_data).digest(), told)),
        }
        handle = self.user_handle if told.user_handle is None else told.user_handle
        if handle is not None:
            response["userHandle"] = b64url_encode(handle)
        return self._credential(response, told)

    def client_data(self, ceremony_type: str, challenge: bytes, told: Lies | None = None) -> bytes:
        told = told or Lies()
        members = {
            "type": told.type or ceremony_type,
            "challenge": b64url_encode(challenge),
            "origin": told.origin or self.origin,
            "crossOrigin": False,
            **told.client_data,
        }
        return json.dumps(members, separators=(",", ":")).encode()

    def attested_data(self, told: Lies | None = None) -> bytes:
        """Return a registration's authenticator data."""
        told = told or Lies()
        credential_id = told.credential_id or self.credential_id
        aaguid = told.aaguid or self.aaguid
        key = self.cose_key if told.public_key is None else told.public_key
        attested = aaguid.bytes + len(credential_id).to_bytes(2, "big") + credential_id + key
        return self._authenticator_data(told, FLAG_AT, attested)

    def _authenticator_data(self, told: Lies, more_flags: int, attested: bytes) -> bytes:
        flags = more_flags
        flags |= FLAG_UP if told.user_present else 0
        flags |= FLAG_UV if told.user_verified else 0
        flags |= FLAG_BE if _truth(told.backup_eligible, self.backup_eligible) else 0
        flags |= FLAG_BS if _truth(told.backed_up, self.backed_up) else 0
        flags |= FLAG_ED if told.extensions is not None else 0
        if told.flags is not None:
            flags = told.flags
        rp_id_hash = self._rp_id_hash if told.rp_id is None else sha256(told.rp_id.encode()).digest()
        count = self.sign_count if told.sign_count is None else told.sign_count
        extensions = b"" if told.extensions is None else encode_cbor(told.extensions)
        return (
            rp_id_hash
            + flags.to_bytes(1, "big")
            + count.to_bytes(4, "big")
            + attested
            + extensions
            + told.after_authenticator_data
        )

    def _signature(self, data: bytes, told: Lies) -> bytes:
        signature = self._sign(data)
        if told.spoil_signature:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        return signature + told.after_signature

    def _credential(self, response: Json, told: Lies) -> Json:
        identifier = b64url_encode(told.raw_id or told.credential_id or self.credential_id)
        return {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }


def attestation_object(attestation_format: str, statement: CborValue, authenticator_data: bytes) -> bytes:
    return encode_cbor({"fmt": attestation_format, "attStmt": statement, "authData": authenticator_data})


def new_private_key(algorithm: int) -> PrivateKey:
    match ALGORITHMS[algorithm]:
        case EcdsaAlgorithm(curve=curve):
            return ec.generate_private_key(curve())
        case RsaAlgorithm():
            return _rsa_key()
        case _:
            kind = ed448.Ed448PrivateKey if algorithm == ED448 else ed25519.Ed25519PrivateKey
            return kind.generate()


def signer(key: PrivateKey, algorithm: int) -> Callable[[bytes], bytes]:
    """Return a function from bytes to their signature."""
    match key:
        case ec.EllipticCurvePrivateKey():
            scheme = ec.ECDSA(ALGORITHMS[algorithm].hash)
            return lambda data: key.sign(data, scheme)
        case rsa.RSAPrivateKey():
            digest = ALGORITHMS[algorithm].hash
            pad: padding.PSS | padding.PKCS1v15 = padding.PKCS1v15()
            if algorithm == PS256:
                pad = padding.PSS(padding.MGF1(digest), digest.digest_size)
            return lambda data: key.sign(data, pad, digest)
        case _:
            return key.sign


@lru_cache(maxsize=1)
def _rsa_key() -> rsa.RSAPrivateKey:
    # Making one takes longer than the test around it, and nothing is guarded by it.
    return rsa.generate_private_key(65537, 2048)


def _truth(lie: bool | None, truth: bool) -> bool:
    return truth if lie is None else lie
