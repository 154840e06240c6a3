"""What happened: sessions, grants, the sign-in log and the audit log."""

from collections.abc import Sequence
from datetime import datetime
from itertools import product

from sqlalchemy import func, select

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.guesses import Guesses
from keystead_server.domain.ids import AttemptId, EventId, GrantId, SessionId, TenantId, UserId
from keystead_server.domain.sign_in import Attempt, Method, Result
from keystead_server.ports.log_queries import AuditQuery, AuditRow, SignInQuery, SignInRow
from keystead_server.ports.store import GrantOwner, SessionOwner
from keystead_server.storage.reads import log_queries
from keystead_server.storage.reads import sign_ins as sign_in_queries
from keystead_server.storage.reads.reader import GROUP_IDS, Reads, given, group_ids, here
from keystead_server.storage.rows import activity as rows
from keystead_server.storage.rows import directory
from keystead_server.storage.rows.columns import to_micros
from keystead_server.storage.schema import (
    REFUSED_GUESS,
    apps,
    attempts,
    audit_events,
    grants,
    guesses,
    sessions,
    tenants,
    users,
)
from keystead_server.storage.statement import Statement

_THEIRS = (users.c.tenant_id == sessions.c.tenant_id) & (users.c.id == sessions.c.user_id)
_SESSION = Statement(
    select(*rows.SESSION, *directory.USER, tenants.c.policy_version, GROUP_IDS)
    .select_from(sessions.join(users, _THEIRS).join(tenants, tenants.c.id == sessions.c.tenant_id))
    .where(here(sessions), sessions.c.id == given("id")),
    "tenant",
    "id",
)
_GRANT = Statement(
    select(*rows.GRANT, *rows.SESSION, *directory.USER, *directory.APP)
    .select_from(
        grants.join(sessions, (sessions.c.tenant_id == grants.c.tenant_id) & (sessions.c.id == grants.c.session_id))
        .join(users, (users.c.tenant_id == grants.c.tenant_id) & (users.c.id == grants.c.user_id))
        .join(apps, (apps.c.tenant_id == grants.c.tenant_id) & (apps.c.id == grants.c.app_id))
    )
    .where(here(grants), grants.c.id == given("id")),
    "tenant",
    "id",
)
_ATTEMPT = Statement(select(*rows.ATTEMPT).where(here(attempts), attempts.c.id == given("id")), "tenant", "id")


def _attempts(of_user: bool, with_result: bool) -> Statement:
    """The newest of all, of a user, of one result: each its own text, so that each uses its index."""
    found = select(*rows.ATTEMPT).where(here(attempts), attempts.c.id < given("before"))
    names = ["tenant", "before"]
    if of_user:
        found = found.where(attempts.c.user_id == given("user"))
        names.append("user")
    if with_result:
        found = found.where(attempts.c.result == given("result"))
        names.append("result")
    return Statement(found.order_by(attempts.c.id.desc()).limit(given("limit")), *names, "limit")


_ATTEMPTS = {key: _attempts(*key) for key in product((False, True), repeat=2)}
_AUDIT = Statement(
    select(*rows.AUDIT_EVENT)
    .where(here(audit_events), audit_events.c.id < given("before"))
    .order_by(audit_events.c.id.desc())
    .limit(given("limit")),
    "tenant",
    "before",
    "limit",
)
_AUDIT_OF = Statement(
    select(*rows.AUDIT_EVENT)
    .where(here(audit_events), audit_events.c.target_id == given("target"))
    .order_by(audit_events.c.id.desc())
    .limit(given("limit")),
    "tenant",
    "target",
    "limit",
)
_NUMBER = select(guesses.c.number).where(here(guesses), guesses.c.user_id == given("user")).scalar_subquery()
# One statement, so that both figures are of one moment.
_GUESSES = Statement(
    select(_NUMBER, func.count())
    .select_from(attempts)
    .where(
        here(attempts),
        attempts.c.user_id == given("user"),
        attempts.c.method == given("method"),
        attempts.c.at >= given("since"),
        REFUSED_GUESS,
    ),
    "tenant",
    "user",
    "method",
    "since",
)

# Behind every UUID.
_END = "~"

_S = len(rows.SESSION)
_SU = _S + len(directory.USER)
_G = len(rows.GRANT)
_GS = _G + _S
_GSU = _GS + len(directory.USER)


class Sessions(Reads):
    async def owner_of(self, tenant: TenantId, session: SessionId) -> SessionOwner | None:
        row = await self._reader.one(_SESSION, (tenant, session))
        if row is None:
            return None
        policy_version, groups = row[_SU:]
        return SessionOwner(rows.session(row[:_S]), directory.user(row[_S:_SU]), group_ids(groups), policy_version)

    async def grant(self, tenant: TenantId, grant: GrantId) -> GrantOwner | None:
        row = await self._reader.one(_GRANT, (tenant, grant))
        if row is None:
            return None
        return GrantOwner(
            rows.grant(row[:_G]),
            rows.session(row[_G:_GS]),
            directory.user(row[_GS:_GSU]),
            directory.app(row[_GSU:]),
        )


class Logs(Reads):
    async def attempt(self, tenant: TenantId, attempt: AttemptId) -> Attempt | None:
        row = await self._reader.one(_ATTEMPT, (tenant, attempt))
        return None if row is None else rows.attempt(row)

    async def attempts(
        self,
        tenant: TenantId,
        *,
        limit: int,
        before: AttemptId | None = None,
        user: UserId | None = None,
        result: Result | None = None,
    ) -> Sequence[Attempt]:
        filters = [value for value in (user, result and result.value) if value is not None]
        statement = _ATTEMPTS[user is not None, result is not None]
        found = await self._reader.all(statement, (tenant, before or _END, *filters, limit))
        return list(map(rows.attempt, found))

    async def audit(self, tenant: TenantId, *, limit: int, before: EventId | None = None) -> Sequence[AuditEvent]:
        return list(map(rows.audit_event, await self._reader.all(_AUDIT, (tenant, before or _END, limit))))

    async def sign_ins(self, tenant: TenantId, query: SignInQuery) -> Sequence[SignInRow]:
        return await sign_in_queries.sign_ins(self._reader, tenant, query)

    async def audit_events(self, tenant: TenantId, query: AuditQuery) -> Sequence[AuditRow]:
        return await log_queries.audit_events_of(self._reader, tenant, query)

    async def audit_of(self, tenant: TenantId, target: str, *, limit: int) -> Sequence[AuditEvent]:
        return list(map(rows.audit_event, await self._reader.all(_AUDIT_OF, (tenant, target, limit))))

    async def guesses(self, tenant: TenantId, user: UserId, method: Method, since: datetime) -> Guesses:
        row = await self._reader.one(_GUESSES, (tenant, user, method.value, to_micros(since)))
        return Guesses(row[0] or 0, row[1]) if row else Guesses(0, 0)
