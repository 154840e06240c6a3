"""What our tokens and our metadata say, to us and to Authlib."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from keystead_core.oidc.claims import (
    Authentication,
    Issue,
    Person,
    access_token_claims,
    at_hash,
    id_token_claims,
    userinfo_claims,
)
from keystead_core.oidc.discovery import CLAIMS, Endpoints, provider_metadata
from keystead_core.wire.base64url import b64url_encode

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ENDPOINTS = Endpoints("https://id.example.org", "contoso")
ISSUE = Issue(ENDPOINTS.issuer, "app", NOW, timedelta(hours=1))
ADA = Person("pairwise-ada", "oid-ada", "tid-contoso", "ada@contoso.example", "Ada Lovelace", "ada@example.org", True)
WITH_PASSKEY = Authentication(NOW - timedelta(seconds=5), "phrh", ("hwk", "pin", "mfa"), "session-1")
ALL = ("openid", "profile", "email")


def id_token(person: Person = ADA, scopes: tuple[str, ...] = ALL, nonce: str | None = "n0nce") -> dict[str, object]:
    return id_token_claims(ISSUE, person, WITH_PASSKEY, scopes=scopes, nonce=nonce, access_token="a.b.c", alg="ES256")


def test_an_id_token_says_who_how_when_and_for_whom() -> None:
    assert id_token() == {
        "iss": "https://id.example.org/contoso/v2.0",
        "sub": "pairwise-ada",
        "tid": "tid-contoso",
        "oid": "oid-ada",
        "aud": "app",
        "iat": 1795348800,
        "exp": 1795352400,
        "auth_time": 1795348795,
        "nonce": "n0nce",
        "acr": "phrh",
        "amr": ["hwk", "pin", "mfa"],
        "sid": "session-1",
        "at_hash": b64url_encode(hashlib.sha256(b"a.b.c").digest()[:16]),
        "preferred_username": "ada@contoso.example",
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "email_verified": True,
    }


def test_authlib_accepts_our_id_token() -> None:
    claims = CodeIDToken(
        id_token(),
        {"alg": "ES256"},
        {"iss": {"values": [ENDPOINTS.issuer]}},
        {"nonce": "n0nce", "client_id": "app", "access_token": "a.b.c"},
    )

    claims.validate(now=int(NOW.timestamp()))


def test_a_client_that_sent_no_nonce_finds_none() -> None:
    assert "nonce" not in id_token(nonce=None)


def test_names_come_only_with_their_scope() -> None:
    bare = id_token(scopes=("openid",))

    assert not {"preferred_username", "name", "email", "email_verified"} & bare.keys()
    assert bare["sub"] == "pairwise-ada"


def test_an_address_nobody_verified_never_leaves_the_house() -> None:
    unverified = Person("s", "o", "t", "u", "n", "ada@example.org", email_verified=False)
    without = Person("s", "o", "t", "u", "n", None, email_verified=True)

    for person in (unverified, without):
        for claims in (id_token(person), userinfo_claims(person, ALL)):
            assert not {"email", "email_verified"} & claims.keys()


def test_userinfo_always_says_sub() -> None:
    assert userinfo_claims(ADA, ("openid",)) == {"sub": "pairwise-ada", "tid": "tid-contoso", "oid": "oid-ada"}
    assert userinfo_claims(ADA, ALL)["name"] == "Ada Lovelace"


def test_an_access_token_has_the_claims_of_rfc_9068() -> None:
    claims = access_token_claims(ISSUE, ADA, WITH_PASSKEY, audience="api", scopes=ALL, token_id="t0ken")

    # §2.2: "iss", "exp", "aud", "sub", "client_id", "iat", "jti" are REQUIRED.
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= claims.keys()
    assert (claims["aud"], claims["client_id"], claims["jti"]) == ("api", "app", "t0ken")
    assert claims["scope"] == claims["scp"] == "openid profile email"
    assert (claims["tid"], claims["oid"], claims["sid"]) == ("tid-contoso", "oid-ada", "session-1")
    # An API that wants a name asks for it; a token in a log should hold none.
    assert not {"name", "preferred_username", "email", "nonce"} & claims.keys()


def test_at_hash_is_the_published_one() -> None:
    # OpenID Connect Core, Appendix A.3.
    assert at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"


@pytest.mark.parametrize(("alg", "size"), [("ES256", 16), ("ES384", 24), ("ES512", 32), ("EdDSA", 32)])
def test_at_hash_follows_the_algorithm(alg: str, size: int) -> None:
    assert len(at_hash("a.b.c", alg)) == (size * 8 + 5) // 6


# --- metadata --------------------------------------------------------------


def test_the_addresses_have_entras_shape() -> None:
    assert ENDPOINTS.issuer == "https://id.example.org/contoso/v2.0"
    assert ENDPOINTS.discovery == "https://id.example.org/contoso/v2.0/.well-known/openid-configuration"
    assert ENDPOINTS.authorize == "https://id.example.org/contoso/oauth2/v2.0/authorize"
    assert ENDPOINTS.token == "https://id.example.org/contoso/oauth2/v2.0/token"
    assert ENDPOINTS.jwks == "https://id.example.org/contoso/discovery/v2.0/keys"
    assert ENDPOINTS.userinfo == "https://id.example.org/contoso/oidc/userinfo"
    assert ENDPOINTS.logout == "https://id.example.org/contoso/oauth2/v2.0/logout"


@pytest.mark.parametrize("standard", [OpenIDProviderMetadata, AuthorizationServerMetadata])
def test_authlib_accepts_our_metadata(standard: type[AuthorizationServerMetadata]) -> None:
    standard(provider_metadata(ENDPOINTS, acr_values=["phrh", "phr"])).validate()


def test_the_metadata_promises_what_is_kept() -> None:
    metadata = provider_metadata(ENDPOINTS, acr_values=["phrh"], subject_types=["pairwise"])

    assert metadata["response_types_supported"] == ["code"]
    assert metadata["response_modes_supported"] == ["query", "form_post"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["token_endpoint_auth_methods_supported"] == ["none", "client_secret_basic", "client_secret_post"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["request_parameter_supported"] is False
    assert metadata["request_uri_parameter_supported"] is False
    assert metadata["subject_types_supported"] == ["pairwise"]
    assert metadata["acr_values_supported"] == ["phrh"]
    assert "acr_values_supported" not in provider_metadata(ENDPOINTS)


def test_every_claim_of_an_id_token_is_announced() -> None:
    with_contexts = replace(WITH_PASSKEY, acrs=("c1",))
    told = id_token_claims(ISSUE, ADA, with_contexts, scopes=ALL, nonce="n0nce", access_token="a.b.c", alg="ES256")

    assert set(CLAIMS) == told.keys()
