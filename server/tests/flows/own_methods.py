"""What somebody has set up, what the log says of it, and taking it away."""

from typing import Any

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.user import User
from keystead_server.ports.store import Secrets, SessionOwner
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of


def secrets_of(office: Office, user: User) -> Secrets:
    return run(office.store.secrets.of_user(user.tenant_id, user.id))


def events_of(office: Office, user: User) -> list[AuditEvent]:
    return list(run(office.store.logs.audit_of(user.tenant_id, user.id, limit=99)))


def remove(office: Office, owner: SessionOwner, method_id: str, **how: Any) -> str:
    return reason_of(run(office.services.manage_methods.remove_own(owner, method_id, **how)))
