"""The audit line that goes with a change, in the same write; and the newest of them, read again."""

from collections.abc import AsyncIterator
from datetime import datetime

from keystead_server.domain.actor import Actor
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.ids import EventId, TenantId
from keystead_server.ports.changes import Add
from keystead_server.ports.clock import Entropy
from keystead_server.ports.log_queries import AuditQuery
from keystead_server.ports.store import Store

_PAGE, _PAGES = 1000, 20
NEWEST = _PAGE * _PAGES
"""As many lines as lists for people to look through are made of."""


def audited(
    entropy: Entropy, event: str, /, *, tenant: TenantId, at: datetime, by: Actor, target: str, **detail: str
) -> Add:
    """*event* is `noun.past_participle`; *detail* holds nothing secret. What an app did, for somebody or by itself, has `app`."""
    return Add(audit_line(entropy, event, tenant=tenant, at=at, by=by, target=target, **detail))


def audit_line(
    entropy: Entropy, event: str, /, *, tenant: TenantId, at: datetime, by: Actor, target: str, **detail: str
) -> AuditEvent:
    """The line itself, for who reads it again."""
    if by.app is not None:
        detail["app"] = by.app.id
    return AuditEvent(EventId(entropy.new_id(at)), tenant, at, event, by.id, target, detail)


async def newest_lines(store: Store, tenant: TenantId) -> AsyncIterator[AuditEvent]:
    """The newest lines of all, as far as NEWEST, newest first."""
    after: EventId | None = None
    for _ in range(_PAGES):
        rows = await store.logs.audit_events(tenant, AuditQuery(_PAGE, after=after))
        for row in rows:
            yield row.event
        if len(rows) < _PAGE:
            return
        after = rows[-1].event.id
