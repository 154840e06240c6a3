"""What MemoryStore holds, and its reads."""

from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.app import App
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device
from keystead_server.domain.guesses import Guesses
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.ids import (
    AppId,
    AttemptId,
    AuthorityId,
    DeviceId,
    EventId,
    GrantId,
    GroupId,
    HelloKeyId,
    LetterId,
    PasskeyId,
    SessionId,
    TenantId,
    UserId,
)
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.letter import Letter
from keystead_server.domain.log_chain import ChainId, Head, LogCheckpoint, LogLink
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.password import Password
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.session import Grant, Session
from keystead_server.domain.sign_in import Attempt, Method, Result
from keystead_server.domain.snoozes import Snoozes
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import Group, User, fold
from keystead_server.ports.log_queries import AuditQuery, AuditRow, SignInQuery, SignInRow
from keystead_server.ports.store import GrantOwner, LogSize, NameOrder, PasskeyOwner, Secrets, SessionOwner

T = TypeVar("T")
_ABSENT: Any = object()


class Tables:
    """What is kept, and the list of what to put back when a write is refused."""

    def __init__(self) -> None:
        self.tenants: dict[TenantId, Tenant] = {}
        self.users: dict[tuple[TenantId, UserId], User] = {}
        self.groups: dict[tuple[TenantId, GroupId], Group] = {}
        self.passkeys: dict[tuple[TenantId, PasskeyId], Passkey] = {}
        self.passes: dict[tuple[TenantId, UserId], TemporaryAccessPass] = {}
        self.passwords: dict[tuple[TenantId, str], Password] = {}
        self.totp: dict[tuple[TenantId, str], TotpAuthenticator] = {}
        self.recovery_codes: dict[tuple[TenantId, str], RecoveryCodes] = {}
        self.hello_keys: dict[tuple[TenantId, HelloKeyId], HelloKey] = {}
        self.guesses: dict[tuple[TenantId, UserId], int] = {}
        self.letters: dict[tuple[TenantId, LetterId], Letter] = {}
        self.devices: dict[tuple[TenantId, DeviceId], Device] = {}
        self.authorities: dict[tuple[TenantId, AuthorityId], Authority] = {}
        self.apps: dict[tuple[TenantId, AppId], App] = {}
        self.sessions: dict[tuple[TenantId, SessionId], Session] = {}
        self.grants: dict[tuple[TenantId, GrantId], Grant] = {}
        self.attempts: dict[tuple[TenantId, AttemptId], Attempt] = {}
        self.audit: dict[tuple[TenantId, EventId], AuditEvent] = {}
        self.policies: dict[tuple[TenantId, str, int], PolicyDocument] = {}
        self.signing_keys: dict[str, SigningKey] = {}
        self.links: dict[tuple[ChainId, int], LogLink] = {}
        self.heads: dict[ChainId, int] = {}
        self.checkpoints: dict[int, LogCheckpoint] = {}
        self.snoozes: dict[tuple[TenantId, UserId], Snoozes] = {}
        self.memberships: dict[tuple[TenantId, GroupId, UserId], None] = {}
        self.names: dict[Hashable, Hashable] = {}
        self.undo: list[tuple[dict[Any, Any], Any, Any]] = []

    def of(self, kind: type[Any]) -> dict[Any, Any]:
        tables: dict[type[Any], dict[Any, Any]] = {
            Tenant: self.tenants,
            User: self.users,
            Group: self.groups,
            Passkey: self.passkeys,
            TemporaryAccessPass: self.passes,
            Password: self.passwords,
            TotpAuthenticator: self.totp,
            RecoveryCodes: self.recovery_codes,
            HelloKey: self.hello_keys,
            Letter: self.letters,
            Device: self.devices,
            Authority: self.authorities,
            App: self.apps,
            Session: self.sessions,
            Grant: self.grants,
            Attempt: self.attempts,
            AuditEvent: self.audit,
            PolicyDocument: self.policies,
            LogCheckpoint: self.checkpoints,
            SigningKey: self.signing_keys,
        }
        return tables[kind]

    def put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        self.undo.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def drop(self, table: dict[Any, Any], key: Any) -> None:
        if key in table:
            self.undo.append((table, key, table.pop(key)))

    def take_back(self) -> None:
        for table, key, value in reversed(self.undo):
            if value is _ABSENT:
                del table[key]
            else:
                table[key] = value

    def groups_of(self, tenant: TenantId, user: UserId) -> frozenset[GroupId]:
        return frozenset(g for t, g, u in self.memberships if (t, u) == (tenant, user))

    def inside(self, tenant: TenantId, values: Iterable[T], key: Callable[[T], Any]) -> list[T]:
        return sorted((v for v in values if v.tenant_id == tenant), key=key)  # type: ignore[attr-defined]


def _newest(values: Iterable[Any], limit: int, before: str | None) -> list[Any]:
    found = sorted((v for v in values if before is None or v.id < before), key=lambda v: v.id, reverse=True)
    return found[:limit]


class _Reads:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables


class Tenants(_Reads):
    async def by_name(self, name: str) -> Tenant | None:
        return next((t for t in self._tables.tenants.values() if name in (t.name, t.id)), None)

    async def all(self) -> Sequence[Tenant]:
        return sorted(self._tables.tenants.values(), key=lambda t: (t.created_at, t.id))


class Users(_Reads):
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


class Groups(_Reads):
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


class Passkeys(_Reads):
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


class Letters(_Reads):
    async def due(self, now: datetime, *, limit: int) -> Sequence[Letter]:
        found = [letter for letter in self._tables.letters.values() if letter.due_at <= now]
        return sorted(found, key=lambda letter: (letter.due_at, letter.id))[:limit]


class Passes(_Reads):
    async def of_user(self, tenant: TenantId, user: UserId) -> TemporaryAccessPass | None:
        return self._tables.passes.get((tenant, user))


class AllSecrets(_Reads):
    async def of_user(self, tenant: TenantId, user: UserId) -> Secrets:
        def theirs(values: Iterable[Any], key: Callable[[Any], Any] = lambda v: v.id) -> list[Any]:
            return [v for v in self._tables.inside(tenant, values, key) if v.user_id == user]

        return Secrets(
            next(iter(theirs(self._tables.passwords.values())), None),
            tuple(theirs(self._tables.totp.values(), lambda t: (t.created_at, t.id))),
            next(iter(theirs(self._tables.recovery_codes.values())), None),
            tuple(theirs(self._tables.hello_keys.values(), lambda k: (k.created_at, k.id))),
        )


class Devices(_Reads):
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


class Authorities(_Reads):
    async def all(self, tenant: TenantId) -> Sequence[Authority]:
        return list(reversed(self._tables.inside(tenant, self._tables.authorities.values(), lambda a: a.id)))


class Apps(_Reads):
    async def get(self, tenant: TenantId, app: AppId) -> App | None:
        return self._tables.apps.get((tenant, app))

    async def all(self, tenant: TenantId) -> Sequence[App]:
        return self._tables.inside(tenant, self._tables.apps.values(), lambda a: (fold(a.name), a.id))


class Sessions(_Reads):
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


class Logs(_Reads):
    async def attempt(self, tenant: TenantId, attempt: AttemptId) -> Attempt | None:
        return self._tables.attempts.get((tenant, attempt))

    async def attempts(
        self,
        tenant: TenantId,
        *,
        limit: int,
        before: AttemptId | None = None,
        user: UserId | None = None,
        result: Result | None = None,
    ) -> Sequence[Attempt]:
        found = [a for a in self._tables.attempts.values() if a.tenant_id == tenant]
        found = [a for a in found if (user is None or a.user_id == user) and (result is None or a.result is result)]
        return _newest(found, limit, before)

    async def audit(self, tenant: TenantId, *, limit: int, before: EventId | None = None) -> Sequence[AuditEvent]:
        return _newest((e for e in self._tables.audit.values() if e.tenant_id == tenant), limit, before)

    async def sign_ins(self, tenant: TenantId, query: SignInQuery) -> Sequence[SignInRow]:
        def wanted(a: Attempt) -> bool:
            pairs = ((query.user, a.user_id), (query.app, a.app_id), (query.granted, a.result is Result.GRANTED))
            return _within(query, a.at) and all(asked in (None, value) for asked, value in pairs)

        found = [a for a in self._tables.attempts.values() if a.tenant_id == tenant and wanted(a)]
        found.sort(key=lambda a: (a.at, a.id), reverse=query.newest_first)
        behind = [a for a in found if query.after is None or _is_behind((a.at, a.id), query.after, query.newest_first)]
        return [
            SignInRow(a, *self._names(tenant, a.user_id), self._app(tenant, a.app_id)) for a in behind[: query.limit]
        ]

    async def audit_events(self, tenant: TenantId, query: AuditQuery) -> Sequence[AuditRow]:
        found = [e for e in self._tables.audit.values() if e.tenant_id == tenant and _within(query, e.at)]
        found.sort(key=lambda e: e.id, reverse=query.newest_first)
        behind = [e for e in found if query.after is None or _is_behind(e.id, query.after, query.newest_first)]
        return [
            AuditRow(e, *self._names(tenant, e.actor_id), self._app(tenant, e.actor_id)) for e in behind[: query.limit]
        ]

    def _names(self, tenant: TenantId, user: Any) -> tuple[str | None, str | None]:
        found = self._tables.users.get((tenant, user))
        return (None, None) if found is None else (found.username, found.display_name)

    def _app(self, tenant: TenantId, app: Any) -> str | None:
        found = self._tables.apps.get((tenant, app))
        return None if found is None else found.name

    async def audit_of(self, tenant: TenantId, target: str, *, limit: int) -> Sequence[AuditEvent]:
        found = (e for e in self._tables.audit.values() if e.tenant_id == tenant and e.target_id == target)
        return _newest(found, limit, None)

    async def guesses(self, tenant: TenantId, user: UserId, method: Method, since: datetime) -> Guesses:
        failures = sum(
            a.method is method and a.result is Result.REFUSED and a.at >= since
            for a in self._tables.attempts.values()
            if a.tenant_id == tenant and a.user_id == user
        )
        return Guesses(self._tables.guesses.get((tenant, user), 0), failures)


def _within(query: SignInQuery | AuditQuery, at: datetime) -> bool:
    return (query.since is None or at >= query.since) and (query.until is None or at < query.until)


def _is_behind(place: Any, after: Any, newest_first: bool) -> bool:
    return bool(place < after if newest_first else place > after)


class WholeLog:
    def __init__(self, tables: Tables) -> None:
        self._attempts = [value for _, value in sorted(tables.attempts.items())]
        self._audit = [value for _, value in sorted(tables.audit.items())]
        self._links = [value for _, value in sorted(tables.links.items())]
        self._checkpoints = [value for _, value in sorted(tables.checkpoints.items())]

    async def size(self) -> LogSize:
        return LogSize(len(self._attempts), len(self._audit), len(self._links), len(self._checkpoints))

    def attempts(self) -> AsyncIterator[Sequence[Attempt]]:
        return _one_page(self._attempts)

    def audit(self) -> AsyncIterator[Sequence[AuditEvent]]:
        return _one_page(self._audit)

    def links(self) -> AsyncIterator[Sequence[LogLink]]:
        return _one_page(self._links)

    def checkpoints(self) -> AsyncIterator[Sequence[LogCheckpoint]]:
        return _one_page(self._checkpoints)


async def _one_page(values: Sequence[T]) -> AsyncIterator[Sequence[T]]:
    if values:
        yield values


class Chains(_Reads):
    async def unbound(self, *, limit: int) -> Sequence[Head]:
        heads = sorted(self._tables.heads.items())[:limit]
        return [self._tables.links[head].head for head in heads]

    async def last_checkpoint(self) -> LogCheckpoint | None:
        return max(self._tables.checkpoints.values(), key=lambda c: c.number, default=None)

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[WholeLog]:
        yield WholeLog(self._tables)


class Policies(_Reads):
    async def current(self, tenant: TenantId, kind: str) -> PolicyDocument | None:
        return next(iter(await self.versions(tenant, kind)), None)

    async def versions(self, tenant: TenantId, kind: str) -> Sequence[PolicyDocument]:
        documents = self._tables.inside(tenant, self._tables.policies.values(), lambda d: -d.version)
        return [d for d in documents if d.kind == kind]


class SigningKeys(_Reads):
    async def all(self) -> Sequence[SigningKey]:
        keys = sorted(self._tables.signing_keys.values(), key=lambda k: k.kid)
        return sorted(keys, key=lambda k: k.created_at, reverse=True)
