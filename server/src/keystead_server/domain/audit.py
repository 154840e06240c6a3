"""The audit log: what was changed, by whom. Written in the same transaction as the change."""

from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.ids import AppId, EventId, TenantId, UserId


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One change.

    Attributes:
        name: `noun.past_participle`, such as `user.created`.
        actor_id: the person or, when nobody was there, the app that did it; None is the operator at the command line.
        target_id: the id of what was changed.
        detail: what a reader needs to understand it; never a secret.
    """

    id: EventId
    tenant_id: TenantId
    at: datetime
    name: str
    actor_id: UserId | AppId | None
    target_id: str
    detail: dict[str, str]
