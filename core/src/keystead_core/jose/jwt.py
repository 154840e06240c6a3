"""JSON Web Tokens (RFC 7519): is this genuine token for us, from them, now?

    verify_jwt      signature and claims; the claims are believed only together
    check_claims    the claims alone, of a payload that was verified

Time comes as an argument, and so does the difference of clocks that is forgiven.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from keystead_core.jose.errors import (
    MalformedClaims,
    TokenExpired,
    TokenFromTheFuture,
    TokenNotYetValid,
    WrongAudience,
    WrongIssuer,
    WrongTokenType,
)
from keystead_core.jose.jwk import PublicJwk, SymmetricJwk
from keystead_core.jose.jws import VerifiedJws, verify
from keystead_core.wire.errors import BadJson
from keystead_core.wire.strict_json import json_decode_object

LATEST_MOMENT = 2**53
"""Seconds; beyond it a JSON number no longer counts one by one."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say.

    Attributes:
        typ: the header's `typ`, "at+jwt" say: what keeps a token of one kind from being
            taken for another (RFC 8725 §3.11).
        skew: how far the issuer's clock may be from ours, either way.
    """

    issuer: str
    audience: str
    typ: str
    skew: timedelta = timedelta(0)


def verify_jwt(
    token: str, key: PublicJwk | SymmetricJwk, algorithms: Collection[str], expected: Expected, *, now: datetime
) -> Mapping[str, object]:
    """Return the claims of a token that is genuine, for us, and valid at *now*.

    Raises:
        JoseError: the first check that failed, as its own subclass.
    """
    verified = verify(token, key, algorithms)
    check_type(verified, expected.typ)
    claims = claims_of(verified)
    check_claims(claims, expected, now=now)
    return claims


def claims_of(verified: VerifiedJws) -> Mapping[str, object]:
    try:
        return json_decode_object(verified.payload)
    except BadJson as why:
        raise MalformedClaims(f"the claims are not a JSON object: {why}") from None


def check_type(verified: VerifiedJws, typ: str) -> None:
    stated = verified.header.get("typ")
    if not isinstance(stated, str) or _media_type(stated) != _media_type(typ):
        raise WrongTokenType(f"a token of type {stated!r}, not {typ!r}")


def _media_type(typ: str) -> str:
    # RFC 7515 §4.1.9: a recipient "MUST treat it as if "application/" were prepended".
    lowered = typ.lower()
    return lowered if "/" in lowered else f"application/{lowered}"


def check_claims(claims: Mapping[str, object], expected: Expected, *, now: datetime) -> None:
    if claims.get("iss") != expected.issuer:
        raise WrongIssuer(f"issued by {claims.get('iss')!r}, not {expected.issuer!r}")
    if expected.audience not in _audiences(claims):
        raise WrongAudience(f"for {claims.get('aud')!r}, not {expected.audience!r}")
    _check_times(claims, expected.skew.total_seconds(), now.timestamp())


def _audiences(claims: Mapping[str, object]) -> list[object]:
    # A string is one audience: `in` on the string itself would let part of a name match.
    stated = claims.get("aud")
    return stated if isinstance(stated, list) else [stated]


def _check_times(claims: Mapping[str, object], skew_seconds: float, now: float) -> None:
    # RFC 7519 §4.1.4: "on or after which the JWT MUST NOT be accepted".
    if now >= _moment(claims, "exp") + skew_seconds:
        raise TokenExpired("the token has expired")
    if "nbf" in claims and now < _moment(claims, "nbf") - skew_seconds:
        raise TokenNotYetValid("the token is not valid yet")
    if now < _moment(claims, "iat") - skew_seconds:
        raise TokenFromTheFuture("the token was issued in the future")


def _moment(claims: Mapping[str, object], name: str) -> float:
    value = claims.get(name)
    # `true` is an int in Python; a number without end, or NaN, would never be found expired.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LATEST_MOMENT:
        raise MalformedClaims(f"{name!r} must be a number of seconds")
    return value
