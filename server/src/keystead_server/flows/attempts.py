"""Recording what somebody tried: granted or refused, each attempt has its row."""

from dataclasses import dataclass, replace
from datetime import datetime

from keystead_server.domain.ids import AttemptId, TenantId
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.domain.visitor import Visitor
from keystead_server.ports.changes import Add, Conflict
from keystead_server.ports.clock import Entropy
from keystead_server.ports.store import Store

MAX_AGENT_CHARACTERS = 256
MAX_DETAIL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Refused:
    """The attempt was refused, and is in the log.

    Attributes:
        code: stable, for the log and for choosing the page's words; the person is
            told less than the log knows.
        attempt_id: what the person can quote to whoever helps them.
    """

    code: str
    attempt_id: AttemptId


def attempted(
    purpose: Purpose, method: Method, attempt: AttemptId, tenant: TenantId, visitor: Visitor, at: datetime
) -> Attempt:
    """A row that says nothing went well yet; the flow fills in what it learns."""
    return Attempt(
        id=attempt,
        tenant_id=tenant,
        at=at,
        purpose=purpose,
        method=method,
        result=Result.REFUSED,
        reason="unfinished",
        client_address=visitor.address,
        user_agent=visitor.user_agent[:MAX_AGENT_CHARACTERS],
        app_id=visitor.app_id,
    )


async def refuse(store: Store, entropy: Entropy, attempt: Attempt, reason: str, detail: str = "") -> Refused:
    """Record *attempt* as refused, and spend its challenge with it.

    When the challenge was answered before, that is the reason: the row of the first answer stays
    as it is, and this answer gets a row of its own.
    """
    row = replace(attempt, reason=reason, detail=detail[:MAX_DETAIL_CHARACTERS])
    if isinstance(await store.write(Add(row)), Conflict):
        return await refuse_spent(store, entropy, row)
    return Refused(row.reason, row.id)


async def refuse_spent(store: Store, entropy: Entropy, attempt: Attempt) -> Refused:
    """Record an answer to a challenge whose row is already there."""
    row = replace(
        attempt,
        id=AttemptId(entropy.new_id(attempt.at)),
        challenge_id=attempt.id,
        result=Result.REFUSED,
        reason="challenge_spent",
        detail="this challenge was answered before",
    )
    await store.write(Add(row))
    return Refused(row.reason, row.id)


def granted(attempt: Attempt) -> Attempt:
    return replace(attempt, result=Result.GRANTED, reason="granted", detail="")
