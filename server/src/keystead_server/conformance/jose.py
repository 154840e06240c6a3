"""One signed token, one key, one verdict: the door for outside JOSE vectors.

A record is `{"name", "key", "jws"}`: a JWK, or a JWK Set in which the token's
`kid` chooses, and a compact JWS. The key is judged by the very code that reads
keys for the server. Which algorithms are accepted is decided by the kind of
key alone: a shared secret may make MACs, a public key never.

`unsupported` is said only of what we knowingly do not do (JSON serialization,
a kind of key or curve we have no algorithm for); everything else that is not
genuine is a `reject`.
"""

from collections.abc import Mapping

from keystead_core.jose import errors
from keystead_core.jose.algorithms import ALGORITHMS, PublicKey, SymmetricKey
from keystead_core.jose.jwk import Jwk, parse_public_jwk, parse_symmetric_jwk
from keystead_core.jose.jwks import parse_jwk_set, parse_public_jwk_set
from keystead_core.jose.jws import ReceivedJws, parse, verify_received

_MACS = frozenset({"HS256", "HS384", "HS512"})
_SIGNATURES = frozenset(ALGORITHMS) - _MACS


def judge(record: Mapping[str, object]) -> tuple[str, str]:
    """Return the verdict and the reason: accept, reject or unsupported."""
    key, token = record.get("key"), record.get("jws")
    if not isinstance(key, dict):
        return "reject", "record_malformed: 'key' must be an object"
    if isinstance(token, dict):
        return "unsupported", "jws_json_serialization"
    if not isinstance(token, str):
        return "reject", "record_malformed: 'jws' must be a string"
    try:
        received = parse(token)
        verify_received(received, *_key_and_algorithms(key, received))
    except errors.KeyTypeNotSupported as refused:
        return "unsupported", f"{refused.code}: {refused}"
    except errors.JoseError as refused:
        return "reject", f"{refused.code}: {refused}"
    return "accept", "ok"


def _key_and_algorithms(
    document: dict[str, object], received: ReceivedJws
) -> tuple[Jwk[PublicKey] | Jwk[SymmetricKey], frozenset[str]]:
    entries = document.get("keys", [document])
    if isinstance(entries, list) and entries and all(_is_secret(entry) for entry in entries):
        return _choose_secret(document, received), _MACS
    if "keys" in document:
        return parse_public_jwk_set(document).find(received.kid), _SIGNATURES
    return parse_public_jwk(document), _SIGNATURES


def _choose_secret(document: dict[str, object], received: ReceivedJws) -> Jwk[SymmetricKey]:
    if "keys" in document:
        return parse_jwk_set(document, parse_symmetric_jwk).find(received.kid)
    return parse_symmetric_jwk(document)


def _is_secret(members: object) -> bool:
    return isinstance(members, dict) and members.get("kty") == "oct"
