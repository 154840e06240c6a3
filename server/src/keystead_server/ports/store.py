"""Where everything rests. Reads are written for the page or flow that needs them; all writing is `write`.

Every read of something inside a tenant names the tenant, and gets nothing of another's.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from keystead_core.fast_init import fast_init

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.app import App
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device, DeviceState
from keystead_server.domain.guesses import Guesses
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.ids import (
    AppId,
    AttemptId,
    DeviceId,
    EventId,
    GrantId,
    GroupId,
    PasskeyId,
    SessionId,
    TenantId,
    UserId,
)
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.letter import Letter
from keystead_server.domain.log_chain import Head, LogCheckpoint, LogLink, UnreadableRow
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.password import Password
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.session import Grant, Session
from keystead_server.domain.sign_in import Attempt, Method, Result
from keystead_server.domain.snoozes import Snoozes
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import Group, User
from keystead_server.ports.changes import Change, Conflict, Written
from keystead_server.ports.log_queries import AuditQuery, AuditRow, SignInQuery, SignInRow


@fast_init
@dataclass(frozen=True, slots=True)
class PasskeyOwner:
    """What a sign-in, and a list of what could sign in, needs to know about a passkey, in one read.

    Attributes:
        device: the state of the device that vouched for it; None when none did, or when that is gone.
    """

    passkey: Passkey
    user: User
    groups: frozenset[GroupId]
    policy_version: int
    device: DeviceState | None = None


@fast_init
@dataclass(frozen=True, slots=True)
class SessionOwner:
    """What every signed-in request needs, in one read."""

    session: Session
    user: User
    groups: frozenset[GroupId]
    policy_version: int


@dataclass(frozen=True, slots=True)
class GrantOwner:
    """What a token is checked against at each use."""

    grant: Grant
    session: Session
    user: User
    app: App


@dataclass(frozen=True, slots=True)
class LogSize:
    """How many rows a whole log has."""

    attempts: int
    audit: int
    links: int
    checkpoints: int

    @property
    def total(self) -> int:
        return self.attempts + self.audit + self.links + self.checkpoints


class StorageUnavailable(Exception):
    """The database cannot be reached, or failed in a way that is nobody's input. Nothing was confirmed."""

    code = "storage_unavailable"


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


class Passkeys(Protocol):
    async def owner_of(self, tenant: TenantId, credential_id: bytes) -> PasskeyOwner | None:
        """The passkey with this credential id, whose it is, and what policy asks about; one query."""
        ...

    async def get(self, tenant: TenantId, passkey: PasskeyId) -> Passkey | None: ...

    async def of_user(self, tenant: TenantId, user: UserId) -> Sequence[Passkey]:
        """Oldest first."""
        ...

    async def page(self, tenant: TenantId, *, limit: int, after: PasskeyId | None = None) -> Sequence[PasskeyOwner]:
        """Up to *limit* passkeys with their owners in order of id, from the one behind *after*.

        Others have their turn before each page.
        """
        ...

    async def count(self, tenant: TenantId) -> int: ...

    async def count_on_behalf(self, tenant: TenantId) -> int:
        """Those that somebody else than their owner registered: they say nothing about whom passkeys reached."""
        ...


class Letters(Protocol):
    async def due(self, now: datetime, *, limit: int) -> Sequence[Letter]:
        """Letters of every tenant that are to be sent now, those due longest first."""
        ...


class Passes(Protocol):
    async def of_user(self, tenant: TenantId, user: UserId) -> TemporaryAccessPass | None: ...


@dataclass(frozen=True, slots=True)
class Secrets:
    """What somebody has set up besides passkeys and a pass, in one read.

    Attributes:
        totp, hello_keys: oldest first.
    """

    password: Password | None = None
    totp: tuple[TotpAuthenticator, ...] = ()
    recovery_codes: RecoveryCodes | None = None
    hello_keys: tuple[HelloKey, ...] = ()

    @property
    def all(self) -> tuple[Password | TotpAuthenticator | RecoveryCodes | HelloKey, ...]:
        found = (self.password, *self.totp, self.recovery_codes, *self.hello_keys)
        return tuple(each for each in found if each is not None)


class AllSecrets(Protocol):
    async def of_user(self, tenant: TenantId, user: UserId) -> Secrets: ...


class Devices(Protocol):
    async def get(self, tenant: TenantId, device: DeviceId) -> Device | None: ...

    async def by_attestation_key(self, tenant: TenantId, digest: bytes) -> Device | None: ...

    async def with_endorsement_key(self, tenant: TenantId, digest: bytes) -> Sequence[Device]:
        """Every device with this chip, in order of id: each person's container has an attestation key of its own."""
        ...

    async def of_user(self, tenant: TenantId, user: UserId) -> Sequence[Device]:
        """Those that this person enrolled, in order of id."""
        ...

    async def page(self, tenant: TenantId, *, limit: int, after: DeviceId | None = None) -> Sequence[Device]:
        """Up to *limit* devices in order of id, from the one behind *after*."""
        ...

    async def count(self, tenant: TenantId) -> int: ...


class Authorities(Protocol):
    async def all(self, tenant: TenantId) -> Sequence[Authority]:
        """Newest first."""
        ...


class Apps(Protocol):
    async def get(self, tenant: TenantId, app: AppId) -> App | None: ...

    async def all(self, tenant: TenantId) -> Sequence[App]:
        """In order of name."""
        ...


class Sessions(Protocol):
    async def owner_of(self, tenant: TenantId, session: SessionId) -> SessionOwner | None:
        """The session with its user, open or not; one query."""
        ...

    async def grant(self, tenant: TenantId, grant: GrantId) -> GrantOwner | None:
        """A grant with session, user and app, revoked or not; one query."""
        ...


class Logs(Protocol):
    async def attempt(self, tenant: TenantId, attempt: AttemptId) -> Attempt | None: ...

    async def attempts(
        self,
        tenant: TenantId,
        *,
        limit: int,
        before: AttemptId | None = None,
        user: UserId | None = None,
        result: Result | None = None,
    ) -> Sequence[Attempt]:
        """Newest first (descending id), from the one behind *before*."""
        ...

    async def audit(self, tenant: TenantId, *, limit: int, before: EventId | None = None) -> Sequence[AuditEvent]:
        """Newest first (descending id)."""
        ...

    async def sign_ins(self, tenant: TenantId, query: SignInQuery) -> Sequence[SignInRow]: ...

    async def audit_events(self, tenant: TenantId, query: AuditQuery) -> Sequence[AuditRow]: ...

    async def audit_of(self, tenant: TenantId, target: str, *, limit: int) -> Sequence[AuditEvent]:
        """What was done to one thing, newest first; to an account, with what it signs in with."""
        ...

    async def guesses(self, tenant: TenantId, user: UserId, method: Method, since: datetime) -> Guesses:
        """How often this person was guessed at, and how many by *method* were refused since then.

        Both as of one moment, and across processes: what slows guessing.
        """
        ...


class WholeLog(Protocol):
    """Both logs of every tenant with what proves them, as they were at one moment; page by page."""

    async def size(self) -> LogSize: ...

    def attempts(self) -> AsyncIterator[Sequence[Attempt | UnreadableRow]]:
        """In order of tenant and id."""
        ...

    def audit(self) -> AsyncIterator[Sequence[AuditEvent | UnreadableRow]]:
        """In order of tenant and id."""
        ...

    def links(self) -> AsyncIterator[Sequence[LogLink]]:
        """In order of chain and number."""
        ...

    def checkpoints(self) -> AsyncIterator[Sequence[LogCheckpoint]]:
        """In order of number."""
        ...


class Chains(Protocol):
    """What proves the logs whole: links are written by `Store.write`, checkpoints added by a flow."""

    async def unbound(self, *, limit: int) -> Sequence[Head]:
        """Chains that have moved since a checkpoint last bound them, in order of their id."""
        ...

    async def last_checkpoint(self) -> LogCheckpoint | None: ...

    def whole(self) -> AbstractAsyncContextManager[WholeLog]:
        """The one read across tenants: it is the operator's. Not for the server's own loop, which it may hold up."""
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


class Store(Protocol):
    """Everything at rest."""

    @property
    def tenants(self) -> Tenants: ...
    @property
    def users(self) -> Users: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def passes(self) -> Passes: ...
    @property
    def secrets(self) -> AllSecrets: ...
    @property
    def letters(self) -> Letters: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def authorities(self) -> Authorities: ...
    @property
    def apps(self) -> Apps: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def logs(self) -> Logs: ...
    @property
    def chains(self) -> Chains: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def signing_keys(self) -> SigningKeys: ...

    async def write(self, *changes: Change) -> Written | Conflict:
        """Do all of *changes* or none, and return only when they are durable.

        Atomic among concurrent calls: of two that add the same key, at most one is Written.
        Changes are applied in the order given. What they add to the logs is one link of a chain, in
        the same transaction.
        """
        ...

    async def sweep(self, now: datetime) -> int:
        """Delete sessions and grants over for more than a day, passes for more than thirty days, letters at once.

        Never a row of a log.
        """
        ...

    async def ping(self) -> None:
        """Return when a read and a write would work now; raise otherwise."""
        ...

    async def close(self) -> None: ...
