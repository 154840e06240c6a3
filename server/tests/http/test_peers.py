"""Whose address is counted and logged when there are proxies."""

import pytest
from keystead_testkit.office import Office

OPTIONS = "/contoso/sign-in/options"
ASSERTION = "/contoso/sign-in/assertion"


def address_seen(office: Office, peer: str, forwarded: str | None) -> str:
    browser = office.http(address=peer)
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    options = browser.post_json(OPTIONS, {}).json()
    browser.post_json(ASSERTION, office.passkey.answer_to(options), **headers)
    return office.rows[-1].client_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.2", None, "10.0.0.2"),
        ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "198.51.100.1, 10.0.0.3", "198.51.100.1"),
        ("10.0.0.2", "1.1.1.1, 198.51.100.1, 10.0.0.3", "198.51.100.1"),
        ("10.0.0.2", "10.0.0.4, 10.0.0.3", "10.0.0.4"),
        ("10.0.0.2", ", ,", "10.0.0.2"),
    ],
)
def test_a_forwarded_address_is_believed_from_listed_proxies_and_no_further(
    peer: str, forwarded: str | None, seen: str
) -> None:
    office = Office(trusted_proxies=("10.0.0.0/8",))

    assert address_seen(office, peer, forwarded) == seen


def test_without_listed_proxies_nobody_is_believed(office: Office) -> None:
    assert address_seen(office, "127.0.0.1", "198.51.100.1") == "127.0.0.1"


@pytest.mark.parametrize("hop", ["x" * 5000, "<script>", "unknown", "198.51.100.1:4711", "[2001:db8::1]:4711"])
def test_what_a_proxy_says_that_is_no_address_is_not_taken_for_one(hop: str) -> None:
    seen = address_seen(Office(trusted_proxies=("10.0.0.0/8",)), "10.0.0.2", hop)

    assert seen in ("10.0.0.2", "198.51.100.1", "2001:db8::1")
