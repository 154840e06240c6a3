"""What MemoryStore holds, and how it is put back."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.app import App
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device
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
from keystead_server.domain.log_chain import ChainId, LogCheckpoint, LogLink
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.password import Password
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.session import Grant, Session
from keystead_server.domain.sign_in import Attempt
from keystead_server.domain.snoozes import Snoozes
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import Group, User

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


class Reads:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
