"""What somebody typed, judged and recorded so that many guesses at once are as few as one after the other.

The log is the count: `too_many_attempts` is decided by the refused rows of the last minutes. Guesses
that come together would all count before any is written, so each is written only as the next after
those it has counted (`CountGuess`); who was overtaken counts again.
"""

from collections.abc import Sequence
from dataclasses import replace

from keystead_server.domain.guesses import LIMITS
from keystead_server.domain.ids import NOBODY
from keystead_server.domain.sign_in import Result
from keystead_server.domain.user import User
from keystead_server.flows.access_gate import Ruling
from keystead_server.flows.attempts import Refused, Trail
from keystead_server.ports.changes import Add, Change, Conflict, CountGuess, Written

# Whoever is overtaken so often has so many others guessing that it is an attack.
_TRIES = 16


async def refuse_guess(trail: Trail, user: User | None, reason: str, detail: str = "") -> Refused:
    """Record a guess at *user* that was wrong, or right and of no use."""
    refused = await settle(trail, user, reason, detail)
    return refused if isinstance(refused, Refused) else await trail.refuse(reason, detail)


async def refuse_guess_by_access(trail: Trail, user: User, ruling: Ruling) -> Refused:
    """As `refuse_guess`, of what was right: during a lock-out nothing tells it from what was wrong."""
    code = ruling.code or "access_blocked"
    trail.access = ruling.record
    refused = await refuse_guess(trail, user, code, "; ".join(ruling.says))
    return replace(refused, access=ruling) if refused.code == code else refused


async def settle(
    trail: Trail, user: User | None, verdict: str | Sequence[Change], detail: str = ""
) -> Refused | Conflict | None:
    """Record a guess at *user*: refused for the reason that *verdict* is, or granted by the changes it is.

    The changes hold the attempt's row. Judging has happened before, whatever the count says: how long it
    took must not tell the right answer from a wrong one during a lock-out.

    Returns:
        None when the changes are written; the Conflict when another of them than the count was refused.
    """
    limit = LIMITS[trail.method]
    since = trail.at - limit.window
    for _ in range(_TRIES):
        guesses = await trail.store.logs.guesses(
            trail.tenant_id, NOBODY if user is None else user.id, trail.method, since
        )
        if user is None:
            return await trail.refuse("user_unknown")
        reason = "too_many_attempts" if guesses.failures >= limit.failures else verdict
        count = CountGuess(trail.tenant_id, user.id, guesses.number)
        changes = (
            (Add(trail.row(Result.REFUSED, reason, detail if reason == verdict else "")),)
            if isinstance(reason, str)
            else reason
        )
        match await trail.store.write(count, *changes):
            case Written():
                return Refused(reason, trail.id) if isinstance(reason, str) else None
            case Conflict(CountGuess()):
                continue
            case Conflict() as conflict:
                return conflict
    return await trail.refuse("too_many_attempts", "too many came at once")
