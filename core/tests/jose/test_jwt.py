"""Claims: a genuine token is still refused when it is not for us, from them, now."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt as second_jwt
from joserfc.jwk import ECKey
from keystead_core.jose import errors
from keystead_core.jose.jwk import Jwk
from keystead_core.jose.jws import TokenSigner
from keystead_core.jose.jwt import Expected, verify_jwt

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
EXPECTED = Expected(issuer="https://id.example.org/contoso/v2.0", audience="app", typ="JWT")
SECOND = timedelta(seconds=1)


def claims(**lies: object) -> dict[str, object]:
    honest: dict[str, object] = {
        "iss": EXPECTED.issuer,
        "aud": "app",
        "iat": NOW.timestamp(),
        "exp": (NOW + timedelta(minutes=5)).timestamp(),
    }
    return {name: value for name, value in {**honest, **lies}.items() if value is not ...}


def check(
    payload: dict[str, object] | bytes, expected: Expected = EXPECTED, *, typ: str = "JWT", now: datetime = NOW
) -> object:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    token = TokenSigner("k1", KEY, "ES256", typ=typ).sign_claims(raw)
    return verify_jwt(token, Jwk(KEY.public_key(), "k1", "ES256"), ["ES256"], expected, now=now)


def refusal(payload: dict[str, object] | bytes, expected: Expected = EXPECTED, **when: datetime) -> str:
    with pytest.raises(errors.ClaimsRefused) as refused:
        check(payload, expected, **when)  # type: ignore[arg-type]
    return refused.value.code


def test_accepts_a_token_for_us_from_them_now() -> None:
    assert check(claims()) == claims()


def test_refuses_claims_under_a_signature_that_is_not_theirs() -> None:
    token = TokenSigner("k1", ec.derive_private_key(0xE71, ec.SECP256R1()), "ES256").sign_claims(b"{}")

    with pytest.raises(errors.SignatureInvalid):
        verify_jwt(token, Jwk(KEY.public_key()), ["ES256"], EXPECTED, now=NOW)


@pytest.mark.parametrize(
    "issuer",
    [..., None, "", "https://id.example.org/contoso/v2.0/", "https://ID.example.org/contoso/v2.0", [EXPECTED.issuer]],
)
def test_refuses_another_issuer(issuer: object) -> None:
    assert refusal(claims(iss=issuer)) == "jwt_issuer"


@pytest.mark.parametrize("audience", [..., None, "", "ap", "app2", "my-app", [], ["other"], [["app"]], {"app": 1}])
def test_refuses_another_audience(audience: object) -> None:
    assert refusal(claims(aud=audience)) == "jwt_audience"


def test_accepts_one_of_several_audiences() -> None:
    check(claims(aud=["other", "app"]))


def test_a_token_ends_at_its_last_second_and_not_after() -> None:
    end = NOW + timedelta(minutes=5)

    check(claims(), now=end - SECOND)
    assert refusal(claims(), now=end) == "jwt_expired"


def test_a_token_is_not_valid_before_its_time() -> None:
    assert refusal(claims(nbf=NOW.timestamp() + 1)) == "jwt_not_yet_valid"
    check(claims(nbf=NOW.timestamp()))


def test_refuses_a_token_from_the_future() -> None:
    assert refusal(claims(), now=NOW - SECOND) == "jwt_issued_in_the_future"


def test_forgives_as_much_skew_as_the_caller_allows_and_no_more() -> None:
    lenient = Expected(EXPECTED.issuer, EXPECTED.audience, "JWT", skew=timedelta(seconds=60))
    end = NOW + timedelta(minutes=5)

    check(claims(nbf=NOW.timestamp()), lenient, now=NOW - 60 * SECOND)
    check(claims(), lenient, now=end + 59 * SECOND)
    assert refusal(claims(), lenient, now=end + 60 * SECOND) == "jwt_expired"
    assert refusal(claims(), lenient, now=NOW - 61 * SECOND) == "jwt_issued_in_the_future"
    assert refusal(claims(nbf=NOW.timestamp() + 61, iat=0), lenient) == "jwt_not_yet_valid"


@pytest.mark.parametrize("name", ["exp", "iat"])
@pytest.mark.parametrize("value", [..., None, "1800000000", True, [1800000000], 10**400, 1e300, -(10**400)])
def test_refuses_moments_that_are_not_numbers_of_seconds(name: str, value: object) -> None:
    assert refusal(claims(**{name: value})) == "jwt_malformed"


def test_refuses_a_moment_without_end() -> None:
    endless = json.dumps(claims()).replace(str(claims()["exp"]), "1e999").encode()

    assert refusal(endless) == "jwt_malformed"


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"{", b'{"iss":1,"iss":2}', b"\xff"])
def test_refuses_claims_that_are_not_one_object(payload: bytes) -> None:
    assert refusal(payload) == "jwt_malformed"


def test_a_token_of_one_kind_is_not_taken_for_another() -> None:
    with pytest.raises(errors.WrongTokenType):
        check(claims(), typ="at+jwt")
    with pytest.raises(errors.WrongTokenType):
        check(claims(), typ="")


def test_the_type_may_be_written_as_a_whole_media_type() -> None:
    access = Expected(EXPECTED.issuer, EXPECTED.audience, "at+jwt")

    assert check(claims(), access, typ="application/at+jwt")
    assert check(claims(), access, typ="AT+JWT")


def test_joserfc_reads_our_token() -> None:
    token = TokenSigner("k1", KEY, "ES256").sign_claims(json.dumps(claims()).encode())

    assert second_jwt.decode(token, ECKey.import_key(KEY.public_key()), algorithms=["ES256"]).claims == claims()
