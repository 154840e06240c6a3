"""What an authenticator answers (§6), as bytes: a status, and a map in the canonical form."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from keystead_core.ctap.commands import MAX_MESSAGE_BYTES
from keystead_core.ctap.entities import MOST_DESCRIPTORS
from keystead_core.ctap.status import Status
from keystead_core.wire import CborValue, encode_cbor

Members = Mapping[int | str | bytes, CborValue]

_ES256 = -7
_PUBLIC_KEY = "public-key"


def refused(status: Status) -> bytes:
    return bytes([status])


def done(members: Members | None = None) -> bytes:
    """Success; commands that return nothing have no map at all."""
    return bytes([Status.OK]) + (encode_cbor(dict(members)) if members is not None else b"")


@dataclass(frozen=True, slots=True)
class Info:
    """§6.4: what this authenticator is and can.

    Attributes:
        remaining: discoverable credentials that still fit.
    """

    aaguid: UUID
    pin_is_set: bool
    pin_minimum: int
    credential_id_bytes: int
    remaining: int

    def encoded(self) -> bytes:
        options: Members = {
            "rk": True,
            "up": True,
            # False: it could, and is not set up yet.
            "uv": self.pin_is_set,
            "clientPin": self.pin_is_set,
            "pinUvAuthToken": True,
            "alwaysUv": True,
            "makeCredUvNotRqd": False,
            "credMgmt": True,
            "plat": False,
        }
        return done(
            {
                0x01: ["FIDO_2_0", "FIDO_2_1"],
                0x02: ["credProtect", "hmac-secret"],
                0x03: self.aaguid.bytes,
                0x04: options,
                0x05: MAX_MESSAGE_BYTES,
                0x06: [2, 1],
                0x07: MOST_DESCRIPTORS,
                0x08: self.credential_id_bytes,
                0x09: ["usb"],
                0x0A: [{"alg": _ES256, "type": _PUBLIC_KEY}],
                0x0D: self.pin_minimum,
                0x14: self.remaining,
            }
        )


def attestation(authenticator_data: bytes, signature: bytes) -> bytes:
    """The answer to makeCredential: `packed`, signed by the new key itself."""
    statement: Members = {"alg": _ES256, "sig": signature}
    return done({0x01: "packed", 0x02: authenticator_data, 0x03: statement})


def certified(authenticator_data: bytes, statement: Mapping[int | str | bytes, CborValue]) -> bytes:
    """The answer to makeCredential: `tpm`, with a *statement* of the chip about the new key."""
    return done({0x01: "tpm", 0x02: authenticator_data, 0x03: dict(statement)})


def assertion(
    credential_id: bytes, authenticator_data: bytes, signature: bytes, user_id: bytes | None, *, was_chosen: bool
) -> bytes:
    """Args:
    user_id: None in a silent answer, which says nothing about a person.
    was_chosen: a person picked this account from several on our own screen.
    """
    members: dict[int | str | bytes, CborValue] = {
        0x01: descriptor(credential_id),
        0x02: authenticator_data,
        0x03: signature,
    }
    if user_id is not None:
        members[0x04] = {"id": user_id}
    if was_chosen:
        members[0x06] = True
    return done(members)


def descriptor(credential_id: bytes) -> Members:
    return {"id": credential_id, "type": _PUBLIC_KEY}
