"""What our tokens say: ID token (OpenID Connect Core §2), access token (RFC 9068), userinfo (§5.3).

`tid` and `oid` name tenant and person for good; `sub` names the person to one
app; `preferred_username`, `name` and `email` may change hands, come only with
their scope, and an unverified address never leaves the house: apps join
accounts by it.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from keystead_core.fast_init import fast_init
from keystead_core.wire.base64url import b64url_encode

Claims: TypeAlias = dict[str, object]

ID_TOKEN_TYPE = "JWT"
ACCESS_TOKEN_TYPE = "at+jwt"
"""RFC 9068 §2.1. What keeps an ID token from being shown to an API."""

APP_TOKEN = "app"
"""`idtyp` of a token that an app got for itself."""

_HASHES = {
    "ES256": "sha256",
    "ES384": "sha384",
    "ES512": "sha512",
    "RS256": "sha256",
    "PS256": "sha256",
    "EdDSA": "sha512",  # RFC 8032 §5.1: Ed25519 hashes with SHA-512
    "Ed25519": "sha512",
}


@fast_init
@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in.

    Attributes:
        sub: the person's name towards this app.
        oid: the person's one name in the tenant.
    """

    sub: str
    oid: str
    tid: str
    preferred_username: str
    name: str
    email: str | None = None
    email_verified: bool = False


@fast_init
@dataclass(frozen=True, slots=True)
class Authentication:
    """How, and in which session.

    Attributes:
        acrs: authentication contexts that the app asked for and the sign-in satisfies.
    """

    authenticated_at: datetime
    acr: str
    amr: tuple[str, ...]
    sid: str
    acrs: tuple[str, ...] = ()


@fast_init
@dataclass(frozen=True, slots=True)
class Conditions:
    """What policy tells an API about the session, in the names that Entra's tokens have.

    Attributes:
        capabilities: `xms_cc`: the app said that it can answer a claims challenge.
        restricted: the app is to restrict what can be done: `controls` has `app_res`.
        state: `signin_state`: what is known of browser and device; told where restrictions are asked for.
    """

    capabilities: tuple[str, ...] = ()
    restricted: bool = False
    state: tuple[str, ...] = ()

    def claims(self) -> Claims:
        told: Claims = {"xms_cc": list(self.capabilities)} if self.capabilities else {}
        return told | {"controls": ["app_res"], "signin_state": list(self.state)} if self.restricted else told


UNCONDITIONAL = Conditions()


@fast_init
@dataclass(frozen=True, slots=True)
class Issue:
    """By whom, to which client, from when and for how long."""

    issuer: str
    client_id: str
    issued_at: datetime
    lifetime: timedelta

    def claims(self) -> Claims:
        return {"iss": self.issuer, "iat": _seconds(self.issued_at), "exp": _seconds(self.issued_at + self.lifetime)}


def id_token_claims(
    issue: Issue,
    person: Person,
    authentication: Authentication,
    *,
    scopes: Collection[str],
    nonce: str | None,
    access_token: str,
    alg: str,
) -> Claims:
    """Claims of the ID token that goes with *access_token* and will be signed with *alg*."""
    claims = {
        **issue.claims(),
        "aud": issue.client_id,
        "sub": person.sub,
        "tid": person.tid,
        "oid": person.oid,
        **_authentication_claims(authentication),
        **_claims_of_scopes(person, scopes),
        "at_hash": at_hash(access_token, alg),
    }
    # §3.1.3.7: if it was sent it must come back, and a client that sent none must find none.
    if nonce is not None:
        claims["nonce"] = nonce
    return claims


def access_token_claims(
    issue: Issue,
    person: Person,
    authentication: Authentication,
    *,
    audience: str | list[str],
    scopes: Collection[str],
    token_id: str,
    conditions: Conditions = UNCONDITIONAL,
) -> Claims:
    """Claims of an access token for *audience*; its header says `at+jwt`."""
    scope = " ".join(scopes)
    return {
        **issue.claims(),
        "aud": audience,
        "client_id": issue.client_id,
        "jti": token_id,
        "sub": person.sub,
        "tid": person.tid,
        "oid": person.oid,
        "scope": scope,
        "scp": scope,
        **_authentication_claims(authentication),
        **conditions.claims(),
    }


def app_token_claims(issue: Issue, *, tenant: str, audience: str, roles: Collection[str], token_id: str) -> Claims:
    """Claims of an access token for an app by itself.

    RFC 9068 §2.2: without a resource owner, "sub" names the client. `idtyp` is what tells such a token
    from a person's, so that a client's id is never taken for somebody's.
    """
    return {
        **issue.claims(),
        "aud": audience,
        "client_id": issue.client_id,
        "jti": token_id,
        "sub": issue.client_id,
        "tid": tenant,
        "oid": issue.client_id,
        "idtyp": APP_TOKEN,
        "roles": sorted(roles),
    }


def userinfo_claims(person: Person, scopes: Collection[str]) -> Claims:
    """§5.3.2: "The sub (subject) Claim MUST always be returned"; the rest as the scopes allow."""
    return {"sub": person.sub, "tid": person.tid, "oid": person.oid, **_claims_of_scopes(person, scopes)}


def at_hash(access_token: str, alg: str) -> str:
    """§3.1.3.6: the left half of the token's hash, by the hash of the ID token's algorithm."""
    digest = hashlib.new(_HASHES[alg], access_token.encode("ascii")).digest()
    return b64url_encode(digest[: len(digest) // 2])


def _authentication_claims(authentication: Authentication) -> Claims:
    claims: Claims = {
        "auth_time": _seconds(authentication.authenticated_at),
        "acr": authentication.acr,
        "amr": list(authentication.amr),
        "sid": authentication.sid,
    }
    return claims | {"acrs": list(authentication.acrs)} if authentication.acrs else claims


def _claims_of_scopes(person: Person, scopes: Collection[str]) -> Claims:
    claims: Claims = {}
    if "profile" in scopes:
        claims["preferred_username"] = person.preferred_username
        claims["name"] = person.name
    if "email" in scopes and person.email is not None and person.email_verified:
        claims["email"] = person.email
        claims["email_verified"] = True
    return claims


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
