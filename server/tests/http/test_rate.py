"""How often somebody may ask, and who counts as one."""

import pytest
from keystead_server.http.rate import RateLimits, rate_key
from keystead_server.http.route import Limit
from keystead_testkit.office import Office

OPTIONS = "/contoso/sign-in/options"


def test_too_many_requests_are_told_when_to_come_again(office: Office) -> None:
    office = Office(rate_limit_scale=1.0)
    browser = office.http()
    for _ in range(60):
        assert browser.post_json(OPTIONS, {}).status_code == 200

    refused = browser.post_json(OPTIONS, {})

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["code"] == "too_many_requests"
    office.advance(seconds=0.5)
    assert browser.post_json(OPTIONS, {}).status_code == 200


def test_another_address_is_counted_by_itself() -> None:
    office = Office(rate_limit_scale=0.1)
    near, far = office.http(address="192.0.2.1"), office.http(address="192.0.2.2")

    spent = [near.post_json(OPTIONS, {}).status_code for _ in range(7)]

    assert spent == [200] * 6 + [429]
    assert far.post_json(OPTIONS, {}).status_code == 200


def test_what_is_refused_for_another_reason_counts_too() -> None:
    office = Office(rate_limit_scale=0.1)
    browser = office.http()

    answers = [browser.send("POST", OPTIONS, content=b"{}").status_code for _ in range(7)]

    assert answers == [415] * 6 + [429]


def test_health_is_never_limited() -> None:
    browser = Office(rate_limit_scale=0.01).http()

    assert {browser.get("/healthz").status_code for _ in range(20)} == {200}


@pytest.mark.parametrize("scale", [0.001, 0.05, 1.0, 10.0])
def test_however_small_the_scale_somebody_who_waits_is_served(scale: float) -> None:
    limits, limit = RateLimits(scale), Limit("typing", 10, 10)

    assert limits.wait(limit, "192.0.2.1", 1000.0) == 0
    assert limits.wait(limit, "192.0.2.1", 1000.0 + 60 / (10 * scale) + 1) == 0


def test_a_limit_forgets_nobody_who_still_owes() -> None:
    limits, limit = RateLimits(), Limit("typing", 10, 2)
    for _ in range(2):
        assert limits.wait(limit, "attacker", 0.0) == 0
    for number in range(1000):
        limits.wait(limit, f"other {number}", 0.0)

    assert limits.wait(limit, "attacker", 0.0) > 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8:0:0:ffff::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ],
)
def test_one_machine_is_counted_once_whatever_addresses_it_has(one: str, other: str, same: bool) -> None:
    assert (rate_key(one) == rate_key(other)) is same
