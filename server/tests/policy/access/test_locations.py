"""Named locations: read, written, and which of them a place is in (§4.5)."""

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.location_document import location_to_json, read_location
from keystead_server.policy.access.locations import AddressRange, IpLocation, Places

OFFICE = {
    "@odata.type": "#microsoft.graph.ipNamedLocation",
    "id": "office",
    "displayName": "Office",
    "isTrusted": True,
    "ipRanges": [
        {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"},
        {"@odata.type": "#microsoft.graph.iPv6CidrRange", "cidrAddress": "2001:db8::/32"},
        {"@odata.type": "#microsoft.graph.iPv4Range", "lowerAddress": "198.51.100.7", "upperAddress": "198.51.100.9"},
    ],
}
HOME = {
    "@odata.type": "#microsoft.graph.countryNamedLocation",
    "id": "home",
    "displayName": "Home",
    "countriesAndRegions": ["DE", "AT"],
    "includeUnknownCountriesAndRegions": False,
    "countryLookupMethod": "clientIpAddress",
}
PLACES = Places(
    [read_location(OFFICE).location, read_location({**HOME, "includeUnknownCountriesAndRegions": True}).location]
)


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("203.0.113.0", True), ("203.0.113.255", True), ("203.0.112.255", False), ("203.0.114.0", False),
        ("198.51.100.6", False), ("198.51.100.7", True), ("198.51.100.9", True), ("198.51.100.10", False),
        ("2001:db8::1", True), ("2001:db9::", False), ("::", False), ("255.255.255.255", False), ("0.0.0.0", False),
    ],
)  # fmt: skip
def test_an_address_is_in_a_range_with_its_ends(address: str, inside: bool) -> None:
    assert PLACES.of_address(ip_address(address)) == ({"office"} if inside else set())


def test_an_ipv4_address_written_as_ipv6_is_the_same_place() -> None:
    assert PLACES.of_address(ip_address("::ffff:203.0.113.9")) == {"office"}


def test_a_place_without_country_is_only_where_unknown_countries_are_included() -> None:
    assert PLACES.of_country("DE") == {"home"}
    assert PLACES.of_country("FR") == frozenset()
    assert PLACES.of_country(None) == {"home"}
    assert Places([read_location(HOME).location]).of_country(None) == frozenset()


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.sampled_from("abc")), max_size=8), st.integers(0, 90)
)
def test_pieces_say_what_every_range_would(ranges: list[tuple[int, int, str]], number: int) -> None:
    locations = [
        IpLocation(
            name,
            name,
            tuple(
                AddressRange(ip_address(f"::{a:x}"), ip_address(f"::{a + n:x}")) for a, n, of in ranges if of == name
            ),
        )
        for name in "abc"
    ]

    assert Places(locations).of_address(ip_address(f"::{number:x}")) == {
        name for first, length, name in ranges if first <= number <= first + length
    }


@pytest.mark.parametrize("body", [OFFICE, HOME], ids=["addresses", "countries"])
def test_written_and_read_again_it_is_the_same(body: dict[str, Any]) -> None:
    imported = read_location(body)

    assert imported.notes == ()
    assert read_location(location_to_json(imported.location)).location == imported.location


def test_what_is_read_otherwise_is_noted() -> None:
    host_bits = {"id": "x", "displayName": "X", "ipRanges": ["203.0.113.9/24"]}
    gps = {**HOME, "countriesAndRegions": ["de"], "countryLookupMethod": "authenticatorAppGps", "version": 2}

    assert [note.target for note in read_location(host_bits).notes] == [
        "@odata.type", "ipRanges[0]", "ipRanges[0].cidrAddress",
    ]  # fmt: skip
    assert [note.target for note in read_location(gps).notes] == [
        "countriesAndRegions", "countryLookupMethod", "version",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ("AllTrusted", "$"),
        ({**OFFICE, "displayName": None}, "displayName"),
        ({**OFFICE, "ipRanges": []}, "ipRanges"),
        ({**OFFICE, "ipRanges": [{"cidrAddress": "300.0.0.0/8"}]}, "ipRanges[0].cidrAddress"),
        ({**OFFICE, "ipRanges": [{"lowerAddress": "10.0.0.9", "upperAddress": "10.0.0.1"}]}, "ipRanges[0]"),
        ({**OFFICE, "ipRanges": [{"lowerAddress": "10.0.0.9", "upperAddress": "::1"}]}, "ipRanges[0]"),
        ({**HOME, "countriesAndRegions": ["Germany"]}, "countriesAndRegions"),
        ({**HOME, "countriesAndRegions": []}, "countriesAndRegions"),
        ({**HOME, "countryLookupMethod": "crystalBall"}, "countryLookupMethod"),
        ({"displayName": "neither"}, "@odata.type"),
    ],
)
def test_refuses_what_is_no_location(body: Any, target: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_location(body)

    assert (refused.value.code, refused.value.target) == ("policy_malformed", target)
