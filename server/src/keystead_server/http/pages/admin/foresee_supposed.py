"""What a question about a supposed sign-in comes to, as the flow takes it; or which of its fields is wrong."""

from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Proof
from keystead_server.flows.what_if_access import Supposed, address_of, country_of, device_of
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.foresee_asked import BOTH, COMPLIANT, DESCRIBED, JOINED, Asked
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.facts import Address
from keystead_server.policy.access.locations import IpLocation, NamedLocation
from keystead_server.policy.access.vocabulary import (
    ClientApp,
    InsiderRisk,
    Platform,
    RiskLevel,
    TransferMethod,
    UserAction,
)
from keystead_server.policy.strengths.model import MethodMode

_Word = TypeVar("_Word", bound=StrEnum)
_DEVICES: dict[str, dict[str, object]] = {
    COMPLIANT: {"isCompliant": True},
    JOINED: {"trustType": "ServerAD"},
    BOTH: {"isCompliant": True, "trustType": "ServerAD"},
}


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
        sign_in_risk=_one_of(RiskLevel, asked.sign_in_risk, "sign_in_risk") if asked.sign_in_risk else None,
        user_risk=_one_of(RiskLevel, asked.user_risk, "user_risk") if asked.user_risk else None,
        insider_risk=_one_of(InsiderRisk, asked.insider_risk, "insider_risk") if asked.insider_risk else None,
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
    return address_of(asked.ip), country_of(asked.country)


def _inside(location: NamedLocation | None) -> tuple[Address | None, str | None]:
    """One place in *location*."""
    if location is None:
        raise Invalid("location_unknown", "there is no such named location any more", target="location")
    if isinstance(location, IpLocation):
        return (location.ranges[0].first, None) if location.ranges else (None, None)
    return None, min(location.countries, default=None)


async def _device(call: Call, asked: Asked) -> dict[str, object] | None:
    if asked.device == DESCRIBED:
        return device_of(asked.attributes.splitlines())
    if asked.device in _DEVICES:
        return _DEVICES[asked.device]
    if asked.device.startswith("device:"):
        return await _enrolled(call, asked)
    if asked.device:
        raise Invalid("not_a_choice", "choose one from the list", target="device")
    return None


async def _enrolled(call: Call, asked: Asked) -> dict[str, object]:
    user = await call.services.store.users.by_username(call.tenant.id, asked.user)
    theirs = [] if user is None else await call.services.store.devices.of_user(call.tenant.id, user.id)
    for device in theirs:
        if f"device:{device.id}" == asked.device:
            return {"deviceId": device.id, "displayName": device.name, "manufacturer": device.tpm.manufacturer}
    raise Invalid("device_unknown", "they have not enrolled this computer", target="device")
