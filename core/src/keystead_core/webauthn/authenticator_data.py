"""Authenticator data: what the authenticator says, and signs (WebAuthn L3 §6.1).

AuthenticatorData          flags, counter, extensions; with it, at registration,
AttestedCredentialData     the new credential: model, id, public key (still bytes)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from keystead_core.fast_init import fast_init
from keystead_core.webauthn.errors import BackupStateImpossible, CredentialIdTooLong, MalformedResponse
from keystead_core.wire import BadCbor, CborValue, decode_cbor_prefix

MAX_CREDENTIAL_ID_BYTES: Final = 1023
MAX_AUTHENTICATOR_DATA_BYTES: Final = 16 * 1024

FLAG_UP, FLAG_UV, FLAG_BE, FLAG_BS, FLAG_AT, FLAG_ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80

_FIXED_BYTES = 37
_AAGUID_AND_LENGTH_BYTES = 18
_NO_EXTENSIONS: Mapping[str, CborValue] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AttestedCredentialData:
    """The credential that a registration made.

    Attributes:
        public_key: a COSE key, not yet looked into.
    """

    aaguid: UUID
    credential_id: bytes
    public_key: bytes


@fast_init
@dataclass(frozen=True, slots=True)
class AuthenticatorData:
    """Parsed authenticator data, with the exact bytes that were signed.

    Attributes:
        raw: the bytes as received; signatures cover these, never a re-encoding.
        rp_id_hash: SHA-256 of the relying-party id, 32 bytes.
        sign_count: signatures made with this credential; 0 when the
            authenticator does not count (synced passkeys never do).
        extensions: signed extension outputs by identifier.
    """

    raw: bytes
    rp_id_hash: bytes
    flags: int
    sign_count: int
    attested: AttestedCredentialData | None
    extensions: Mapping[str, CborValue]

    @property
    def user_present(self) -> bool:
        return bool(self.flags & FLAG_UP)

    @property
    def user_verified(self) -> bool:
        return bool(self.flags & FLAG_UV)

    @property
    def backup_eligible(self) -> bool:
        return bool(self.flags & FLAG_BE)

    @property
    def backed_up(self) -> bool:
        return bool(self.flags & FLAG_BS)


def parse_authenticator_data(raw: bytes) -> AuthenticatorData:
    """Read authenticator data to its last byte.

    Raises:
        MalformedResponse: it has another form than its flags say, or bytes after its end.
    """
    if not _FIXED_BYTES <= len(raw) <= MAX_AUTHENTICATOR_DATA_BYTES:
        raise MalformedResponse(f"authenticator data of {len(raw)} bytes")
    flags = raw[32]
    # §7.2: "If the BE bit of the flags in authData is not set, verify that the BS bit is not set."
    # It needs nothing but these bytes, so no value without it can exist.
    if flags & FLAG_BS and not flags & FLAG_BE:
        raise BackupStateImpossible
    at, attested, extensions = _FIXED_BYTES, None, _NO_EXTENSIONS
    if flags & FLAG_AT:
        attested, at = _attested_credential(raw, at)
    if flags & FLAG_ED:
        extensions, at = _extensions(raw, at)
    if at != len(raw):
        # Signed and seen by nobody: a place to hide what another reader would take for extensions.
        raise MalformedResponse(f"{len(raw) - at} bytes after the authenticator data")
    sign_count = int.from_bytes(raw[33:37], "big")
    return AuthenticatorData(raw, raw[:32], flags, sign_count, attested, extensions)


def _attested_credential(raw: bytes, at: int) -> tuple[AttestedCredentialData, int]:
    id_at = at + _AAGUID_AND_LENGTH_BYTES
    length = int.from_bytes(raw[id_at - 2 : id_at], "big")
    # §7.1: "Verify that the credentialId is ≤ 1023 bytes."
    if length > MAX_CREDENTIAL_ID_BYTES:
        raise CredentialIdTooLong(length)
    key_at = id_at + length
    if length == 0 or key_at > len(raw):
        raise MalformedResponse("attested credential data are cut short")
    # Nothing says how long the key is: it ends where its map does.
    _, key_length = _cbor_map(raw[key_at:], "the credential public key")
    end = key_at + key_length
    return AttestedCredentialData(UUID(bytes=raw[at : at + 16]), raw[id_at:key_at], raw[key_at:end]), end


def _extensions(raw: bytes, at: int) -> tuple[Mapping[str, CborValue], int]:
    members, length = _cbor_map(raw[at:], "the extensions")
    outputs = {name: value for name, value in members.items() if isinstance(name, str)}
    if len(outputs) != len(members):
        raise MalformedResponse("an extension identifier that is not text")
    return MappingProxyType(outputs), at + length


def _cbor_map(data: bytes, what: str) -> tuple[Mapping[int | str | bytes, CborValue], int]:
    try:
        value, length = decode_cbor_prefix(data)
    except BadCbor as error:
        raise MalformedResponse(f"{what}: {error}") from None
    if not isinstance(value, Mapping):
        raise MalformedResponse(f"{what}: not a map")
    return value, length
