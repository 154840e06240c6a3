"""A blob of metadata: signed text in, AuthenticatorMetadata out, or why it is not believed.

A blob is a compact JWS of some megabytes (FIDO Metadata Service 3 §3.1). Nothing of its content is
read before its signer is believed and its signature holds.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cryptography import x509
from keystead_core.jose import JoseError, Jwk, ReceivedJws, SignatureInvalid, parse, verify_received

from keystead_server.trust.metadata.entries import Entries, read_entries
from keystead_server.trust.metadata.errors import MetadataMalformed, MetadataSignatureInvalid
from keystead_server.trust.metadata.signer import signer_key

MAX_BLOB_BYTES = 32 * 1024 * 1024
FIDO_SIGNER = "mds.fidoalliance.org"
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


@dataclass(frozen=True, slots=True)
class AuthenticatorMetadata:
    """What a blob said that was signed by whom we expect.

    Attributes:
        number: grows with each blob.
        next_update: the day for which the next blob is announced; None when it does not say, because
            "the use of this field is discouraged". A late blob is used all the same.
    """

    number: int
    next_update: date | None
    entries: Entries


def read_blob(blob: bytes, roots: Sequence[x509.Certificate], signer: str, now: datetime) -> AuthenticatorMetadata:
    """Judge *blob* as of *now*.

    Args:
        signer: the name that the signer's certificate must be for.

    Raises:
        MetadataMalformed, SignerNotTrusted, AnotherSigner, MetadataSignatureInvalid: the first check that failed.
    """
    received = _parsed(blob)
    key = signer_key(received.header, roots, signer, now)
    try:
        verified = verify_received(received, Jwk(key), _ALGORITHMS)
    except SignatureInvalid:
        raise MetadataSignatureInvalid("its signature does not hold: it was altered") from None
    except JoseError as error:
        raise MetadataSignatureInvalid(f"its signature cannot be checked: {error}") from None
    return _read(verified.payload)


def _read(payload: bytes) -> AuthenticatorMetadata:
    try:
        # Not our strict JSON: what is odd in one entry's text must cost that entry only, and it is signed.
        written = json.loads(payload.decode("utf-8", errors="replace"))
        number, announced, entries = written["no"], written.get("nextUpdate"), written["entries"]
        next_update = None if announced is None else date.fromisoformat(announced)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise MetadataMalformed(f"signed, and no metadata: {type(error).__name__}: {error}") from None
    if type(number) is not int or not isinstance(entries, list):
        raise MetadataMalformed("signed, and no metadata: it has no number or no entries")
    return AuthenticatorMetadata(number, next_update, read_entries(entries))


def _parsed(blob: bytes) -> ReceivedJws:
    try:
        # Editors and downloads add a line's end.
        return parse(blob.decode("ascii").strip(), max_characters=MAX_BLOB_BYTES)
    except UnicodeDecodeError:
        raise MetadataMalformed("not a blob of metadata: it is not text") from None
    except JoseError as error:
        raise MetadataMalformed(f"not a blob of metadata: {error}") from None
