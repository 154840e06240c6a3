"""The passkey policy as a form: every field as text, so that nothing typed is lost when one of them is wrong.

policy → PolicyForm → page → what was typed → PolicyForm → JSON → policy
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import Errors
from keystead_server.policy.passkeys.model import AttestationEnforcement, EnforcementType, PasskeyPolicy, PasskeyProfile
from keystead_server.ports.metadata import Metadata, model_name

MAX_PROFILES = 20
_LISTS = ("off", EnforcementType.ALLOW.value, EnforcementType.BLOCK.value)


@dataclass(frozen=True, slots=True)
class ProfileForm:
    """Attributes:
    aaguids: one a line; what follows it on the line is for people to read.
    groups: ids of the groups that may use the profile, `all_users` among them.
    """

    id: str
    name: str = ""
    types: tuple[str, ...] = (PasskeyType.DEVICE_BOUND.value,)
    attested: bool = False
    listing: str = "off"
    aaguids: str = ""
    minimum_proof: str = Proof.NONE.value
    groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, profile: PasskeyProfile, groups: Iterable[str], metadata: Metadata) -> "ProfileForm":
        restrictions = profile.key_restrictions
        return cls(
            id=profile.id,
            name=profile.name,
            types=tuple(t.value for t in PasskeyType if t in profile.passkey_types),
            attested=profile.attestation_enforcement is AttestationEnforcement.REGISTRATION_ONLY,
            listing=restrictions.enforcement_type.value if restrictions.is_enforced else "off",
            aaguids="\n".join(_with_name(a, metadata) for a in sorted(restrictions.aaguids)),
            minimum_proof=profile.minimum_proof.value,
            groups=tuple(groups),
        )

    @classmethod
    def typed(cls, call: Call, number: int) -> "ProfileForm":
        def field(name: str) -> str:
            return call.field(f"profile-{number}-{name}")

        return cls(
            id=field("id"),
            name=field("name"),
            types=tuple(call.fields(f"profile-{number}-types")),
            attested=field("attested") == "yes",
            listing=field("listing") if field("listing") in _LISTS else "off",
            aaguids=field("aaguids"),
            minimum_proof=field("minimum-proof"),
            groups=tuple(call.fields(f"profile-{number}-groups")),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "passkeyTypes": ",".join(self.types),
            "attestationEnforcement": "registrationOnly" if self.attested else "disabled",
            "keyRestrictions": {
                "isEnforced": self.listing != "off",
                "enforcementType": "block" if self.listing == "block" else "allow",
                "aaGuids": [line.split()[0] for line in self.aaguids.splitlines() if line.strip()],
            },
            "minimumProof": self.minimum_proof,
        }

    def wrong(self, number: int) -> dict[str, str]:
        """What a reader of JSON would say less clearly."""
        errors = {}
        if not self.name:
            errors[f"profile-{number}-name"] = "Give the profile a name."
        if not self.types:
            errors[f"profile-{number}-types"] = "Tick at least one type."
        if self.listing == "allow" and not self.aaguids:
            errors[f"profile-{number}-aaguids"] = "List at least one model, or choose “Any model”."
        return errors


@dataclass(frozen=True, slots=True)
class PolicyForm:
    """Attributes:
    version: of the policy that the form was opened with; 0 before the first change.
    """

    version: str
    enabled: bool
    self_service: bool
    exclude: tuple[str, ...]
    profiles: tuple[ProfileForm, ...]

    @classmethod
    def of(cls, policy: PasskeyPolicy, version: int, metadata: Metadata) -> "PolicyForm":
        return cls(
            version=str(version),
            enabled=policy.enabled,
            self_service=policy.self_service,
            exclude=tuple(policy.exclude),
            profiles=tuple(
                ProfileForm.of(p, [target.group for target in policy.include if p.id in target.profiles], metadata)
                for p in policy.profiles
            ),
        )

    @classmethod
    def typed(cls, call: Call) -> "PolicyForm":
        numbers = range(MAX_PROFILES)
        return cls(
            version=call.field("version"),
            enabled=call.field("enabled") == "yes",
            self_service=call.field("self-service") == "yes",
            exclude=tuple(call.fields("exclude")),
            profiles=tuple(ProfileForm.typed(call, n) for n in numbers if call.field(f"profile-{n}-id")),
        )

    def with_profile(self, profile_id: str) -> "PolicyForm":
        if len(self.profiles) >= MAX_PROFILES:
            return self
        return replace(self, profiles=(*self.profiles, ProfileForm(profile_id)))

    def without_profile(self, profile_id: str) -> "PolicyForm":
        return replace(self, profiles=tuple(p for p in self.profiles if p.id != profile_id))

    def to_json(self) -> dict[str, Any]:
        """As `policy.passkeys.document` reads it."""
        groups = dict.fromkeys(group for profile in self.profiles for group in profile.groups)
        return {
            "state": "enabled" if self.enabled else "disabled",
            "isSelfServiceRegistrationAllowed": self.self_service,
            "includeTargets": [
                {
                    "targetType": "group",
                    "id": group,
                    "allowedPasskeyProfiles": [p.id for p in self.profiles if group in p.groups],
                }
                for group in groups
            ],
            "excludeTargets": [{"targetType": "group", "id": group} for group in self.exclude],
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


def choices() -> dict[str, Sequence[tuple[str, str]]]:
    """What the form's lists offer."""
    return {
        "listings": (
            ("off", "Any model"),
            ("allow", "Only the models listed"),
            ("block", "Every model but those listed"),
        ),
        "types": (
            (PasskeyType.DEVICE_BOUND.value, "Device-bound: the key stays on one device"),
            (PasskeyType.SYNCED.value, "Synced: a provider keeps copies"),
        ),
        "proofs": (
            (Proof.NONE.value, "None: any passkey"),
            (Proof.CLAIMED.value, "Claimed: the device says that the key cannot leave it"),
            (Proof.ATTESTED.value, "Attested: its maker vouches for the device"),
            (Proof.PROVEN.value, "Proven: its security chip proved it to us"),
        ),
    }


def _with_name(aaguid: UUID, metadata: Metadata) -> str:
    name = model_name(metadata, aaguid)
    return f"{aaguid} {name}" if name else str(aaguid)
