"""An account that no policy is for was used: nobody does that unnoticed."""

from datetime import datetime

from keystead_server.domain.actor import Actor
from keystead_server.domain.user import User
from keystead_server.flows.access_gate import Ruling
from keystead_server.flows.auditing import audited
from keystead_server.ports.changes import Add
from keystead_server.ports.clock import Entropy


def alarm(entropy: Entropy, ruling: Ruling, user: User, at: datetime, address: str) -> tuple[Add, ...]:
    """What goes into the write of a sign-in beside it: the audit line of an emergency account's use, or nothing."""
    if not ruling.emergency:
        return ()
    line = audited(
        entropy, "break_glass.used", tenant=user.tenant_id, at=at, by=Actor(user), target=user.id, address=address
    )
    return (line,)
