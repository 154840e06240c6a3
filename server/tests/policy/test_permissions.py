"""Which role may do what."""

import pytest
from keystead_server.domain.user import Role
from keystead_server.policy.permissions import Permission, may
from keystead_server.policy.shelf import Shelf
from keystead_testkit.office import Office

READING = {Permission.READ_DIRECTORY, Permission.READ_LOGS}


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        ((), set()),
        ((Role.GLOBAL_READER,), READING),
        (
            (Role.AUTHENTICATION_ADMINISTRATOR,),
            READING
            | {
                Permission.ISSUE_PASSES,
                Permission.REMOVE_PASSKEYS,
                Permission.REMOVE_METHODS,
                Permission.REGISTER_PASSKEYS,
            },
        ),
        ((Role.GLOBAL_ADMINISTRATOR,), set(Permission)),
        ((Role.GLOBAL_READER, Role.GLOBAL_ADMINISTRATOR), set(Permission)),
    ],
)
def test_a_role_may_do_exactly_this(roles: tuple[Role, ...], allowed: set[Permission]) -> None:
    user = Office().add_person("grace@contoso.example", *roles)

    assert {permission for permission in Permission if may(user, permission)} == allowed


def test_a_policy_kept_for_one_version_is_not_used_for_another() -> None:
    shelf: Shelf[str] = Shelf()
    tenant = Office().tenant.id

    shelf.put(tenant, 2, "the second")

    assert [shelf.get(tenant, version) for version in (1, 2, 3)] == [None, "the second", None]
