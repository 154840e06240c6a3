"""The audit line that goes with a change, in the same write."""

from datetime import datetime

from keystead_server.domain.actor import Actor
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.ids import EventId, TenantId
from keystead_server.ports.changes import Add
from keystead_server.ports.clock import Entropy


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
