"""MemoryStore's reads of the logs and of what proves them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.guesses import Guesses
from keystead_server.domain.ids import (
    AttemptId,
    EventId,
    TenantId,
    UserId,
)
from keystead_server.domain.log_chain import Head, LogCheckpoint, LogLink
from keystead_server.domain.sign_in import Attempt, Method, Result
from keystead_server.ports.log_queries import AuditQuery, AuditRow, SignInQuery, SignInRow
from keystead_server.ports.store import LogSize

from keystead_testkit.memory_tables import Reads, Tables

T = TypeVar("T")


class Logs(Reads):
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


class Chains(Reads):
    async def unbound(self, *, limit: int) -> Sequence[Head]:
        heads = sorted(self._tables.heads.items())[:limit]
        return [self._tables.links[head].head for head in heads]

    async def last_checkpoint(self) -> LogCheckpoint | None:
        return max(self._tables.checkpoints.values(), key=lambda c: c.number, default=None)

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[WholeLog]:
        yield WholeLog(self._tables)


def _newest(values: Iterable[Any], limit: int, before: str | None) -> list[Any]:
    found = sorted((v for v in values if before is None or v.id < before), key=lambda v: v.id, reverse=True)
    return found[:limit]
