"""The passkey policy as JSON, in the names of Graph's `fido2AuthenticationMethodConfiguration`.

What is ours beyond Graph: `minimumProof` in a profile.
"""

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from keystead_server.domain.ids import GroupId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.policy.passkeys.model import (
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    PasskeyPolicy,
    PasskeyProfile,
    Target,
)

_ODATA_TYPE = "#microsoft.graph.fido2AuthenticationMethodConfiguration"
_Choice = TypeVar("_Choice", bound=StrEnum)


def to_json(policy: PasskeyPolicy) -> dict[str, Any]:
    return {
        "@odata.type": _ODATA_TYPE,
        "id": "Fido2",
        "state": "enabled" if policy.enabled else "disabled",
        "isSelfServiceRegistrationAllowed": policy.self_service,
        "includeTargets": [
            {"targetType": "group", "id": t.group, "allowedPasskeyProfiles": list(t.profiles)} for t in policy.include
        ],
        "excludeTargets": [{"targetType": "group", "id": group} for group in sorted(policy.exclude)],
        "passkeyProfiles": [_profile_to_json(p) for p in policy.profiles],
    }


def _profile_to_json(profile: PasskeyProfile) -> dict[str, Any]:
    return {
        "id": profile.id,
        "name": profile.name,
        "passkeyTypes": ",".join(t for t in PasskeyType if t in profile.passkey_types),
        "attestationEnforcement": profile.attestation_enforcement.value,
        "keyRestrictions": {
            "isEnforced": profile.key_restrictions.is_enforced,
            "enforcementType": profile.key_restrictions.enforcement_type.value,
            "aaGuids": sorted(str(a) for a in profile.key_restrictions.aaguids),
        },
        "minimumProof": profile.minimum_proof.value,
    }


def to_text(policy: PasskeyPolicy) -> str:
    return json.dumps(to_json(policy), indent=2)


def from_text(text: str) -> PasskeyPolicy:
    """Read a policy somebody wrote, or one that we kept.

    Raises:
        Invalid: it is not one; `target` names the property.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise Invalid("policy_malformed", f"the policy is not JSON: {error}") from None
    return from_json(body)


def from_json(body: object) -> PasskeyPolicy:
    """Read a policy from decoded JSON.

    Raises:
        Invalid: a property is missing, unknown, or not what it may be; `target` names it.
    """
    policy = _object(body, "", {
        "@odata.type", "@odata.context", "id", "state", "isSelfServiceRegistrationAllowed",
        "includeTargets", "excludeTargets", "passkeyProfiles",
    })  # fmt: skip
    profiles = tuple(
        _profile(item, f"passkeyProfiles[{i}]") for i, item in enumerate(_list(policy, "passkeyProfiles", ""))
    )
    known = [p.id for p in profiles]
    if len(set(known)) != len(known):
        raise Invalid("policy_malformed", "two passkey profiles have the same id", target="passkeyProfiles")
    include = tuple(
        _include(item, f"includeTargets[{i}]", known) for i, item in enumerate(_list(policy, "includeTargets", ""))
    )
    exclude = frozenset(
        GroupId(_text(_object(item, f"excludeTargets[{i}]", {"id", "targetType"}), "id", f"excludeTargets[{i}]"))
        for i, item in enumerate(_list(policy, "excludeTargets", ""))
    )
    state = _text(policy, "state", "")
    if state not in ("enabled", "disabled"):
        raise Invalid("policy_malformed", 'state is "enabled" or "disabled"', target="state")
    return PasskeyPolicy(
        enabled=state == "enabled",
        self_service=_flag(policy, "isSelfServiceRegistrationAllowed", ""),
        include=include,
        exclude=exclude,
        profiles=profiles,
    )


def _include(item: object, where: str, known: list[str]) -> Target:
    target = _object(item, where, {"id", "targetType", "allowedPasskeyProfiles", "isRegistrationRequired"})
    wanted = tuple(str(p) for p in _list(target, "allowedPasskeyProfiles", where))
    for profile in wanted:
        if profile not in known:
            raise Invalid(
                "policy_malformed",
                f"there is no passkey profile {profile!r} in this policy",
                target=f"{where}.allowedPasskeyProfiles",
            )
    return Target(GroupId(_text(target, "id", where)), wanted)


def _profile(item: object, where: str) -> PasskeyProfile:
    profile = _object(item, where, {
        "id", "name", "passkeyTypes", "attestationEnforcement", "keyRestrictions", "minimumProof",
    })  # fmt: skip
    types = [t.strip() for t in _text(profile, "passkeyTypes", where).split(",") if t.strip()]
    return PasskeyProfile(
        id=_text(profile, "id", where),
        name=_text(profile, "name", where),
        passkey_types=frozenset(_choice(PasskeyType, t, f"{where}.passkeyTypes") for t in types),
        attestation_enforcement=_choice(
            AttestationEnforcement, profile.get("attestationEnforcement", "disabled"), f"{where}.attestationEnforcement"
        ),
        key_restrictions=_restrictions(profile.get("keyRestrictions"), f"{where}.keyRestrictions"),
        minimum_proof=_choice(Proof, profile.get("minimumProof", "none"), f"{where}.minimumProof"),
    )


def _restrictions(item: object, where: str) -> KeyRestrictions:
    if item is None:
        return KeyRestrictions()
    restrictions = _object(item, where, {"isEnforced", "enforcementType", "aaGuids"})
    return KeyRestrictions(
        is_enforced=_flag(restrictions, "isEnforced", where),
        enforcement_type=_choice(
            EnforcementType, restrictions.get("enforcementType", "allow"), f"{where}.enforcementType"
        ),
        aaguids=frozenset(_aaguids(_list(restrictions, "aaGuids", where), f"{where}.aaGuids")),
    )


def _aaguids(items: Iterable[object], where: str) -> Iterable[UUID]:
    for item in items:
        try:
            yield UUID(str(item))
        except ValueError:
            raise Invalid(
                "policy_malformed",
                f"an AAGUID looks like 20263fe7-97ae-4bb6-b3b9-a7b5dae6614f, not {item!r}",
                target=where,
            ) from None


def _object(value: object, where: str, allowed: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Invalid("policy_malformed", f"{where or 'the policy'} must be an object", target=where or None)
    for name in value:
        if name not in allowed:
            raise Invalid("policy_malformed", f"no such property: {name}", target=_at(where, name))
    return value


def _list(value: Mapping[str, Any], name: str, where: str) -> list[object]:
    items = value.get(name, [])
    if not isinstance(items, list):
        raise Invalid("policy_malformed", f"{name} must be a list", target=_at(where, name))
    return items


def _text(value: Mapping[str, Any], name: str, where: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not text:
        raise Invalid("policy_malformed", f"{name} must be text", target=_at(where, name))
    return text


def _flag(value: Mapping[str, Any], name: str, where: str) -> bool:
    flag = value.get(name)
    if not isinstance(flag, bool):
        raise Invalid("policy_malformed", f"{name} must be true or false", target=_at(where, name))
    return flag


def _choice(kind: type[_Choice], value: object, where: str) -> _Choice:
    try:
        return kind(str(value))
    except ValueError:
        allowed = ", ".join(kind)
        raise Invalid("policy_malformed", f"{value!r} is not one of: {allowed}", target=where) from None


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
