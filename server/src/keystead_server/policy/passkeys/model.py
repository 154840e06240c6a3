"""The passkey policy and its profiles (the `Fido2` authentication method of Graph)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from keystead_server.domain.ids import GroupId
from keystead_server.domain.passkey import PasskeyType, Proof

ALL_USERS = GroupId("all_users")
DEFAULT_PROFILE_ID = "00000000-0000-0000-0000-000000000001"


class AttestationEnforcement(StrEnum):
    DISABLED = "disabled"
    REGISTRATION_ONLY = "registrationOnly"


class EnforcementType(StrEnum):
    ALLOW = "allow"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class KeyRestrictions:
    """A list of authenticator models. Not enforced, it is ignored."""

    is_enforced: bool = False
    enforcement_type: EnforcementType = EnforcementType.ALLOW
    aaguids: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class PasskeyProfile:
    """One set of conditions a passkey can meet. A passkey is admitted when *one* profile in scope accepts it whole.

    Attributes:
        minimum_proof: ours: how far device binding must be shown; none, claimed, attested or proven.
    """

    id: str
    name: str
    passkey_types: frozenset[PasskeyType] = frozenset(PasskeyType)
    attestation_enforcement: AttestationEnforcement = AttestationEnforcement.DISABLED
    key_restrictions: KeyRestrictions = KeyRestrictions()
    minimum_proof: Proof = Proof.NONE


@dataclass(frozen=True, slots=True)
class Target:
    """A group (or everyone), and the ids of the profiles its members may use."""

    group: GroupId
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PasskeyPolicy:
    """Who may have which passkeys.

    Attributes:
        exclude: groups whose members may neither register nor sign in; exclusion wins.
    """

    enabled: bool
    self_service: bool
    include: tuple[Target, ...]
    exclude: frozenset[GroupId]
    profiles: tuple[PasskeyProfile, ...]

    def profile(self, profile_id: str) -> PasskeyProfile | None:
        return next((p for p in self.profiles if p.id == profile_id), None)


FIRST_POLICY = PasskeyPolicy(
    enabled=True,
    self_service=True,
    include=(Target(ALL_USERS, (DEFAULT_PROFILE_ID,)),),
    exclude=frozenset(),
    profiles=(PasskeyProfile(DEFAULT_PROFILE_ID, "Default passkey profile"),),
)
"""What a new tenant has: every passkey, for everyone."""
