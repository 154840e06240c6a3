"""Which role may do what: every permission in one table."""

from enum import StrEnum

from keystead_server.domain.actor import Actor
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Role, User


class Permission(StrEnum):
    READ_DIRECTORY = "directory.read"
    WRITE_USERS = "users.write"
    WRITE_GROUPS = "groups.write"
    WRITE_APPS = "apps.write"
    WRITE_POLICY = "policy.write"
    ISSUE_PASSES = "passes.issue"
    REMOVE_PASSKEYS = "passkeys.remove"
    REMOVE_METHODS = "methods.remove"
    REGISTER_PASSKEYS = "passkeys.register"
    MANAGE_DEVICES = "devices.manage"
    MANAGE_RISK = "risk.manage"
    READ_LOGS = "logs.read"


_READER = frozenset({Permission.READ_DIRECTORY, Permission.READ_LOGS})
_ROLES: dict[Role, frozenset[Permission]] = {
    Role.GLOBAL_ADMINISTRATOR: frozenset(Permission),
    Role.AUTHENTICATION_ADMINISTRATOR: _READER
    | {
        Permission.ISSUE_PASSES,
        Permission.REMOVE_PASSKEYS,
        Permission.REMOVE_METHODS,
        Permission.REGISTER_PASSKEYS,
    },
    Role.GLOBAL_READER: _READER,
}


def may(user: User, permission: Permission) -> bool:
    return any(permission in _ROLES[role] for role in user.roles)


def check_reach(by: Actor, user: User) -> None:
    """What an app may do by itself ends at the accounts that administer.

    Otherwise an app that may help people get in could get in as whoever administers it.

    Raises:
        Invalid: *by* is an app by itself, and *user* has a role.
    """
    if by.is_app_alone and user.roles:
        raise Invalid("app_beyond_its_reach", "an app by itself changes nothing about an account that has a role")
