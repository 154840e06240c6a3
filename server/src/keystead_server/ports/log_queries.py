"""What may be asked of the two logs beyond their newest rows: a span of time, somebody, an outcome.

All of it is answered from an index or stops at the limit, however long the log is.
"""

from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.ids import AppId, AttemptId, EventId, UserId
from keystead_server.domain.sign_in import Attempt


@dataclass(frozen=True, slots=True)
class SignInQuery:
    """Attempts in order of their moment.

    Attributes:
        since, until: the first moment that counts, and the first that no longer does.
        granted: whether it was granted; what was interrupted was not.
        after: the moment and id of the row behind which to go on, in the order asked for.
    """

    limit: int
    newest_first: bool = True
    since: datetime | None = None
    until: datetime | None = None
    user: UserId | None = None
    app: AppId | None = None
    granted: bool | None = None
    after: tuple[datetime, AttemptId] | None = None


@dataclass(frozen=True, slots=True)
class SignInRow:
    """An attempt with names as they are now; None for who is no longer there.

    Attributes:
        display_name: the person's.
    """

    attempt: Attempt
    username: str | None
    display_name: str | None
    app_name: str | None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Changes in order of their moment; the attributes are as for SignInQuery."""

    limit: int
    newest_first: bool = True
    since: datetime | None = None
    until: datetime | None = None
    after: EventId | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A change with the names, as they are now, of the person or the app that made it."""

    event: AuditEvent
    username: str | None
    display_name: str | None
    app_name: str | None
