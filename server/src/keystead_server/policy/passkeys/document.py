"""The passkey policy as JSON, in the names of Graph's `fido2AuthenticationMethodConfiguration`.

What is ours beyond Graph: `profileCombination`; in a profile `minimumProof`, `algorithms`,
`allowLegacyAttestation` and `keyRestrictions.authenticatorSets`; the attestation enforcement `always`; targets of type `role`.
"""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from keystead_core.cose import ALGORITHMS

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.policy.passkeys.model import (
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    PasskeyPolicy,
    PasskeyProfile,
    ProfileCombination,
    Target,
)
from keystead_server.policy.passkeys.reading import a_choice, a_flag, a_list, a_text, an_object
from keystead_server.policy.passkeys.sets import SETS
from keystead_server.policy.people_document import principal, principal_to_json, principals

_ODATA_TYPE = "#microsoft.graph.fido2AuthenticationMethodConfiguration"


def to_json(policy: PasskeyPolicy) -> dict[str, Any]:
    return {
        "@odata.type": _ODATA_TYPE,
        "id": "Fido2",
        "state": "enabled" if policy.enabled else "disabled",
        "isSelfServiceRegistrationAllowed": policy.self_service,
        "includeTargets": [
            {**principal_to_json(t.who), "allowedPasskeyProfiles": list(t.profiles)} for t in policy.include
        ],
        "excludeTargets": [principal_to_json(each) for each in sorted(policy.exclude)],
        "profileCombination": policy.combination.value,
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
            "authenticatorSets": [named for named in SETS if named in profile.key_restrictions.sets],
        },
        "minimumProof": profile.minimum_proof.value,
        "algorithms": sorted(profile.algorithms, reverse=True),
        "allowLegacyAttestation": profile.allow_legacy_attestation,
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
    policy = an_object(body, "", {
        "@odata.type", "@odata.context", "id", "state", "isSelfServiceRegistrationAllowed",
        "includeTargets", "excludeTargets", "passkeyProfiles", "profileCombination",
    })  # fmt: skip
    profiles = tuple(
        _profile(item, f"passkeyProfiles[{i}]") for i, item in enumerate(a_list(policy, "passkeyProfiles", ""))
    )
    known = [p.id for p in profiles]
    if len(set(known)) != len(known):
        raise Invalid("policy_malformed", "two passkey profiles have the same id", target="passkeyProfiles")
    include = tuple(
        _include(item, f"includeTargets[{i}]", known) for i, item in enumerate(a_list(policy, "includeTargets", ""))
    )
    exclude = principals(policy, "excludeTargets", "")
    state = a_text(policy, "state", "")
    if state not in ("enabled", "disabled"):
        raise Invalid("policy_malformed", 'state is "enabled" or "disabled"', target="state")
    return PasskeyPolicy(
        enabled=state == "enabled",
        self_service=a_flag(policy, "isSelfServiceRegistrationAllowed", ""),
        include=include,
        exclude=exclude,
        profiles=profiles,
        combination=a_choice(ProfileCombination, policy.get("profileCombination", "any"), "profileCombination"),
    )


def _include(item: object, where: str, known: list[str]) -> Target:
    target = an_object(item, where, {"id", "targetType", "allowedPasskeyProfiles", "isRegistrationRequired"})
    wanted = tuple(str(p) for p in a_list(target, "allowedPasskeyProfiles", where))
    for profile in wanted:
        if profile not in known:
            raise Invalid(
                "policy_malformed",
                f"there is no passkey profile {profile!r} in this policy",
                target=f"{where}.allowedPasskeyProfiles",
            )
    return Target(principal(target, where), wanted)


def _profile(item: object, where: str) -> PasskeyProfile:
    profile = an_object(item, where, {
        "id", "name", "passkeyTypes", "attestationEnforcement", "keyRestrictions", "minimumProof",
        "algorithms", "allowLegacyAttestation",
    })  # fmt: skip
    types = [t.strip() for t in a_text(profile, "passkeyTypes", where).split(",") if t.strip()]
    return PasskeyProfile(
        id=a_text(profile, "id", where),
        name=a_text(profile, "name", where),
        passkey_types=frozenset(a_choice(PasskeyType, t, f"{where}.passkeyTypes") for t in types),
        attestation_enforcement=a_choice(
            AttestationEnforcement, profile.get("attestationEnforcement", "disabled"), f"{where}.attestationEnforcement"
        ),
        key_restrictions=_restrictions(profile.get("keyRestrictions"), f"{where}.keyRestrictions"),
        minimum_proof=a_choice(Proof, profile.get("minimumProof", "none"), f"{where}.minimumProof"),
        algorithms=frozenset(_algorithms(a_list(profile, "algorithms", where), f"{where}.algorithms")),
        allow_legacy_attestation=a_flag({"allowLegacyAttestation": True, **profile}, "allowLegacyAttestation", where),
    )


def _algorithms(items: Iterable[object], where: str) -> Iterable[int]:
    for item in items:
        # A JSON true is the number 1 to Python.
        if not isinstance(item, int) or isinstance(item, bool) or item not in ALGORITHMS:
            known = ", ".join(map(str, ALGORITHMS))
            raise Invalid("policy_malformed", f"{item!r} is not one of the COSE algorithms {known}", target=where)
        yield item


def _restrictions(item: object, where: str) -> KeyRestrictions:
    if item is None:
        return KeyRestrictions()
    restrictions = an_object(item, where, {"isEnforced", "enforcementType", "aaGuids", "authenticatorSets"})
    return KeyRestrictions(
        is_enforced=a_flag(restrictions, "isEnforced", where),
        enforcement_type=a_choice(
            EnforcementType, restrictions.get("enforcementType", "allow"), f"{where}.enforcementType"
        ),
        aaguids=frozenset(_aaguids(a_list(restrictions, "aaGuids", where), f"{where}.aaGuids")),
        sets=frozenset(_sets(a_list(restrictions, "authenticatorSets", where), f"{where}.authenticatorSets")),
    )


def _sets(items: Iterable[object], where: str) -> Iterable[str]:
    for item in items:
        if not isinstance(item, str) or item not in SETS:
            raise Invalid("policy_malformed", f"{item!r} is not one of: {', '.join(SETS)}", target=where)
        yield item


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
