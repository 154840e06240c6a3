"""Client data: what the browser says about the page and the challenge (WebAuthn L3 §5.8.1).

ClientData           parsed; believe nothing until its hash has been signed
parse_client_data    bytes -> ClientData
check_client_data    the steps that §7.1 and §7.2 have in common, in their order
"""

import codecs
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from keystead_core.fast_init import fast_init
from keystead_core.webauthn.errors import (
    CeremonyTypeWrong,
    ChallengeMismatch,
    CrossOriginNotAllowed,
    MalformedResponse,
    OriginNotAllowed,
    TopOriginNotAllowed,
)
from keystead_core.wire import WireError, b64url_decode, json_decode_object

MAX_CLIENT_DATA_BYTES = 8 * 1024


@fast_init
@dataclass(frozen=True, slots=True)
class ClientData:
    """CollectedClientData, with the exact bytes that were hashed and signed.

    Members that this version of the specification does not know (and the retired
    `tokenBinding`) are tolerated: "clientDataJSON may be extended in the future".

    Attributes:
        raw: the bytes as received.
        hash: SHA-256 of *raw*; the authenticator signs this.
        origin: the serialised origin, to be compared character by character.
        cross_origin: False when absent.
        top_origin: None when absent.
    """

    raw: bytes
    hash: bytes
    type: str
    challenge: bytes
    origin: str
    cross_origin: bool
    top_origin: str | None


class Expectation(Protocol):
    """What both kinds of ceremony expect of client data."""

    @property
    def challenge(self) -> bytes: ...
    @property
    def origins(self) -> frozenset[str]: ...
    @property
    def allow_cross_origin(self) -> bool: ...
    @property
    def top_origins(self) -> frozenset[str]: ...


def parse_client_data(raw: bytes) -> ClientData:
    """Read clientDataJSON; raises MalformedResponse."""
    # §7.1: "running UTF-8 decode ... any leading byte order mark (BOM) must be stripped."
    # What is hashed is still what was received.
    text = raw.removeprefix(codecs.BOM_UTF8)
    try:
        members = json_decode_object(text, max_bytes=MAX_CLIENT_DATA_BYTES)
        challenge = members.get("challenge")
        if type(challenge) is not str:
            raise MalformedResponse("client data without a challenge")
        decoded = b64url_decode(challenge)
    except WireError as error:
        raise MalformedResponse(f"client data: {error}") from None
    ceremony_type, origin = members.get("type"), members.get("origin")
    cross_origin, top_origin = members.get("crossOrigin", False), members.get("topOrigin")
    if type(ceremony_type) is not str or type(origin) is not str:
        raise MalformedResponse("client data without a type or an origin")
    if type(cross_origin) is not bool:
        raise MalformedResponse("client data with a crossOrigin that is not a boolean")
    if type(top_origin) is not str and (top_origin is not None or "topOrigin" in members):
        raise MalformedResponse("client data with a topOrigin that is not a string")
    return ClientData(raw, sha256(raw).digest(), ceremony_type, decoded, origin, cross_origin, top_origin)


def check_client_data(data: ClientData, expected: Expectation, ceremony_type: str) -> None:
    """Check the page and the challenge; the steps' sentences are §7.1's."""
    # "Verify that the value of C.type is webauthn.create." (§7.2: "is the string webauthn.get")
    if data.type != ceremony_type:
        raise CeremonyTypeWrong(data.type)

    # "Verify that the value of C.challenge equals the base64url encoding of pkOptions.challenge."
    # Decoding accepts one spelling only, so comparing bytes compares spellings.
    if data.challenge != expected.challenge:
        raise ChallengeMismatch

    # "Verify that the value of C.origin is an origin expected by the RP." Exactly: not by host, not
    # by suffix, not after normalisation. `https://id.example.org.evil.test` begins like ours.
    if data.origin not in expected.origins:
        raise OriginNotAllowed(data.origin)

    # "If C.crossOrigin is present and set to true, verify that the RP expects that this credential
    # would have been created within an iframe that is not same-origin with its ancestors."
    if data.cross_origin and not expected.allow_cross_origin:
        raise CrossOriginNotAllowed(data.origin)

    # §7.1 goes on: "If C.topOrigin is present:"
    if data.top_origin is not None:
        # "Verify that the RP expects that this credential would have been created within an iframe
        # that is not same-origin with its ancestors."
        if not expected.allow_cross_origin:
            raise CrossOriginNotAllowed(data.origin)
        # "Verify that the value of C.topOrigin matches the origin of a page that the RP expects to
        # be sub-framed within."
        if data.top_origin not in expected.top_origins:
            raise TopOriginNotAllowed(data.top_origin)
