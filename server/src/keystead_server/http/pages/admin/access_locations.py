"""Named locations as pages: ranges of addresses, or countries."""

import re
from collections.abc import Sequence
from ipaddress import ip_interface
from typing import Any

from keystead_server.domain.invalid import Invalid
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_items import ItemPages
from keystead_server.http.pages.admin.asked import Typed
from keystead_server.policy.access import items
from keystead_server.policy.access.location_document import read_location
from keystead_server.policy.access.locations import AddressRange, IpLocation, NamedLocation
from keystead_server.policy.access.names import listed
from keystead_server.ports.geo_ip import NoGeoIp

_COUNTRIES = "countries"
_BETWEEN_COUNTRIES = re.compile(r"[\s,;]+")
_MAX_TOLD = 3


def _is_of_countries(form: Typed) -> bool:
    return form.text("of") == _COUNTRIES


def _filled(location: NamedLocation) -> dict[str, tuple[str, ...]]:
    if isinstance(location, IpLocation):
        ranges = "\n".join(map(_range_words, location.ranges))
        return {"of": ("",), "ranges": (ranges,), "trusted": ("yes",) if location.trusted else ()}
    codes = " ".join(sorted(location.countries))
    return {"of": (_COUNTRIES,), "countries": (codes,), "unknown": ("yes",) if location.include_unknown else ()}


def _range_words(one: AddressRange) -> str:
    return f"{one.first} - {one.last}" if one.prefix is None else f"{one.first}/{one.prefix}"


def _ranges_typed(form: Typed) -> list[str]:
    return [line.strip() for line in form.text("ranges").splitlines() if line.strip()]


def _range(line: str) -> dict[str, str]:
    first, hyphen, last = line.partition("-")
    return {"lowerAddress": first.strip(), "upperAddress": last.strip()} if hyphen else {"cidrAddress": line}


def _countries_typed(form: Typed) -> list[str]:
    return [code for code in _BETWEEN_COUNTRIES.split(form.text("countries")) if code]


def _against(form: Typed) -> dict[str, str]:
    if _is_of_countries(form):
        if not _countries_typed(form) and not form.has("unknown", "yes"):
            return {"countries": "Name a country, or tick the box below."}
        return {}
    lines = _ranges_typed(form)
    if not lines:
        return {"ranges": "Write at least one range of addresses."}
    wrong = [said for said in map(_against_range, lines) if said]
    more = len(wrong) - _MAX_TOLD
    told = [*wrong[:_MAX_TOLD], *([f"{more} more are wrong."] if more > 0 else [])]
    return {"ranges": " ".join(told)} if told else {}


def _against_range(line: str) -> str | None:
    try:
        read_location({"displayName": "typed", "ipRanges": [_range(line)]})
        typed = ip_interface(line) if "/" in line else None
    except (Invalid, ValueError):
        return f"“{line}” is no range: write 203.0.113.0/24, one address, or the first and the last with a hyphen."
    # 203.0.113.9/24 is as likely one address, typed by somebody who did not mean to trust its whole network.
    if typed is not None and typed.ip != typed.network.network_address:
        return f"“{line}” does not begin its range: write {typed.network}, or the address alone."
    return None


def _body(form: Typed, before: NamedLocation | None) -> dict[str, Any]:
    if _is_of_countries(form):
        return {
            "@odata.type": "#microsoft.graph.countryNamedLocation",
            "countriesAndRegions": _countries_typed(form),
            "includeUnknownCountriesAndRegions": form.has("unknown", "yes"),
        }
    return {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "ipRanges": [_range(line) for line in _ranges_typed(form)],
        "isTrusted": form.has("trusted", "yes"),
    }


def _about(location: NamedLocation) -> str:
    if isinstance(location, IpLocation):
        return listed(map(_range_words, location.ranges))
    unknown = ["addresses in no country that anybody knows"] if location.include_unknown else []
    return listed([*sorted(location.countries), *unknown])


def _badges(location: NamedLocation) -> Sequence[tuple[str, str]]:
    if isinstance(location, IpLocation):
        return (("Trusted", "good"),) if location.trusted else ()
    return (("Countries", ""),)


def _warning(call: Call) -> str | None:
    if not isinstance(call.services.manage_access.kind.places, NoGeoIp):
        return None
    return "This server has no file of countries (setting geoip_file), so it cannot tell which one an address is in."


LOCATIONS: ItemPages[NamedLocation] = ItemPages(
    items.LOCATIONS,
    path="locations",
    title="Named locations",
    intro="Ranges of addresses, or countries, under a name that policies can use. A range that is trusted counts as “any trusted place”.",
    none_yet="No named locations yet: policies can only say “anywhere”.",
    ways_in=(("", "Name addresses"), (f"?of={_COUNTRIES}", "Name countries")),
    fields=("of", "ranges", "trusted", "countries", "unknown"),
    places={"displayName": "name", "ipRanges": "ranges", "countriesAndRegions": "countries"},
    blank=lambda of: {"of": (of,)},
    filled=_filled,
    against=_against,
    body=_body,
    offered=lambda form, rules: {},
    about=_about,
    badges=_badges,
    warning=_warning,
)
