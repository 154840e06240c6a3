"""What is swept, and when."""

from datetime import datetime, timedelta

from keystead_server.storage.rows.columns import to_micros
from keystead_server.storage.statement import Arguments, Statement
from keystead_server.storage.writes import SWEEP_GRANTS, SWEEP_LETTERS, SWEEP_PASSES, SWEEP_SESSIONS

_SESSIONS_KEPT = timedelta(days=1)
_PASSES_KEPT = timedelta(days=30)


def sweeps(now: datetime) -> list[tuple[Statement, Arguments]]:
    """Statements that each delete one bounded batch, to be run until they find nothing more."""
    sessions, passes = (to_micros(now - _SESSIONS_KEPT),), (to_micros(now - _PASSES_KEPT),)
    # A letter that is over tells of what nobody waits for any more, or carries a link that no longer works.
    letters = (to_micros(now),)
    return [
        (SWEEP_SESSIONS, sessions),
        (SWEEP_GRANTS, sessions),
        (SWEEP_PASSES, passes),
        (SWEEP_LETTERS, letters),
    ]
