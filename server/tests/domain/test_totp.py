"""Time-based one-time codes: the published ones, and what surrounds them."""

from datetime import UTC, datetime, timedelta

import pytest
from keystead_server.domain.totp import code_at, key_uri, looks_like_totp, readable_secret, step_at, steps_of

# RFC 6238 appendix B, the rows of SHA-1; six digits are the last six of its eight.
SECRET = b"12345678901234567890"
PUBLISHED = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "code"), PUBLISHED.items())
def test_codes_are_those_of_the_specification(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)

    assert code_at(SECRET, step_at(at)) == code[2:]


@pytest.mark.parametrize("number", range(10))
def test_counters_are_those_of_hotp(number: int) -> None:
    # RFC 4226 appendix D.
    published = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]

    assert code_at(SECRET, number) == published[number]


def test_a_code_is_found_in_the_step_of_now_and_the_two_beside_it() -> None:
    now = step_at(NOW)

    assert [steps_of(SECRET, code_at(SECRET, now + off), NOW) for off in (-2, -1, 0, 1, 2)] == [
        [], [now - 1], [now], [now + 1], [],
    ]  # fmt: skip


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345x", "١٢٣٤٥٦", "12 345", "-12345"])
def test_what_is_no_code_of_six_digits_does_not_look_like_one(typed: str) -> None:
    assert not looks_like_totp(typed)
    assert steps_of(SECRET, typed, NOW) == []


def test_an_app_reads_the_secret_from_a_picture_or_as_text() -> None:
    uri = key_uri(SECRET, issuer="Contoso: Works & Co", account="ada@contoso.example")

    assert uri == (
        "otpauth://totp/Contoso%20%20Works%20%26%20Co%3Aada%40contoso.example"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Contoso%20%20Works%20%26%20Co"
    )
    assert readable_secret(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
