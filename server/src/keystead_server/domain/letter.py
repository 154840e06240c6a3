"""A letter: what somebody is told by mail, waiting in the outbox.

It is written in the transaction of what it tells of, so a crash loses neither without the other, and
sent afterwards, so a mail server that is down delays a letter and nothing else. What it says is
sealed at rest, because some letters carry a link that signs its reader in.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keystead_server.domain.ids import LetterId, TenantId, UserId
from keystead_server.domain.invalid import Invalid

KEPT_FOR = timedelta(days=3)
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(hours=6)
# What an envelope takes everywhere: ASCII, one @, nothing that means something in a header.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{3,189}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])")


class Occasion(StrEnum):
    """What happened; the mail room has the words for each."""

    PASSKEY_REGISTERED = "passkey.registered"
    PASSKEY_REGISTERED_ON_BEHALF = "passkey.registered_on_behalf"
    PASSKEY_REMOVED = "passkey.removed"
    PASS_ISSUED = "pass.issued"
    PASS_DELIVERED = "pass.delivered"
    METHOD_ADDED = "method.added"
    METHOD_CHANGED = "method.changed"
    METHOD_REMOVED = "method.removed"
    SIGNED_OUT_EVERYWHERE = "user.signed_out_everywhere"
    MAIL_CHANGED = "user.mail_changed"
    DEVICE_UNLOCKED = "device.unlock_allowed"
    EMERGENCY_USED = "break_glass.used"
    EMERGENCY_UNREADY = "break_glass.unready"


@dataclass(frozen=True, slots=True)
class Letter:
    """Attributes:
    address: where to, as it was when the letter was written.
    sealed: what the words are made of, sealed for this letter alone.
    due_at: when it is tried next; whoever tries it moves this first, so that nobody else does.
    tries: how often it was tried.
    expires_at: when it is given up, such as with the pass that it carries.
    """

    id: LetterId
    tenant_id: TenantId
    user_id: UserId
    occasion: Occasion
    address: str
    sealed: bytes
    created_at: datetime
    due_at: datetime
    expires_at: datetime
    tries: int = 0

    def next_try(self, now: datetime) -> datetime:
        """When to try again if the try that begins now fails: after 1, 2, 4 … minutes, and at most 6 hours."""
        return now + min(_SOONEST * (1 << min(self.tries, 16)), _LATEST)


def check_mail(address: str) -> str:
    """Return *address*, trimmed, when letters can be sent to it.

    Raises:
        Invalid: it does not look like one.
    """
    trimmed = address.strip()
    if not _ADDRESS.fullmatch(trimmed) or ".." in trimmed:
        raise Invalid("mail_invalid", 'a mail address looks like "ada@example.org"', target="mail")
    return trimmed
