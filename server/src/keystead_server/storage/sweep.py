"""What is swept, and when."""

from datetime import datetime, timedelta

from keystead_server.storage.rows.columns import to_micros
from keystead_server.storage.statement import Arguments, Statement
from keystead_server.storage.writes import SWEEP_GRANTS, SWEEP_PASSES, SWEEP_SESSIONS

_SESSIONS_KEPT = timedelta(days=1)
_PASSES_KEPT = timedelta(days=30)


def sweeps(now: datetime) -> list[tuple[Statement, Arguments]]:
    """Statements that each delete one bounded batch, to be run until they find nothing more."""
    sessions, passes = (to_micros(now - _SESSIONS_KEPT),), (to_micros(now - _PASSES_KEPT),)
    return [(SWEEP_SESSIONS, sessions), (SWEEP_GRANTS, sessions), (SWEEP_PASSES, passes)]
