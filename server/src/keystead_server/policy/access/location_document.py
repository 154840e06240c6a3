"""Graph's `namedLocation`, read and written."""

import re
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any

from keystead_server.policy.access.locations import AddressRange, CountryLocation, IpLocation, NamedLocation
from keystead_server.policy.loose import Members, Note, Notes, malformed, refuse

_IP, _COUNTRY = "ipNamedLocation", "countryNamedLocation"
_LOOKUPS = ("clientIpAddress", "authenticatorAppGps")
_COUNTRY_CODE = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class ImportedLocation:
    location: NamedLocation
    notes: tuple[Note, ...]


def read_location(body: object, *, new_id: str = "", where: str = "") -> ImportedLocation:
    """Read a named location; *new_id* where it has none.

    Raises:
        Invalid: it is not one; `target` names the property.
    """
    notes = Notes()
    if not isinstance(body, dict):
        raise malformed("a named location must be an object", where or "$")
    members = Members(body, where, notes)
    location_id = members.id("id") or new_id
    name = members.must_text("displayName")
    times = members.moment("createdDateTime"), members.moment("modifiedDateTime")
    members.take("deletedDateTime")
    location = _of_type(_type_of(members, body), members, location_id, name, times)
    for left, _ in members.left():
        notes.add(members.at(left), "left out: it is no property of a named location")
    return ImportedLocation(location, tuple(notes))


def _type_of(members: Members, body: dict[str, Any]) -> str:
    names = {name.casefold() for name in body}
    if members.type in (_IP, _COUNTRY):
        return members.type
    kinds = [kind for kind, name in ((_IP, "ipranges"), (_COUNTRY, "countriesandregions")) if name in names]
    if len(kinds) != 1:
        raise malformed("a named location has either ipRanges or countriesAndRegions", members.at("@odata.type"))
    members.notes.add(members.at("@odata.type"), f"left out; read as {kinds[0]}")
    return kinds[0]


def _of_type(
    kind: str, members: Members, location_id: str, name: str, times: tuple[datetime | None, datetime | None]
) -> NamedLocation:
    if kind == _IP:
        refuse(("countriesAndRegions",), members, "a location is of addresses or of countries")
        ranges = tuple(
            _range(item, f"{members.at('ipRanges')}[{number}]", members.notes)
            for number, item in enumerate(members.items("ipRanges"))
        )
        if not ranges:
            raise malformed("ipRanges is empty", members.at("ipRanges"))
        return IpLocation(location_id, name, ranges, members.flag("isTrusted") or False, *times)
    refuse(("ipRanges",), members, "a location is of addresses or of countries")
    members.take("isTrusted")
    return _countries(members, location_id, name, times)


def _countries(
    members: Members, location_id: str, name: str, times: tuple[datetime | None, datetime | None]
) -> CountryLocation:
    target = members.at("countriesAndRegions")
    countries = frozenset(_country(text, target, members.notes) for text in members.texts("countriesAndRegions"))
    include_unknown = members.flag("includeUnknownCountriesAndRegions") or False
    if not countries and not include_unknown:
        raise malformed("countriesAndRegions is empty", target)
    by_gps = _is_by_gps(members)
    return CountryLocation(location_id, name, countries, include_unknown, by_gps, *times)


def _is_by_gps(members: Members) -> bool:
    lookup = members.text("countryLookupMethod")
    if lookup is None or lookup.casefold() == _LOOKUPS[0].casefold():
        return False
    target = members.at("countryLookupMethod")
    if lookup.casefold() != _LOOKUPS[1].casefold():
        raise malformed(f"{lookup!r} is not one of: {', '.join(_LOOKUPS)}", target)
    members.notes.add(target, "there is no look-up by a phone's position here: the address decides")
    return True


def _country(text: str, target: str, notes: Notes) -> str:
    country = text.upper()
    if not _COUNTRY_CODE.fullmatch(country):
        raise malformed(f"{text!r} is no country code of two letters", target)
    if country != text:
        notes.add(target, f"{text!r} was read as {country!r}")
    return country


def _range(item: object, where: str, notes: Notes) -> AddressRange:
    members = Members({"cidrAddress": item} if isinstance(item, str) else item, where, notes)
    if isinstance(item, str):
        notes.add(where, "one text was read as a range in CIDR form")
    cidr = members.text("cidrAddress")
    if cidr is not None:
        return _cidr(cidr, members.at("cidrAddress"), notes)
    try:
        first = ip_address(members.must_text("lowerAddress"))
        last = ip_address(members.must_text("upperAddress"))
    except ValueError as error:
        raise malformed(str(error), where) from None
    if first.version != last.version or int(first) > int(last):
        raise malformed("lowerAddress must come before upperAddress, and be of the same version", where)
    return AddressRange(first, last)


def _cidr(text: str, target: str, notes: Notes) -> AddressRange:
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        raise malformed(f"{text!r} is no range of addresses such as 203.0.113.0/24", target) from None
    if str(network) != text:
        notes.add(target, f"{text!r} was read as {str(network)!r}")
    return AddressRange(network.network_address, network.broadcast_address, network.prefixlen)


def location_to_json(location: NamedLocation) -> dict[str, Any]:
    common = {
        "id": location.id,
        "displayName": location.name,
        "createdDateTime": location.created_at.isoformat() if location.created_at else None,
        "modifiedDateTime": location.modified_at.isoformat() if location.modified_at else None,
    }
    if isinstance(location, IpLocation):
        ranges = [_range_to_json(one) for one in location.ranges]
        return {"@odata.type": f"#microsoft.graph.{_IP}", **common, "isTrusted": location.trusted, "ipRanges": ranges}
    return {
        "@odata.type": f"#microsoft.graph.{_COUNTRY}",
        **common,
        "countriesAndRegions": sorted(location.countries),
        "includeUnknownCountriesAndRegions": location.include_unknown,
        "countryLookupMethod": _LOOKUPS[location.by_gps],
    }


def _range_to_json(one: AddressRange) -> dict[str, str]:
    version = f"iPv{one.first.version}"
    if one.prefix is None:
        ends = {"lowerAddress": str(one.first), "upperAddress": str(one.last)}
        return {"@odata.type": f"#microsoft.graph.{version}Range", **ends}
    return {"@odata.type": f"#microsoft.graph.{version}CidrRange", "cidrAddress": f"{one.first}/{one.prefix}"}
