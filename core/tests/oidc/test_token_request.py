"""The token endpoint's input: who the client says it is, which code, which verifier."""

import base64

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.oidc import errors
from keystead_core.oidc.client_auth import AuthenticationMethod, PresentedClient, parse_client_authentication
from keystead_core.oidc.pkce import check_verifier, is_s256_challenge, s256_challenge
from keystead_core.oidc.token_request import AuthorizationCodeGrant, parse_token_request
from requests.auth import _basic_auth_str

# RFC 7636 Appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
HONEST = {
    "grant_type": "authorization_code",
    "code": "c0de",
    "redirect_uri": "https://app.example.com/callback",
    "code_verifier": VERIFIER,
}


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def refusal_of_client(authorization: list[str], body: list[tuple[str, str]]) -> tuple[str, int]:
    with pytest.raises(errors.TokenError) as refused:
        parse_client_authentication(authorization, body)
    return refused.value.error, refused.value.status


def refusal_of_request(pairs: list[tuple[str, str]]) -> str:
    with pytest.raises(errors.TokenError) as refused:
        parse_token_request(pairs)
    return refused.value.code


def lying(**lies: str | None) -> list[tuple[str, str]]:
    return [(name, value) for name, value in {**HONEST, **lies}.items() if value is not None]


# --- PKCE ------------------------------------------------------------------


def test_accepts_the_published_verifier() -> None:
    check_verifier(CHALLENGE, VERIFIER)

    assert s256_challenge(VERIFIER) == CHALLENGE


@given(st.text(alphabet="ABCxyz019-._~", min_size=43, max_size=128))
def test_authlib_makes_the_same_challenge(verifier: str) -> None:
    check_verifier(create_s256_code_challenge(verifier), verifier)

    assert is_s256_challenge(s256_challenge(verifier))


@pytest.mark.parametrize("verifier", [VERIFIER[:-1] + "j", VERIFIER + "A", VERIFIER.swapcase(), CHALLENGE])
def test_refuses_another_verifier(verifier: str) -> None:
    with pytest.raises(errors.InvalidGrant):
        check_verifier(CHALLENGE, verifier)


@pytest.mark.parametrize(
    "verifier", ["", VERIFIER[:42], "a" * 129, VERIFIER + "\n", VERIFIER + "=", VERIFIER + "+", VERIFIER + "é"]
)
def test_refuses_what_is_no_verifier(verifier: str) -> None:
    with pytest.raises(errors.InvalidRequest):
        check_verifier(CHALLENGE, verifier)


def test_the_challenge_itself_is_no_proof_as_it_would_be_with_plain() -> None:
    with pytest.raises(errors.InvalidGrant):
        check_verifier(VERIFIER, VERIFIER)


@pytest.mark.parametrize("challenge", ["", CHALLENGE[:-1], CHALLENGE + "A", CHALLENGE + "=", CHALLENGE[:-1] + "N"])
def test_knows_a_challenge_that_no_verifier_has(challenge: str) -> None:
    assert not is_s256_challenge(challenge)


# --- the client ------------------------------------------------------------


def test_a_public_client_names_itself() -> None:
    assert parse_client_authentication([], [("client_id", "app")]) == PresentedClient("app", AuthenticationMethod.NONE)


def test_a_secret_may_come_in_the_body() -> None:
    presented = parse_client_authentication([], [("client_id", "app"), ("client_secret", "s3 cret")])

    assert presented == PresentedClient("app", AuthenticationMethod.CLIENT_SECRET_POST, "s3 cret")


def test_a_secret_may_come_in_the_header() -> None:
    presented = parse_client_authentication([basic("app:s3cret")], [("client_id", "app")])

    assert presented == PresentedClient("app", AuthenticationMethod.CLIENT_SECRET_BASIC, "s3cret")
    assert parse_client_authentication([_basic_auth_str("app", "s3cret")], []) == presented


def test_the_header_is_form_encoded_before_it_is_joined() -> None:
    presented = parse_client_authentication([basic("a%3App:s+3%3A%25%2B")], [])

    assert (presented.client_id, presented.secret) == ("a:pp", "s 3:%+")


def test_a_secret_does_not_show_itself() -> None:
    assert "s3cret" not in repr(PresentedClient("app", AuthenticationMethod.CLIENT_SECRET_POST, "s3cret"))
    assert VERIFIER not in repr(parse_token_request(lying()))


def test_refuses_two_ways_at_once() -> None:
    body = [("client_id", "app"), ("client_secret", "s3cret")]

    assert refusal_of_client([basic("app:s3cret")], body) == ("invalid_request", 400)
    assert refusal_of_client([basic("app:s3cret")] * 2, []) == ("invalid_request", 400)
    assert refusal_of_client([], [*body, ("client_id", "app")]) == ("invalid_request", 400)
    assert refusal_of_client([], [*body, ("client_secret", "s3cret")]) == ("invalid_request", 400)


def test_refuses_a_body_that_names_another_client_than_the_header() -> None:
    assert refusal_of_client([basic("app:s3cret")], [("client_id", "other")]) == ("invalid_request", 400)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Bearer abc",
        "Basic !!!!",
        "Basic YXBwOnM=, Basic YXBwOnM=",
        "Basic YXBwOnM=\n",
        "Basic YXBwOn",
        "Basic " + "YXBw" * 2000,
        basic("app"),
        basic(":s3cret"),
        basic("app:"),
        basic("äpp:s3cret"),
        basic("app:%ff"),
        basic("app:%00"),
        basic("ap%0ap:s3cret"),
        basic("app:" + "a" * 513),
        "Basic " + base64.b64encode(b"app:\xff").decode(),
    ],
)
def test_refuses_a_header_that_is_not_basic(header: str) -> None:
    assert refusal_of_client([header], []) == ("invalid_client", 401)


def test_refuses_what_names_no_client() -> None:
    assert refusal_of_client([], []) == ("invalid_client", 401)
    assert refusal_of_client([], [("client_id", ""), ("client_secret", "s3cret")]) == ("invalid_client", 401)


@pytest.mark.parametrize("name", ["client_assertion", "client_assertion_type"])
def test_refuses_assertions_rather_than_ignoring_them(name: str) -> None:
    assert refusal_of_client([], [("client_id", "app"), (name, "a.b.c")]) == ("invalid_client", 401)


@pytest.mark.parametrize("value", ["a" * 513, "a\nb", "a\x00"])
def test_refuses_secrets_that_nobody_was_given(value: str) -> None:
    assert refusal_of_client([], [("client_id", "app"), ("client_secret", value)]) == ("invalid_request", 400)


# --- the grant -------------------------------------------------------------


def test_reads_an_authorization_code_grant() -> None:
    grant = parse_token_request([*lying(), ("client_id", "app"), ("resource", "a"), ("resource", "b")])

    assert grant == AuthorizationCodeGrant("c0de", HONEST["redirect_uri"], VERIFIER)


@pytest.mark.parametrize("name", HONEST)
def test_every_parameter_is_needed_and_only_once(name: str) -> None:
    assert refusal_of_request(lying(**{name: None})) == "invalid_request"
    assert refusal_of_request(lying(**{name: ""})) == "invalid_request"
    assert refusal_of_request([*lying(), (name, HONEST[name])]) == "invalid_request"
    assert refusal_of_request(lying(**{name: "a" * 3000})) == "invalid_request"
    assert refusal_of_request(lying(**{name: HONEST[name] + "\n"})) == "invalid_request"


@pytest.mark.parametrize(
    "grant_type", ["password", "refresh_token", "client_credentials", "implicit", "Authorization_Code"]
)
def test_refuses_every_other_grant(grant_type: str) -> None:
    assert refusal_of_request(lying(grant_type=grant_type)) == "unsupported_grant_type"


def test_says_what_is_wrong_with_a_parameter() -> None:
    with pytest.raises(errors.InvalidRequest) as refused:
        parse_token_request([*lying(), ("code", "other")])

    assert refused.value.description == "code is given more than once"


def test_refuses_a_verifier_that_is_none_before_the_code_is_spent() -> None:
    assert refusal_of_request(lying(code_verifier="short")) == "invalid_request"
