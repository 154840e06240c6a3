"""Reads of sessions, grants and the two logs, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from keystead_core.fast_init import fast_init

from keystead_server.domain.app import App
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.guesses import Guesses
from keystead_server.domain.ids import (
    AttemptId,
    EventId,
    GrantId,
    GroupId,
    SessionId,
    TenantId,
    UserId,
)
from keystead_server.domain.session import Grant, Session
from keystead_server.domain.sign_in import Attempt, Method, Result
from keystead_server.domain.user import User
from keystead_server.ports.log_queries import AuditQuery, AuditRow, SignInQuery, SignInRow


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
