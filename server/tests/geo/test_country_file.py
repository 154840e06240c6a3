"""The file of places: what it knows is found, and nothing that becomes of it stops the server or a person."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from keystead_server.domain.place import NOWHERE, Place
from keystead_server.geo.country_file import LATE_AFTER, CountryFile
from keystead_server.main.asgi import pick_up_places_forever
from keystead_server.ports.geo_ip import NoGeoIp
from keystead_testkit.country_file import BUILT_AT, country, country_file
from keystead_testkit.loop import run

DE, FR = ip_address("203.0.113.9"), ip_address("2001:db8::1")
PLACES = {"203.0.113.0/24": country("DE", at=(52.5, 13.4)), "2001:db8::/32": country("FR")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "countries.mmdb"
    path.write_bytes(country_file(PLACES))
    return path


def replaced(path: Path, content: bytes, *, seconds: int) -> None:
    path.write_bytes(content)
    os.utime(path, (BUILT_AT + seconds, BUILT_AT + seconds))


def test_finds_the_country_of_an_address_and_its_coordinates_where_the_file_has_them(path: Path) -> None:
    places = CountryFile(path)

    assert places.problem is None
    assert places.place_of(DE) == Place("DE", 52.5, 13.4)
    assert places.place_of(FR) == Place("FR")
    assert places.country(FR) == "FR"


def test_an_ipv4_address_that_comes_as_ipv6_is_where_it_is(path: Path) -> None:
    assert CountryFile(path).place_of(ip_address("::ffff:203.0.113.9")).country == "DE"


def test_an_address_that_the_file_does_not_know_is_in_no_country(path: Path) -> None:
    assert CountryFile(path).place_of(ip_address("192.0.2.1")) == NOWHERE


def test_without_a_file_every_address_is_in_no_country(tmp_path: Path) -> None:
    places = CountryFile(tmp_path / "missing.mmdb")

    assert places.place_of(DE) == NoGeoIp().place_of(DE) == NOWHERE
    assert NoGeoIp().country(DE) is None
    assert places.problem is not None
    assert places.problem.code == "geoip_file_unusable"


def test_a_file_that_comes_later_is_picked_up(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    places = CountryFile(path)
    path.write_bytes(content)

    assert places.pick_up()
    assert places.problem is None
    assert places.place_of(DE).country == "DE"


def test_a_newer_file_is_picked_up_and_the_same_one_is_not_read_again(path: Path) -> None:
    places = CountryFile(path)
    assert not places.pick_up()

    replaced(path, country_file({"203.0.113.0/24": country("AT")}), seconds=5)

    assert places.pick_up()
    assert places.place_of(DE).country == "AT"


@pytest.mark.parametrize("content", [b"", b"not a file of places", b"\xab\xcd\xefMaxMind.com"])
def test_a_broken_file_leaves_the_last_good_one_in_force(path: Path, content: bytes) -> None:
    places = CountryFile(path)
    replaced(path, content, seconds=5)

    assert not places.pick_up()
    assert places.problem is not None
    assert places.place_of(DE).country == "DE"


def test_a_file_whose_data_are_cut_off_puts_an_address_nowhere_and_raises_nothing(path: Path) -> None:
    whole = path.read_bytes()
    marker = whole.rindex(b"\xab\xcd\xefMaxMind.com")
    replaced(path, whole[: marker - 120] + whole[marker:], seconds=5)

    assert CountryFile(path).place_of(DE) == NOWHERE


def test_a_late_file_stays_in_force_and_is_said_to_be_late(path: Path) -> None:
    places = CountryFile(path)
    built_at = datetime.fromtimestamp(BUILT_AT, UTC)

    assert not places.is_late(built_at + LATE_AFTER)
    assert places.is_late(built_at + LATE_AFTER + timedelta(seconds=1))
    assert places.place_of(DE).country == "DE"


def test_an_entry_without_a_country_says_where_its_network_is_registered(tmp_path: Path) -> None:
    path = tmp_path / "countries.mmdb"
    said = {"registered_country": {"iso_code": "NL"}}
    path.write_bytes(country_file({"203.0.113.0/24": said, "192.0.2.0/24": {"country": {"iso_code": "odd"}}}))

    assert CountryFile(path).place_of(DE) == Place("NL")
    assert CountryFile(path).place_of(ip_address("192.0.2.1")) == NOWHERE


def test_a_running_server_picks_up_a_newer_file_and_goes_on_without_one(path: Path) -> None:
    places = CountryFile(path)

    async def until(done: Callable[[], bool]) -> None:
        task = asyncio.create_task(pick_up_places_forever(places, round_seconds=0))
        deadline = asyncio.get_running_loop().time() + 10
        while not done() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110  another task is waited for
            await asyncio.sleep(0.001)
        task.cancel()

    path.unlink()
    run(until(lambda: places.problem is not None))
    assert places.place_of(DE).country == "DE"

    replaced(path, country_file({"203.0.113.0/24": country("AT")}), seconds=5)
    run(until(lambda: places.problem is None))
    assert places.place_of(DE).country == "AT"
