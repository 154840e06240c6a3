"""Reads of tenants, people, groups and apps, of policies, and of the keys that sign for all."""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from keystead_server.domain.app import App
from keystead_server.domain.ids import (
    AppId,
    GroupId,
    TenantId,
    UserId,
)
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.snoozes import Snoozes
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Group, User


class Tenants(Protocol):
    async def by_name(self, name: str) -> Tenant | None:
        """By name or by id, as both may stand in an address."""
        ...

    async def all(self) -> Sequence[Tenant]:
        """Every tenant, oldest first."""
        ...


class NameOrder(Enum):
    """By which of their two names people stand in order."""

    USERNAME = "username"
    DISPLAY_NAME = "display_name"


class Users(Protocol):
    async def get(self, tenant: TenantId, user: UserId) -> User | None: ...

    async def by_username(self, tenant: TenantId, username: str) -> User | None:
        """Compared folded: `Ada@Example.org` finds `ada@example.org`."""
        ...

    async def page(
        self, tenant: TenantId, *, limit: int, after: UserId | None = None, search: str = ""
    ) -> Sequence[User]:
        """Up to *limit* users in order of id, from the one behind *after*; *search* is part of either name, folded."""
        ...

    async def by_name(
        self,
        tenant: TenantId,
        order: NameOrder,
        *,
        limit: int,
        descending: bool = False,
        after: tuple[str, UserId] | None = None,
    ) -> Sequence[User]:
        """Up to *limit* users in order of a name, folded, and of id where it is the same, from the one behind *after*."""
        ...

    async def groups_of(self, tenant: TenantId, user: UserId) -> Sequence[Group]:
        """In order of name."""
        ...

    async def snoozes(self, tenant: TenantId, user: UserId) -> Snoozes:
        """How often the registration campaign asked them; none for whom it never asked."""
        ...

    async def count(self, tenant: TenantId) -> int: ...

    async def administrators(self, tenant: TenantId) -> Sequence[User]:
        """Enabled users with the role Global Administrator."""
        ...

    async def role_holders(self, tenant: TenantId) -> Sequence[User]:
        """Enabled users who have a role, whichever."""
        ...


class Groups(Protocol):
    async def get(self, tenant: TenantId, group: GroupId) -> Group | None: ...

    async def by_name(self, tenant: TenantId, name: str) -> Group | None:
        """Compared folded."""
        ...

    async def all(self, tenant: TenantId) -> Sequence[Group]:
        """In order of name."""
        ...

    async def members(self, tenant: TenantId, group: GroupId) -> Sequence[User]:
        """In order of username."""
        ...


class Apps(Protocol):
    async def get(self, tenant: TenantId, app: AppId) -> App | None: ...

    async def all(self, tenant: TenantId) -> Sequence[App]:
        """In order of name."""
        ...


class Policies(Protocol):
    async def current(self, tenant: TenantId, kind: str) -> PolicyDocument | None:
        """The highest version."""
        ...

    async def versions(self, tenant: TenantId, kind: str) -> Sequence[PolicyDocument]:
        """Newest first."""
        ...


class SigningKeys(Protocol):
    async def all(self) -> Sequence[SigningKey]:
        """Newest first."""
        ...
