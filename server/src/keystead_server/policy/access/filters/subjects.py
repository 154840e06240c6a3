"""What rules may speak about, and how (§4.6)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

EQUALITY = frozenset({"eq", "ne"})
MEMBERSHIP = frozenset({"in", "notIn"})
CONTAINING = frozenset({"contains", "notContains"})
TEXT = EQUALITY | MEMBERSHIP | CONTAINING | {"startsWith", "notStartsWith", "endsWith", "notEndsWith"}
OPERATORS = {name.casefold(): name for name in TEXT}
NEGATIVE = frozenset({"ne", "notIn", "notContains", "notStartsWith", "notEndsWith"})

_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_.-]*", re.IGNORECASE)
_IDS = EQUALITY | MEMBERSHIP
_EXTENSIONS = tuple(f"extensionAttribute{number}" for number in range(1, 16))

_DEVICE: dict[str, frozenset[str]] = {
    "deviceId": _IDS,
    "mdmAppId": _IDS,
    "displayName": TEXT,
    "manufacturer": TEXT,
    "model": TEXT,
    "operatingSystem": TEXT,
    "operatingSystemVersion": TEXT,
    "enrollmentProfileName": TEXT,
    **dict.fromkeys(_EXTENSIONS, TEXT),
    "deviceOwnership": EQUALITY,
    "isCompliant": EQUALITY,
    "profileType": EQUALITY,
    "trustType": EQUALITY,
    "physicalIds": CONTAINING,
    "systemLabels": CONTAINING,
}
EXTENSION_ATTRIBUTES = frozenset(name.casefold() for name in _EXTENSIONS)
EDITABLE_ATTRIBUTES = frozenset({"displayname", "manufacturer", "model"})
"""Those that whoever uses the device can write."""

VALUES: Mapping[str, frozenset[str]] = {
    "deviceownership": frozenset({"personal", "company"}),
    "iscompliant": frozenset({"true", "false"}),
    "profiletype": frozenset({"registereddevice", "securevm", "printer", "shared", "iot"}),
    "trusttype": frozenset({"azuread", "serverad", "workplace"}),
}
"""Attributes that can only have these values."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule's names begin with, and which names follow; None where any may."""

    prefix: str
    attributes: Mapping[str, frozenset[str]] | None

    def operators_of(self, name: str) -> frozenset[str] | None:
        """The operators that *name* takes, or None when there is no such attribute."""
        if self.attributes is None:
            return TEXT if _ATTRIBUTE.fullmatch(name) else None
        return self.attributes.get(name.casefold())


DEVICE = Subject("device", {name.casefold(): operators for name, operators in _DEVICE.items()})
APPLICATION = Subject("customSecurityAttribute", None)
SERVICE_PRINCIPAL = APPLICATION
