"""The passkey policy and its profiles (the `Fido2` authentication method of Graph)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from keystead_server.domain.ids import GroupId, UserId
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.domain.user import Role, User
from keystead_server.policy.passkeys.sets import SETS

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


class PrincipalType(StrEnum):
    """What a target names. ROLE is ours; Graph's `authenticationMethodTargetType` has the others."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom policy is asked about: what of them a target can name."""

    user: UserId
    groups: frozenset[GroupId]
    roles: frozenset[Role]

    @classmethod
    def of(cls, user: User, groups: frozenset[GroupId]) -> "Subject":
        return cls(user.id, groups, user.roles)


@dataclass(frozen=True, slots=True, order=True)
class Principal:
    """A user, a group, everybody, or everybody with a role."""

    type: PrincipalType
    id: str

    def covers(self, subject: Subject) -> bool:
        match self.type:
            case PrincipalType.USER:
                return self.id == subject.user
            case PrincipalType.GROUP:
                return self.id in subject.groups or self.id == ALL_USERS.id
            case PrincipalType.ROLE:
                return self.id in subject.roles


ALL_USERS = Principal(PrincipalType.GROUP, "all_users")


def group(group_id: str) -> Principal:
    return Principal(PrincipalType.GROUP, group_id)


def user(user_id: str) -> Principal:
    return Principal(PrincipalType.USER, user_id)


def role(named: Role) -> Principal:
    return Principal(PrincipalType.ROLE, named.value)


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
    """

    id: str
    name: str
    passkey_types: frozenset[PasskeyType] = frozenset(PasskeyType)
    attestation_enforcement: AttestationEnforcement = AttestationEnforcement.DISABLED
    key_restrictions: KeyRestrictions = KeyRestrictions()
    minimum_proof: Proof = Proof.NONE
    algorithms: frozenset[int] = frozenset()


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
