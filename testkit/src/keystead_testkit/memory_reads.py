"""MemoryStore's reads; those of the logs are in `memory_logs`."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.app import App
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device
from keystead_server.domain.ids import (
    AppId,
    DeviceId,
    GrantId,
    GroupId,
    PasskeyId,
    SessionId,
    TenantId,
    UserId,
)
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.letter import Letter
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.snoozes import Snoozes
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Group, User, fold
from keystead_server.ports.store import GrantOwner, NameOrder, PasskeyOwner, Secrets, SessionOwner

from keystead_testkit.memory_tables import Reads


class Tenants(Reads):
    async def by_name(self, name: str) -> Tenant | None:
        return next((t for t in self._tables.tenants.values() if name in (t.name, t.id)), None)

    async def all(self) -> Sequence[Tenant]:
        return sorted(self._tables.tenants.values(), key=lambda t: (t.created_at, t.id))


class Users(Reads):
    async def get(self, tenant: TenantId, user: UserId) -> User | None:
        return self._tables.users.get((tenant, user))

    async def by_username(self, tenant: TenantId, username: str) -> User | None:
        key: Any = self._tables.names.get((User, tenant, fold(username)))
        return None if key is None else self._tables.users[key]

    async def page(
        self, tenant: TenantId, *, limit: int, after: UserId | None = None, search: str = ""
    ) -> Sequence[User]:
        users = self._tables.inside(tenant, self._tables.users.values(), lambda u: u.id)
        wanted = fold(search)
        found = [u for u in users if wanted in fold(u.username) or wanted in fold(u.display_name)]
        return [u for u in found if after is None or u.id > after][:limit]

    async def by_name(
        self,
        tenant: TenantId,
        order: NameOrder,
        *,
        limit: int,
        descending: bool = False,
        after: tuple[str, UserId] | None = None,
    ) -> Sequence[User]:
        def place(user: User) -> tuple[str, UserId]:
            return fold(user.username if order is NameOrder.USERNAME else user.display_name), user.id

        users = self._tables.inside(tenant, self._tables.users.values(), place)
        found = users[::-1] if descending else users
        begin = 0 if after is None else [place(user) for user in found].index(after) + 1
        return found[begin : begin + limit]

    async def groups_of(self, tenant: TenantId, user: UserId) -> Sequence[Group]:
        theirs = self._tables.groups_of(tenant, user)
        groups = self._tables.inside(tenant, self._tables.groups.values(), lambda g: (fold(g.name), g.id))
        return [g for g in groups if g.id in theirs]

    async def snoozes(self, tenant: TenantId, user: UserId) -> Snoozes:
        return self._tables.snoozes.get((tenant, user), Snoozes())

    async def count(self, tenant: TenantId) -> int:
        return sum(t == tenant for t, _ in self._tables.users)

    async def administrators(self, tenant: TenantId) -> Sequence[User]:
        users = self._tables.inside(tenant, self._tables.users.values(), lambda u: u.id)
        return [u for u in users if u.enabled and u.is_administrator]

    async def role_holders(self, tenant: TenantId) -> Sequence[User]:
        users = self._tables.inside(tenant, self._tables.users.values(), lambda u: u.id)
        return [u for u in users if u.enabled and u.roles]


class Groups(Reads):
    async def get(self, tenant: TenantId, group: GroupId) -> Group | None:
        return self._tables.groups.get((tenant, group))

    async def by_name(self, tenant: TenantId, name: str) -> Group | None:
        key: Any = self._tables.names.get((Group, tenant, fold(name)))
        return None if key is None else self._tables.groups[key]

    async def all(self, tenant: TenantId) -> Sequence[Group]:
        return self._tables.inside(tenant, self._tables.groups.values(), lambda g: (fold(g.name), g.id))

    async def members(self, tenant: TenantId, group: GroupId) -> Sequence[User]:
        users = self._tables.inside(tenant, self._tables.users.values(), lambda u: fold(u.username))
        return [u for u in users if (tenant, group, u.id) in self._tables.memberships]


class Passkeys(Reads):
    async def owner_of(self, tenant: TenantId, credential_id: bytes) -> PasskeyOwner | None:
        key: Any = self._tables.names.get((Passkey, tenant, credential_id))
        if key is None:
            return None
        return self._owner(self._tables.passkeys[key])

    def _owner(self, passkey: Passkey) -> PasskeyOwner:
        tenant = passkey.tenant_id
        user = self._tables.users[tenant, passkey.user_id]
        groups = self._tables.groups_of(tenant, user.id)
        device = self._tables.devices.get((tenant, passkey.device_id)) if passkey.device_id else None
        version = self._tables.tenants[tenant].policy_version
        return PasskeyOwner(passkey, user, groups, version, device.state if device else None)

    async def get(self, tenant: TenantId, passkey: PasskeyId) -> Passkey | None:
        return self._tables.passkeys.get((tenant, passkey))

    async def of_user(self, tenant: TenantId, user: UserId) -> Sequence[Passkey]:
        passkeys = self._tables.inside(tenant, self._tables.passkeys.values(), lambda p: (p.created_at, p.id))
        return [p for p in passkeys if p.user_id == user]

    async def page(self, tenant: TenantId, *, limit: int, after: PasskeyId | None = None) -> Sequence[PasskeyOwner]:
        passkeys = self._tables.inside(tenant, self._tables.passkeys.values(), lambda p: p.id)
        return [self._owner(p) for p in passkeys if after is None or p.id > after][:limit]

    async def count(self, tenant: TenantId) -> int:
        return sum(t == tenant for t, _ in self._tables.passkeys)

    async def count_on_behalf(self, tenant: TenantId) -> int:
        return sum(p.on_behalf for p in self._tables.passkeys.values() if p.tenant_id == tenant)


class Letters(Reads):
    async def due(self, now: datetime, *, limit: int) -> Sequence[Letter]:
        found = [letter for letter in self._tables.letters.values() if letter.due_at <= now]
        return sorted(found, key=lambda letter: (letter.due_at, letter.id))[:limit]


class Passes(Reads):
    async def of_user(self, tenant: TenantId, user: UserId) -> TemporaryAccessPass | None:
        return self._tables.passes.get((tenant, user))


class AllSecrets(Reads):
    async def of_user(self, tenant: TenantId, user: UserId) -> Secrets:
        def theirs(values: Iterable[Any], key: Callable[[Any], Any] = lambda v: v.id) -> list[Any]:
            return [v for v in self._tables.inside(tenant, values, key) if v.user_id == user]

        return Secrets(
            next(iter(theirs(self._tables.passwords.values())), None),
            tuple(theirs(self._tables.totp.values(), lambda t: (t.created_at, t.id))),
            next(iter(theirs(self._tables.recovery_codes.values())), None),
            tuple(theirs(self._tables.hello_keys.values(), lambda k: (k.created_at, k.id))),
        )


class Devices(Reads):
    def _all(self, tenant: TenantId) -> list[Device]:
        return self._tables.inside(tenant, self._tables.devices.values(), lambda d: d.id)

    async def get(self, tenant: TenantId, device: DeviceId) -> Device | None:
        return self._tables.devices.get((tenant, device))

    async def by_attestation_key(self, tenant: TenantId, digest: bytes) -> Device | None:
        return next((d for d in self._all(tenant) if d.attestation_digest == digest), None)

    async def with_endorsement_key(self, tenant: TenantId, digest: bytes) -> Sequence[Device]:
        return [d for d in self._all(tenant) if d.endorsement_digest == digest]

    async def of_user(self, tenant: TenantId, user: UserId) -> Sequence[Device]:
        return [d for d in self._all(tenant) if d.enrolled_by == user]

    async def page(self, tenant: TenantId, *, limit: int, after: DeviceId | None = None) -> Sequence[Device]:
        return [d for d in self._all(tenant) if after is None or d.id > after][:limit]

    async def count(self, tenant: TenantId) -> int:
        return len(self._all(tenant))


class Authorities(Reads):
    async def all(self, tenant: TenantId) -> Sequence[Authority]:
        return list(reversed(self._tables.inside(tenant, self._tables.authorities.values(), lambda a: a.id)))


class Apps(Reads):
    async def get(self, tenant: TenantId, app: AppId) -> App | None:
        return self._tables.apps.get((tenant, app))

    async def all(self, tenant: TenantId) -> Sequence[App]:
        return self._tables.inside(tenant, self._tables.apps.values(), lambda a: (fold(a.name), a.id))


class Sessions(Reads):
    async def owner_of(self, tenant: TenantId, session: SessionId) -> SessionOwner | None:
        found = self._tables.sessions.get((tenant, session))
        user = self._tables.users.get((tenant, found.user_id)) if found else None
        if found is None or user is None:
            return None
        groups = self._tables.groups_of(tenant, user.id)
        return SessionOwner(found, user, groups, self._tables.tenants[tenant].policy_version)

    async def grant(self, tenant: TenantId, grant: GrantId) -> GrantOwner | None:
        found = self._tables.grants.get((tenant, grant))
        if found is None:
            return None
        session = self._tables.sessions.get((tenant, found.session_id))
        user = self._tables.users.get((tenant, found.user_id))
        app = self._tables.apps.get((tenant, found.app_id))
        if session is None or user is None or app is None:
            return None
        return GrantOwner(found, session, user, app)


class Policies(Reads):
    async def current(self, tenant: TenantId, kind: str) -> PolicyDocument | None:
        return next(iter(await self.versions(tenant, kind)), None)

    async def versions(self, tenant: TenantId, kind: str) -> Sequence[PolicyDocument]:
        documents = self._tables.inside(tenant, self._tables.policies.values(), lambda d: -d.version)
        return [d for d in documents if d.kind == kind]


class SigningKeys(Reads):
    async def all(self) -> Sequence[SigningKey]:
        keys = sorted(self._tables.signing_keys.values(), key=lambda k: k.kid)
        return sorted(keys, key=lambda k: k.created_at, reverse=True)
