"""JSON Web Signature, compact serialization (RFC 7515).

    sign            bytes and a header to a token
    verify          a token to VerifiedJws, and nowhere else
    TokenSigner     our own tokens, with the encoded header made once

The caller says which algorithms it accepts and hands over the key; the header
may only agree. A key in the header (`jwk`, `jku`, `x5u`, `x5c`) is never looked at.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from keystead_core.jose.algorithms import ALGORITHMS, Algorithm, PrivateKey, SigningKey, SymmetricKey
from keystead_core.jose.errors import (
    AlgorithmNotAllowed,
    CriticalHeaderNotUnderstood,
    KeyNotForAlgorithm,
    MalformedJws,
)
from keystead_core.jose.jwk import Jwk, PublicJwk, SymmetricJwk
from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_core.wire.errors import BadBase64Url, BadJson
from keystead_core.wire.strict_json import json_decode_object

MAX_JWS_CHARACTERS = 64 * 1024


@dataclass(frozen=True, slots=True)
class VerifiedJws:
    """The payload, exactly as the holder of the key signed it."""

    header: Mapping[str, object]
    payload: bytes


@dataclass(frozen=True, slots=True)
class ReceivedJws:
    """Parsed; believe nothing. For choosing the key by its name before verifying.

    Attributes:
        signed: the bytes the signature covers, as received.
    """

    header: Mapping[str, object]
    algorithm: str
    kid: str | None
    payload: bytes
    signed: bytes
    signature: bytes


def parse(token: str, *, max_characters: int = MAX_JWS_CHARACTERS) -> ReceivedJws:
    """*max_characters* is for documents that are signed like tokens and longer than any.

    Raises MalformedJws, or CriticalHeaderNotUnderstood.
    """
    # Two parts is a token without a signature, five is an encrypted one.
    parts = token.split(".")
    if len(token) > max_characters or len(parts) != 3:
        raise MalformedJws("not three parts, or too long")
    header_bytes, payload, signature = (_decoded(part) for part in parts)
    try:
        header = json_decode_object(header_bytes)
    except BadJson as why:
        raise MalformedJws(f"the header is not a JSON object: {why}") from None
    _refuse_extensions(header)
    return ReceivedJws(
        header=header,
        algorithm=_text(header, "alg"),
        kid=_text(header, "kid") if "kid" in header else None,
        payload=payload,
        signed=token[: token.rindex(".")].encode("ascii"),
        signature=signature,
    )


def verify(token: str, key: PublicJwk | SymmetricJwk, algorithms: Collection[str]) -> VerifiedJws:
    """Check *token* with *key*, by one of *algorithms*.

    Raises:
        JwsRefused: the first check that failed, as its own subclass.
        KeyRefused: the key is not for the algorithm.
    """
    return verify_received(parse(token), key, algorithms)


def verify_received(received: ReceivedJws, key: PublicJwk | SymmetricJwk, algorithms: Collection[str]) -> VerifiedJws:
    algorithm = _agreed(received.algorithm, key, algorithms)
    algorithm.verify(key.key, received.signature, received.signed)
    return VerifiedJws(received.header, received.payload)


def _agreed(name: str, key: Jwk[object], algorithms: Collection[str]) -> Algorithm:
    if isinstance(algorithms, str):
        raise TypeError("algorithms is a collection of names: in a string, part of a name would match")
    # Never the header's choice: "none" and every confusion of algorithms come in here.
    if name not in algorithms or name not in ALGORITHMS:
        raise AlgorithmNotAllowed(name)
    if key.alg is not None and key.alg != name:
        raise KeyNotForAlgorithm(f"the key is for {key.alg!r}, the token is signed with {name!r}")
    return ALGORITHMS[name]


def _refuse_extensions(header: Mapping[str, object]) -> None:
    # §4.1.11: "If any of the listed extension Header Parameters are not understood and
    # supported by the recipient, then the JWS is invalid." We understand none.
    if "crit" in header:
        raise CriticalHeaderNotUnderstood(f"critical: {header['crit']!r}")
    # RFC 7797 changes what is signed, and wants to be listed in `crit`.
    if "b64" in header:
        raise CriticalHeaderNotUnderstood("'b64' changes what is signed")


def _decoded(part: str) -> bytes:
    try:
        return b64url_decode(part)
    except BadBase64Url:
        raise MalformedJws("a part is not base64url in its one form") from None


def _text(header: Mapping[str, object], name: str) -> str:
    value = header.get(name)
    if not isinstance(value, str):
        raise MalformedJws(f"{name!r} must be a string")
    return value


# --- signing ---------------------------------------------------------------


def sign(header: Mapping[str, object], payload: bytes, key: Jwk[PrivateKey] | Jwk[SymmetricKey]) -> str:
    """Sign with the header's `alg`, which the key's own `alg` must not contradict.

    Raises:
        AlgorithmNotAllowed: the header names none that we know.
        KeyRefused: the key is not for that algorithm.
    """
    name = str(header.get("alg"))
    algorithm = _agreed(name, key, ALGORITHMS)
    signing_input = f"{_encoded_header(header)}.{b64url_encode(payload)}"
    return f"{signing_input}.{b64url_encode(algorithm.sign(key.key, signing_input.encode('ascii')))}"


def _encoded_header(header: Mapping[str, object]) -> str:
    return b64url_encode(json.dumps(header, separators=(",", ":")).encode())


class TokenSigner:
    """Signs our own tokens with one key, one algorithm and one header.

    The header is encoded once; a token then costs little more than its signature.
    """

    __slots__ = ("_algorithm", "_key", "_prefix", "alg", "kid")

    def __init__(self, kid: str, key: PrivateKey, alg: str, *, typ: str = "JWT") -> None:
        """Raises AlgorithmNotAllowed or KeyRefused at once, not at the first token."""
        self.kid = kid
        self.alg = alg
        self._key: SigningKey = key
        self._algorithm = _agreed(alg, Jwk(key), ALGORITHMS)
        self._prefix = _encoded_header({"alg": alg, "kid": kid, "typ": typ}) + "."
        self.sign_claims(b"{}")

    def sign_claims(self, payload: bytes) -> str:
        signing_input = self._prefix + b64url_encode(payload)
        signature = self._algorithm.sign(self._key, signing_input.encode("ascii"))
        return f"{signing_input}.{b64url_encode(signature)}"
