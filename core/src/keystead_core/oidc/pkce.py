"""Proof Key for Code Exchange (RFC 7636), S256 only.

`plain` would show the verifier to whoever reads the authorization request,
which is the attacker PKCE is about.
"""

import hashlib
import hmac
import re

from keystead_core.oidc.errors import InvalidGrant, InvalidRequest
from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_core.wire.errors import BadBase64Url

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE_BYTES = 32


def is_s256_challenge(challenge: str) -> bool:
    """Could any verifier have this challenge? If not, it is refused before somebody signs in for it."""
    try:
        return len(b64url_decode(challenge)) == _CHALLENGE_BYTES
    except BadBase64Url:
        return False


def s256_challenge(verifier: str) -> str:
    return b64url_encode(hashlib.sha256(verifier.encode("ascii")).digest())


def check_verifier_syntax(verifier: str) -> None:
    """§4.1: 43 to 128 unreserved characters. Raises InvalidRequest."""
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidRequest("code_verifier must be 43 to 128 unreserved characters")


def check_verifier(challenge: str, verifier: str) -> None:
    """Check that *verifier* is what the code was asked for with.

    Raises:
        InvalidRequest: not a verifier at all.
        InvalidGrant: another verifier.
    """
    check_verifier_syntax(verifier)
    if not hmac.compare_digest(s256_challenge(verifier), challenge):
        raise InvalidGrant("code_verifier does not fit the code")
