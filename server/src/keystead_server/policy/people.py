"""Whom policies are asked about, and how they name people: by user, group, role, or everybody."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from keystead_core.fast_init import fast_init

from keystead_server.domain.ids import GroupId, UserId
from keystead_server.domain.user import Role, User


class PrincipalType(StrEnum):
    """What a target names. ROLE is ours; Graph's `authenticationMethodTargetType` has the others."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"


@fast_init
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


def any_covers(principals: Iterable[Principal], subject: Subject) -> bool:
    return any(principal.covers(subject) for principal in principals)
