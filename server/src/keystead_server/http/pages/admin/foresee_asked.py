"""A sign-in as somebody supposes it, in the fields of a form whose address can be passed on.

Asked       what was typed or chosen, all of it text
choices     what the lists offer in this organisation
supposed    the same as what the flow takes; or which field is wrong
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from ipaddress import ip_address
from typing import TypeAlias, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Proof
from keystead_server.flows.access_facts import ACCOUNT_APP, OWN_APPS
from keystead_server.flows.what_if_access import Supposed
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.policy_choices import SUPPOSED
from keystead_server.http.pages.next_page import printable
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.facts import Address, DeviceFacts, Facts
from keystead_server.policy.access.filters.subjects import DEVICE
from keystead_server.policy.access.locations import IpLocation, NamedLocation
from keystead_server.policy.access.vocabulary import (
    ClientApp,
    InsiderRisk,
    Platform,
    RiskLevel,
    TransferMethod,
    Unknown,
    UserAction,
)
from keystead_server.policy.access.words_given import CLIENT_WORDS, FLOW_WORDS, PLATFORM_WORDS
from keystead_server.policy.strengths.model import MethodMode
from keystead_server.policy.strengths.words import METHOD_WORDS

Choices: TypeAlias = Sequence[tuple[str, str]]
_Word = TypeVar("_Word", bound=StrEnum)

_COMPLIANT, _JOINED, _BOTH, _DESCRIBED = "compliant", "joined", "both", "described"
_DEVICES: dict[str, dict[str, object]] = {
    _COMPLIANT: {"isCompliant": True},
    _JOINED: {"trustType": "ServerAD"},
    _BOTH: {"isCompliant": True, "trustType": "ServerAD"},
}
_ACTIONS: Choices = (
    (f"action:{UserAction.REGISTER_SECURITY_INFO}", "Register security information"),
    (f"action:{UserAction.REGISTER_DEVICE}", "Register a device"),
)
_LEVELS = (RiskLevel.NONE, RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH)
FIXED: Mapping[str, Choices] = {
    "methods": tuple((mode.value, words) for mode, words in METHOD_WORDS.items()),
    "proof": SUPPOSED["proofs"],
    "client": tuple((one.value, words.capitalize()) for one, words in CLIENT_WORDS.items()),
    "platform": (("", "One that is not recognised"), *((one.value, words) for one, words in PLATFORM_WORDS.items())),
    "risk": tuple((level.value, level.value.capitalize()) for level in _LEVELS),
    "insider_risk": tuple((level.value, level.value.capitalize()) for level in InsiderRisk),
    "flow": (("", "An ordinary one"), *((one.value, f"By {words}") for one, words in FLOW_WORDS.items())),
    "rules": (("", "As they are now"), ("enforced", "As if the report-only ones were on")),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Attributes:
    user: username; empty when nothing was asked yet.
    target: `app:…`, `action:…` or `context:…`.
    location: id of a named location that the address is in.
    device: one of the kinds, `device:…` for one that is enrolled, or empty for one that is not registered.
    """

    user: str = ""
    target: str = f"app:{ACCOUNT_APP}"
    methods: tuple[str, ...] = ()
    aaguid: str = ""
    proof: str = Proof.NONE.value
    location: str = ""
    ip: str = ""
    country: str = ""
    device: str = ""
    attributes: str = ""
    client: str = ClientApp.BROWSER.value
    platform: str = ""
    sign_in_risk: str = RiskLevel.NONE.value
    user_risk: str = RiskLevel.NONE.value
    insider_risk: str = InsiderRisk.NONE.value
    flow: str = ""
    rules: str = ""

    @classmethod
    def typed(cls, call: Call) -> "Asked":
        pairs = call.query_pairs()
        said = {key: printable_lines(value).strip() for key, value in reversed(pairs) if key in _NAMES}
        methods = tuple(value for key, value in pairs if key == "methods")
        return cls(**{**said, "methods": methods})  # type: ignore[arg-type]

    @property
    def query(self) -> str:
        """The address of this question, as short as it can be."""
        pairs: list[tuple[str, str]] = []
        for name in _NAMES:
            value = getattr(self, name)
            if name == "methods":
                pairs += [(name, one) for one in value]
            elif value != getattr(NOTHING, name):
                pairs.append((name, value))
        return urlencode(pairs)

    @classmethod
    def of(cls, facts: Facts, username: str, *, rules: str = "") -> "Asked":
        """The question that *facts* are an answer to; what is not known is left as it is."""
        address, country = _known(facts.address), _known(facts.country)
        device = None if isinstance(facts.device, Unknown) else facts.device
        credentials = [used.credential for used in facts.methods]
        passkey = next((one for one in credentials if one.mode is MethodMode.FIDO2), None)
        return cls(
            user=username,
            target=_target_of(facts),
            methods=tuple(one.mode.value for one in credentials),
            aaguid="" if passkey is None or passkey.aaguid is None else str(passkey.aaguid),
            proof=NOTHING.proof if passkey is None else passkey.proof.value,
            ip=address,
            country=country,
            device="" if device is None else _DESCRIBED,
            attributes="" if device is None else _lines_of(device),
            client=_known(facts.client) or NOTHING.client,
            platform=_known(facts.platform),
            sign_in_risk=_known(facts.sign_in_risk) or NOTHING.sign_in_risk,
            user_risk=_known(facts.user_risk) or NOTHING.user_risk,
            insider_risk=_known(facts.insider_risk) or NOTHING.insider_risk,
            flow=_known(facts.flow),
            rules=rules,
        )


_NAMES = tuple(field.name for field in fields(Asked))
NOTHING = Asked()


def printable_lines(typed: str) -> str:
    return "\n".join(printable(line) for line in typed.splitlines())


def _known(value: object) -> str:
    return "" if value is None or isinstance(value, Unknown) else str(value)


def _target_of(facts: Facts) -> str:
    if facts.action is not None:
        return f"action:{facts.action}"
    if facts.contexts:
        return f"context:{min(facts.contexts)}"
    return f"app:{facts.apps[0].id}" if facts.apps else NOTHING.target


def _lines_of(device: DeviceFacts) -> str:
    return "\n".join(
        f"{name}={value if isinstance(value, str) else ', '.join(value)}" for name, value in device.attributes.items()
    )


# -- what can be chosen ---------------------------------------------------------------------------------


async def choices(call: Call, rules: AccessRules, asked: Asked) -> dict[str, Choices]:
    apps = {app.id: app.name for app in await call.services.store.apps.all(call.tenant.id)} | OWN_APPS
    named = sorted(((f"app:{one}", f"Reach {name}") for one, name in apps.items()), key=lambda pair: pair[1].casefold())
    contexts = [(f"context:{one.id}", f"Reach what {one.id} protects: {one.name}") for one in rules.contexts]
    offered: dict[str, Choices] = {
        **FIXED,
        "target": (*named, *_ACTIONS, *contexts),
        "location": (("", "As typed beside"), *((one.id, one.name) for one in rules.set.locations)),
        "device": await _devices(call, asked.user),
    }
    # Of something that is not in a list, such as an app that was removed, the question must not quietly be another.
    if asked.target not in dict(offered["target"]):
        offered["target"] = ((asked.target, asked.target.partition(":")[2] or asked.target), *offered["target"])
    return offered


async def _devices(call: Call, username: str) -> Choices:
    kinds = [
        ("", "One that is not registered"),
        (_COMPLIANT, "Registered and compliant"),
        (_JOINED, "Joined to the organisation"),
        (_BOTH, "Joined and compliant"),
        (_DESCRIBED, "Registered, as described below"),
    ]
    user = await call.services.store.users.by_username(call.tenant.id, username) if username else None
    if user is not None:
        theirs = await call.services.store.devices.of_user(call.tenant.id, user.id)
        kinds += [(f"device:{one.id}", f"{one.name}, enrolled by them") for one in theirs]
    return kinds


# -- what it comes to -----------------------------------------------------------------------------------


async def supposed(call: Call, asked: Asked, rules: AccessRules) -> Supposed:
    """What was asked.

    Raises:
        Invalid: something typed cannot be; `target` is the field.
    """
    kind, _, what = asked.target.partition(":")
    address, country = _place(asked, rules)
    return Supposed(
        apps=(what,) if kind == "app" and what else (),
        action=_one_of(UserAction, what, "target") if kind == "action" else None,
        contexts=frozenset({what}) if kind == "context" else frozenset(),
        methods=tuple(_one_of(MethodMode, one, "methods") for one in asked.methods),
        aaguid=_aaguid(asked.aaguid),
        proof=_one_of(Proof, asked.proof, "proof"),
        address=address,
        country=country,
        platform=_one_of(Platform, asked.platform, "platform") if asked.platform else None,
        client=_one_of(ClientApp, asked.client, "client"),
        device=await _device(call, asked),
        sign_in_risk=_one_of(RiskLevel, asked.sign_in_risk, "sign_in_risk"),
        user_risk=_one_of(RiskLevel, asked.user_risk, "user_risk"),
        insider_risk=_one_of(InsiderRisk, asked.insider_risk, "insider_risk"),
        flow=_one_of(TransferMethod, asked.flow, "flow") if asked.flow else None,
    )


def _one_of(kind: type[_Word], typed: str, target: str) -> _Word:
    try:
        return kind(typed)
    except ValueError:
        raise Invalid("not_a_choice", "choose one from the list", target=target) from None


def _aaguid(typed: str) -> UUID | None:
    if not typed:
        return None
    try:
        return UUID(typed.split()[0])
    except ValueError:
        says = "an AAGUID looks like 20263fe7-97ae-4bb6-b3b9-a7b5dae6614f"
        raise Invalid("aaguid_malformed", says, target="aaguid") from None


def _place(asked: Asked, rules: AccessRules) -> tuple[Address | None, str | None]:
    if asked.location:
        if asked.ip or asked.country:
            raise Invalid("two_places", "choose a named location or type an address, not both", target="location")
        return _inside(next((one for one in rules.set.locations if one.id == asked.location), None))
    try:
        address = ip_address(asked.ip) if asked.ip else None
    except ValueError:
        raise Invalid("not_an_address", "an address looks like 203.0.113.9 or 2001:db8::9", target="ip") from None
    country = asked.country.upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise Invalid("not_a_country", "a country has two letters, such as NL", target="country")
    return address, country or None


def _inside(location: NamedLocation | None) -> tuple[Address | None, str | None]:
    """One place in *location*."""
    if location is None:
        raise Invalid("location_unknown", "there is no such named location any more", target="location")
    if isinstance(location, IpLocation):
        return (location.ranges[0].first, None) if location.ranges else (None, None)
    return None, min(location.countries, default=None)


async def _device(call: Call, asked: Asked) -> dict[str, object] | None:
    if asked.device == _DESCRIBED:
        return _described(asked.attributes)
    if asked.device in _DEVICES:
        return _DEVICES[asked.device]
    if asked.device.startswith("device:"):
        return await _enrolled(call, asked)
    if asked.device:
        raise Invalid("not_a_choice", "choose one from the list", target="device")
    return None


def _described(typed: str) -> dict[str, object]:
    described: dict[str, object] = {}
    for line in filter(None, map(str.strip, typed.splitlines())):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or DEVICE.operators_of(_attribute(name)) is None:
            says = f"write one attribute a line, such as isCompliant=True; {line!r} is none that devices have"
            raise Invalid("device_attribute_unknown", says, target="attributes")
        described[_attribute(name)] = value
    if not described:
        raise Invalid("device_attribute_unknown", "describe the device by at least one attribute", target="attributes")
    return described


def _attribute(name: str) -> str:
    """As rules write them they are `device.…`, which may be copied over."""
    return name.casefold().removeprefix("device.")


async def _enrolled(call: Call, asked: Asked) -> dict[str, object]:
    user = await call.services.store.users.by_username(call.tenant.id, asked.user)
    theirs = [] if user is None else await call.services.store.devices.of_user(call.tenant.id, user.id)
    for device in theirs:
        if f"device:{device.id}" == asked.device:
            return {"deviceId": device.id, "displayName": device.name, "manufacturer": device.tpm.manufacturer}
    raise Invalid("device_unknown", "they have not enrolled this computer", target="device")
