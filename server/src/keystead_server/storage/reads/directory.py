"""What administrators keep: tenants, people, groups, apps, policies, signing keys."""

from collections.abc import Sequence

from sqlalchemy import func, select, tuple_

from keystead_server.domain.app import App
from keystead_server.domain.ids import AppId, GroupId, TenantId, UserId
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.snoozes import Snoozes
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Group, User, fold
from keystead_server.ports.store import NameOrder
from keystead_server.storage.reads.reader import Reads, given, here
from keystead_server.storage.rows import directory as rows
from keystead_server.storage.rows.columns import to_optional_moment
from keystead_server.storage.schema import (
    HAS_ROLES,
    apps,
    campaign_snoozes,
    groups,
    memberships,
    policy_documents,
    signing_keys,
    tenants,
    users,
)
from keystead_server.storage.statement import Statement

_TENANT = Statement(
    select(*rows.TENANT).where((tenants.c.name == given("name")) | (tenants.c.id == given("name"))), "name"
)
_TENANTS = Statement(select(*rows.TENANT).order_by(tenants.c.created_at, tenants.c.id))

_USER = Statement(select(*rows.USER).where(here(users), users.c.id == given("id")), "tenant", "id")
_USER_BY_NAME = Statement(
    select(*rows.USER).where(here(users), users.c.username_folded == given("name")), "tenant", "name"
)
_USER_PAGE = Statement(
    select(*rows.USER)
    .where(
        here(users),
        users.c.id > given("after"),
        users.c.username_folded.like(given("pattern"), escape="/")
        | users.c.display_name_folded.like(given("pattern"), escape="/"),
    )
    .order_by(users.c.id)
    .limit(given("limit")),
    "tenant",
    "after",
    "pattern",
    "limit",
)


def _by_name(order: NameOrder, descending: bool, begins: bool) -> Statement:
    """The page of users that stands first in this order, or, unless it *begins* there, behind a place."""
    name = {NameOrder.USERNAME: users.c.username_folded, NameOrder.DISPLAY_NAME: users.c.display_name_folded}[order]
    found = select(*rows.USER).where(here(users))
    key, place = tuple_(name, users.c.id), tuple_(given("name"), given("id"))
    if not begins:
        found = found.where(key < place if descending else key > place)
    found = found.order_by(*(each.desc() if descending else each.asc() for each in (name, users.c.id)))
    return Statement(found.limit(given("limit")), "tenant", *([] if begins else ["name", "id"]), "limit")


_USERS_BY_NAME = {
    (order, descending, begins): _by_name(order, descending, begins)
    for order in NameOrder
    for descending in (False, True)
    for begins in (False, True)
}
_USER_COUNT = Statement(select(func.count()).select_from(users).where(here(users)), "tenant")
_USERS_WITH_ROLES = Statement(
    select(*rows.USER).where(here(users), HAS_ROLES, users.c.enabled.is_(True)).order_by(users.c.id), "tenant"
)

_SNOOZES = Statement(
    select(campaign_snoozes.c.count, campaign_snoozes.c.last_at).where(
        here(campaign_snoozes), campaign_snoozes.c.user_id == given("user")
    ),
    "tenant",
    "user",
)

_IN_GROUP = (memberships.c.tenant_id == groups.c.tenant_id) & (memberships.c.group_id == groups.c.id)
_GROUPS_OF = Statement(
    select(*rows.GROUP)
    .select_from(memberships.join(groups, _IN_GROUP))
    .where(here(memberships), memberships.c.user_id == given("user"))
    .order_by(groups.c.name_folded),
    "tenant",
    "user",
)
_GROUP = Statement(select(*rows.GROUP).where(here(groups), groups.c.id == given("id")), "tenant", "id")
_GROUP_BY_NAME = Statement(
    select(*rows.GROUP).where(here(groups), groups.c.name_folded == given("name")), "tenant", "name"
)
_GROUPS = Statement(select(*rows.GROUP).where(here(groups)).order_by(groups.c.name_folded), "tenant")
_IS_MEMBER = (memberships.c.tenant_id == users.c.tenant_id) & (memberships.c.user_id == users.c.id)
_MEMBERS = Statement(
    select(*rows.USER)
    .select_from(memberships.join(users, _IS_MEMBER))
    .where(here(memberships), memberships.c.group_id == given("group"))
    .order_by(users.c.username_folded),
    "tenant",
    "group",
)

_APP = Statement(select(*rows.APP).where(here(apps), apps.c.id == given("id")), "tenant", "id")
_APPS = Statement(select(*rows.APP).where(here(apps)).order_by(apps.c.name_folded, apps.c.id), "tenant")

_OF_KIND = (
    select(*rows.POLICY_DOCUMENT)
    .where(here(policy_documents), policy_documents.c.kind == given("kind"))
    .order_by(policy_documents.c.version.desc())
)
_POLICY = Statement(_OF_KIND.limit(1), "tenant", "kind")
_POLICY_VERSIONS = Statement(_OF_KIND, "tenant", "kind")

_SIGNING_KEYS = Statement(select(*rows.SIGNING_KEY).order_by(signing_keys.c.created_at.desc(), signing_keys.c.kid))


class Tenants(Reads):
    async def by_name(self, name: str) -> Tenant | None:
        row = await self._reader.one(_TENANT, (name,))
        return None if row is None else rows.tenant(row)

    async def all(self) -> Sequence[Tenant]:
        return list(map(rows.tenant, await self._reader.all(_TENANTS, ())))


class Users(Reads):
    async def get(self, tenant: TenantId, user: UserId) -> User | None:
        row = await self._reader.one(_USER, (tenant, user))
        return None if row is None else rows.user(row)

    async def by_username(self, tenant: TenantId, username: str) -> User | None:
        row = await self._reader.one(_USER_BY_NAME, (tenant, fold(username)))
        return None if row is None else rows.user(row)

    async def page(
        self, tenant: TenantId, *, limit: int, after: UserId | None = None, search: str = ""
    ) -> Sequence[User]:
        arguments = (tenant, after or "", _containing(fold(search)), limit)
        return list(map(rows.user, await self._reader.all(_USER_PAGE, arguments)))

    async def by_name(
        self,
        tenant: TenantId,
        order: NameOrder,
        *,
        limit: int,
        descending: bool = False,
        after: tuple[str, UserId] | None = None,
    ) -> Sequence[User]:
        statement = _USERS_BY_NAME[order, descending, after is None]
        return list(map(rows.user, await self._reader.all(statement, (tenant, *(after or ()), limit))))

    async def groups_of(self, tenant: TenantId, user: UserId) -> Sequence[Group]:
        return list(map(rows.group, await self._reader.all(_GROUPS_OF, (tenant, user))))

    async def snoozes(self, tenant: TenantId, user: UserId) -> Snoozes:
        row = await self._reader.one(_SNOOZES, (tenant, user))
        return Snoozes() if row is None else Snoozes(row[0], to_optional_moment(row[1]))

    async def count(self, tenant: TenantId) -> int:
        row = await self._reader.one(_USER_COUNT, (tenant,))
        return int(row[0]) if row else 0

    async def administrators(self, tenant: TenantId) -> Sequence[User]:
        found = map(rows.user, await self._reader.all(_USERS_WITH_ROLES, (tenant,)))
        return [user for user in found if user.is_administrator]

    async def role_holders(self, tenant: TenantId) -> Sequence[User]:
        return [rows.user(row) for row in await self._reader.all(_USERS_WITH_ROLES, (tenant,))]


def _containing(text: str) -> str:
    """A LIKE pattern; in what people type, `%` and `_` are themselves."""
    return f"%{text.replace('/', '//').replace('%', '/%').replace('_', '/_')}%"


class Groups(Reads):
    async def get(self, tenant: TenantId, group: GroupId) -> Group | None:
        row = await self._reader.one(_GROUP, (tenant, group))
        return None if row is None else rows.group(row)

    async def by_name(self, tenant: TenantId, name: str) -> Group | None:
        row = await self._reader.one(_GROUP_BY_NAME, (tenant, fold(name)))
        return None if row is None else rows.group(row)

    async def all(self, tenant: TenantId) -> Sequence[Group]:
        return list(map(rows.group, await self._reader.all(_GROUPS, (tenant,))))

    async def members(self, tenant: TenantId, group: GroupId) -> Sequence[User]:
        return list(map(rows.user, await self._reader.all(_MEMBERS, (tenant, group))))


class Apps(Reads):
    async def get(self, tenant: TenantId, app: AppId) -> App | None:
        row = await self._reader.one(_APP, (tenant, app))
        return None if row is None else rows.app(row)

    async def all(self, tenant: TenantId) -> Sequence[App]:
        return list(map(rows.app, await self._reader.all(_APPS, (tenant,))))


class Policies(Reads):
    async def current(self, tenant: TenantId, kind: str) -> PolicyDocument | None:
        row = await self._reader.one(_POLICY, (tenant, kind))
        return None if row is None else rows.policy_document(row)

    async def versions(self, tenant: TenantId, kind: str) -> Sequence[PolicyDocument]:
        return list(map(rows.policy_document, await self._reader.all(_POLICY_VERSIONS, (tenant, kind))))


class SigningKeys(Reads):
    async def all(self) -> Sequence[SigningKey]:
        return list(map(rows.signing_key, await self._reader.all(_SIGNING_KEYS, ())))
