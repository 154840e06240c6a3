"""The passkey policy and its profiles (the `Fido2` authentication method of Graph)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.policy.passkeys.sets import SETS
from keystead_server.policy.people import ALL_USERS, Principal, PrincipalType, Subject, group, role, user

__all__ = [
    "ALL_USERS", "DEFAULT_PROFILE_ID", "FIRST_POLICY", "AttestationEnforcement", "EnforcementType",
    "KeyRestrictions", "PasskeyPolicy", "PasskeyProfile", "Principal", "PrincipalType",
    "ProfileCombination", "Subject", "Target", "group", "role", "user",
]  # fmt: skip

DEFAULT_PROFILE_ID = "00000000-0000-0000-0000-000000000001"


class AttestationEnforcement(StrEnum):
    """When a passkey must have proved its model with a trusted attestation.

    ALWAYS is ours: asked again at each sign-in, of what was found when the passkey was registered.
    """

    DISABLED = "disabled"
    REGISTRATION_ONLY = "registrationOnly"
    ALWAYS = "always"


class EnforcementType(StrEnum):
    ALLOW = "allow"
    BLOCK = "block"


class ProfileCombination(StrEnum):
    """How many of the profiles in scope must accept a passkey whole: any one (Graph's), or every one (ours)."""

    ANY = "any"
    STRICTEST = "strictest"


@dataclass(frozen=True, slots=True)
class KeyRestrictions:
    """A list of authenticator models. Not enforced, it is ignored.

    Attributes:
        sets: ours: ids of named sets, which stand for the models they have when policy is asked.
    """

    is_enforced: bool = False
    enforcement_type: EnforcementType = EnforcementType.ALLOW
    aaguids: frozenset[UUID] = frozenset()
    sets: frozenset[str] = frozenset()

    def lists(self, aaguid: UUID) -> bool:
        return aaguid in self.aaguids or any(aaguid in SETS[named].aaguids for named in self.sets)


@dataclass(frozen=True, slots=True)
class PasskeyProfile:
    """One set of conditions a passkey can meet. A profile accepts a passkey whole or not at all.

    Attributes:
        minimum_proof: ours: how far device binding must be shown; none, claimed, attested or proven.
        algorithms: ours: COSE numbers of the signatures allowed; empty allows all that we know.
        allow_legacy_attestation: ours: whether an attestation signed over SHA-1 is good enough.
    """

    id: str
    name: str
    passkey_types: frozenset[PasskeyType] = frozenset(PasskeyType)
    attestation_enforcement: AttestationEnforcement = AttestationEnforcement.DISABLED
    key_restrictions: KeyRestrictions = KeyRestrictions()
    minimum_proof: Proof = Proof.NONE
    algorithms: frozenset[int] = frozenset()
    allow_legacy_attestation: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody, and the ids of the profiles that are meant for them."""

    who: Principal
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PasskeyPolicy:
    """Who may have which passkeys.

    Attributes:
        exclude: who may neither register nor sign in; exclusion wins.
    """

    enabled: bool
    self_service: bool
    include: tuple[Target, ...]
    exclude: frozenset[Principal]
    profiles: tuple[PasskeyProfile, ...]
    combination: ProfileCombination = ProfileCombination.ANY

    def meant_for(self, profile: PasskeyProfile) -> tuple[Principal, ...]:
        return tuple(target.who for target in self.include if profile.id in target.profiles)

    @property
    def principals(self) -> frozenset[Principal]:
        """Everybody whom this policy names."""
        return self.exclude | {target.who for target in self.include}


FIRST_POLICY = PasskeyPolicy(
    enabled=True,
    self_service=True,
    include=(Target(ALL_USERS, (DEFAULT_PROFILE_ID,)),),
    exclude=frozenset(),
    profiles=(PasskeyProfile(DEFAULT_PROFILE_ID, "Default passkey profile"),),
)
"""What a new tenant has: every passkey, for everyone."""
