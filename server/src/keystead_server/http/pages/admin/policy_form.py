"""The passkey policy as a form: every field as text, so that nothing typed is lost when one of them is wrong.

policy → PolicyForm → page → what was typed → PolicyForm → JSON → policy

People are typed by username and kept by id: the caller looks them up, both ways.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.domain.user import fold
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import Errors
from keystead_server.policy.passkeys.explain import Names
from keystead_server.policy.passkeys.model import (
    AttestationEnforcement,
    EnforcementType,
    PasskeyPolicy,
    PasskeyProfile,
    Principal,
    PrincipalType,
    ProfileCombination,
)
from keystead_server.policy.passkeys.sets import SETS
from keystead_server.ports.metadata import Metadata, model_name

MAX_PROFILES = 20
_LISTS = ("off", EnforcementType.ALLOW.value, EnforcementType.BLOCK.value)


@dataclass(frozen=True, slots=True)
class WhoForm:
    """Whom something is meant for.

    Attributes:
        groups: ids; `all_users` is everyone.
        users: usernames, one a line.
    """

    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    users: str = ""

    @classmethod
    def of(cls, principals: Iterable[Principal], names: Names) -> "WhoForm":
        """Whoever was removed since is left out: an id is never given twice."""
        every = tuple(principals)
        return cls(
            groups=tuple(p.id for p in every if p.type is PrincipalType.GROUP),
            roles=tuple(p.id for p in every if p.type is PrincipalType.ROLE),
            users="\n".join(names[p] for p in every if p.type is PrincipalType.USER and p in names),
        )

    @classmethod
    def typed(cls, call: Call, prefix: str) -> "WhoForm":
        return cls(
            tuple(call.fields(f"{prefix}-groups")), tuple(call.fields(f"{prefix}-roles")), call.field(f"{prefix}-users")
        )

    @property
    def usernames(self) -> list[str]:
        return self.users.split()

    def principals(self, ids: Mapping[str, str]) -> list[tuple[str, str]]:
        """As pairs of targetType and id; *ids* are those of folded usernames."""
        found = [("group", group) for group in self.groups] + [("role", role) for role in self.roles]
        return found + [("user", ids[fold(name)]) for name in dict.fromkeys(self.usernames) if fold(name) in ids]


@dataclass(frozen=True, slots=True)
class ProfileForm:
    """Attributes:
    aaguids: one a line; what follows it on the line is for people to read.
    algorithms: COSE numbers as text; none ticked allows all.
    """

    id: str
    name: str = ""
    types: tuple[str, ...] = (PasskeyType.DEVICE_BOUND.value,)
    attestation: str = AttestationEnforcement.DISABLED.value
    listing: str = "off"
    sets: tuple[str, ...] = ()
    aaguids: str = ""
    minimum_proof: str = Proof.NONE.value
    algorithms: tuple[str, ...] = ()
    legacy: bool = True
    who: WhoForm = WhoForm()

    @classmethod
    def of(cls, profile: PasskeyProfile, who: WhoForm, metadata: Metadata) -> "ProfileForm":
        restrictions = profile.key_restrictions
        return cls(
            id=profile.id,
            name=profile.name,
            types=tuple(t.value for t in PasskeyType if t in profile.passkey_types),
            attestation=profile.attestation_enforcement.value,
            listing=restrictions.enforcement_type.value if restrictions.is_enforced else "off",
            sets=tuple(named for named in SETS if named in restrictions.sets),
            aaguids="\n".join(_with_name(a, metadata) for a in sorted(restrictions.aaguids)),
            minimum_proof=profile.minimum_proof.value,
            algorithms=tuple(str(number) for number in profile.algorithms),
            legacy=profile.allow_legacy_attestation,
            who=who,
        )

    @classmethod
    def typed(cls, call: Call, number: int) -> "ProfileForm":
        def field(name: str) -> str:
            return call.field(f"profile-{number}-{name}")

        def fields(name: str) -> tuple[str, ...]:
            return tuple(call.fields(f"profile-{number}-{name}"))

        return cls(
            id=field("id"),
            name=field("name"),
            types=fields("types"),
            attestation=field("attestation"),
            listing=field("listing") if field("listing") in _LISTS else "off",
            sets=fields("sets"),
            aaguids=field("aaguids"),
            minimum_proof=field("minimum-proof"),
            algorithms=fields("algorithms"),
            legacy=field("legacy") == "yes",
            who=WhoForm.typed(call, f"profile-{number}"),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "passkeyTypes": ",".join(self.types),
            "attestationEnforcement": self.attestation,
            "keyRestrictions": {
                "isEnforced": self.listing != "off",
                "enforcementType": "block" if self.listing == "block" else "allow",
                "aaGuids": [line.split()[0] for line in self.aaguids.splitlines() if line.strip()],
                "authenticatorSets": list(self.sets),
            },
            "minimumProof": self.minimum_proof,
            "algorithms": [int(number) if re.fullmatch(r"-\d{1,5}", number) else number for number in self.algorithms],
            "allowLegacyAttestation": self.legacy,
        }

    def wrong(self, number: int) -> dict[str, str]:
        """What a reader of JSON would say less clearly."""
        errors = {}
        if not self.name:
            errors[f"profile-{number}-name"] = "Give the profile a name."
        if not self.types:
            errors[f"profile-{number}-types"] = "Tick at least one type."
        if self.listing == "allow" and not self.aaguids and not self.sets:
            errors[f"profile-{number}-aaguids"] = "Tick a set, or list at least one model, or choose “Any model”."
        return errors


@dataclass(frozen=True, slots=True)
class PolicyForm:
    """Attributes:
    version: of the policy that the form was opened with; 0 before the first change.
    """

    version: str
    enabled: bool
    self_service: bool
    combination: str
    exclude: WhoForm
    profiles: tuple[ProfileForm, ...]

    @classmethod
    def of(cls, policy: PasskeyPolicy, version: int, names: Names, metadata: Metadata) -> "PolicyForm":
        return cls(
            version=str(version),
            enabled=policy.enabled,
            self_service=policy.self_service,
            combination=policy.combination.value,
            exclude=WhoForm.of(sorted(policy.exclude), names),
            profiles=tuple(
                ProfileForm.of(p, WhoForm.of(policy.meant_for(p), names), metadata) for p in policy.profiles
            ),
        )

    @classmethod
    def typed(cls, call: Call) -> "PolicyForm":
        numbers = range(MAX_PROFILES)
        return cls(
            version=call.field("version"),
            enabled=call.field("enabled") == "yes",
            self_service=call.field("self-service") == "yes",
            combination=call.field("combination") or ProfileCombination.ANY.value,
            exclude=WhoForm.typed(call, "exclude"),
            profiles=tuple(ProfileForm.typed(call, n) for n in numbers if call.field(f"profile-{n}-id")),
        )

    @property
    def usernames(self) -> dict[str, list[str]]:
        """What was typed, by the field in which it stands."""
        fields = {f"profile-{n}-users": profile.who.usernames for n, profile in enumerate(self.profiles)}
        return {"exclude-users": self.exclude.usernames} | fields

    def with_profile(self, profile_id: str) -> "PolicyForm":
        if len(self.profiles) >= MAX_PROFILES:
            return self
        return replace(self, profiles=(*self.profiles, ProfileForm(profile_id)))

    def without_profile(self, profile_id: str) -> "PolicyForm":
        return replace(self, profiles=tuple(p for p in self.profiles if p.id != profile_id))

    def to_json(self, ids: Mapping[str, str]) -> dict[str, Any]:
        """As `policy.passkeys.document` reads it; *ids* are those of folded usernames."""
        targets: dict[tuple[str, str], list[str]] = {}
        for profile in self.profiles:
            for principal in profile.who.principals(ids):
                targets.setdefault(principal, []).append(profile.id)
        return {
            "state": "enabled" if self.enabled else "disabled",
            "isSelfServiceRegistrationAllowed": self.self_service,
            "profileCombination": self.combination,
            "includeTargets": [
                {"targetType": kind, "id": named, "allowedPasskeyProfiles": profiles}
                for (kind, named), profiles in targets.items()
            ],
            "excludeTargets": [{"targetType": kind, "id": named} for kind, named in self.exclude.principals(ids)],
            "passkeyProfiles": [profile.to_json() for profile in self.profiles],
        }

    def wrong(self) -> Errors:
        errors: dict[str, str] = {}
        for number, profile in enumerate(self.profiles):
            errors |= profile.wrong(number)
        return Errors(errors)


_FIELDS = {
    "name": "name",
    "passkeyTypes": "types",
    "keyRestrictions.aaGuids": "aaguids",
    "minimumProof": "minimum-proof",
    "attestationEnforcement": "attestation",
}
_TARGET = re.compile(r"passkeyProfiles\[(\d+)\]\.(.+)")


def errors_of(invalid: Invalid) -> Errors:
    """The document's complaint, beside the field that it is about."""
    found = _TARGET.fullmatch(invalid.target or "")
    field = _FIELDS.get(found[2]) if found else None
    errors = Errors.of(invalid)
    if found is None or field is None:
        return Errors({"": next(iter(errors.by_field.values()))})
    return Errors({f"profile-{found[1]}-{field}": next(iter(errors.by_field.values()))})


def _with_name(aaguid: UUID, metadata: Metadata) -> str:
    name = model_name(metadata, aaguid)
    return f"{aaguid} {name}" if name else str(aaguid)
