"""Recording what somebody tried: granted or refused, each attempt has its row."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from keystead_server.domain.access_ruling import AccessRuling
from keystead_server.domain.ids import AppId, AttemptId, TenantId, UserId
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_gate import Ruling
from keystead_server.policy.methods.decide import NotAllowed
from keystead_server.policy.passkeys.decide import NotAdmitted
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
        policy: what the passkey policy has against it, when that was the reason; for the person to read.
        against: the same of the policy for all other methods.
        access: what Conditional Access asks for, when that was the reason.
    """

    code: str
    attempt_id: AttemptId
    policy: NotAdmitted | None = None
    against: NotAllowed | None = None
    access: Ruling | None = None


@dataclass(slots=True)
class Trail:
    """What a flow has learnt about an attempt so far; becomes its row once it is known how it ended.

    The one mutable value here: copying a frozen row at each step cost a tenth of a sign-in.
    """

    store: Store
    entropy: Entropy
    id: AttemptId
    tenant_id: TenantId
    at: datetime
    purpose: Purpose
    method: Method
    visitor: Visitor
    user_id: UserId | None = None
    username: str | None = None
    app_id: AppId | None = None
    credential_id: bytes | None = None
    aaguid: UUID | None = None
    proof: str | None = None
    profile: str | None = None
    access: AccessRuling | None = None

    def row(self, result: Result, reason: str, detail: str = "") -> Attempt:
        return Attempt(
            self.id,
            self.tenant_id,
            self.at,
            self.purpose,
            self.method,
            result,
            reason,
            self.visitor.address,
            self.visitor.user_agent[:MAX_AGENT_CHARACTERS],
            detail[:MAX_DETAIL_CHARACTERS],
            self.user_id,
            self.username,
            self.app_id or self.visitor.app_id,
            self.credential_id,
            self.aaguid,
            self.proof,
            self.profile,
            access=self.access,
        )

    def granted(self) -> Attempt:
        return self.row(Result.GRANTED, "granted")

    async def refuse(self, reason: str, detail: str = "") -> Refused:
        """Record the attempt as refused, and spend its challenge with it.

        When the challenge was answered before, that is the reason: the row of the first answer stays
        as it is, and this answer gets a row of its own.
        """
        row = self.row(Result.REFUSED, reason, detail)
        if isinstance(await self.store.write(Add(row)), Conflict):
            return await self.refuse_spent()
        return Refused(reason, row.id)

    async def refuse_by_policy(self, refusal: NotAdmitted) -> Refused:
        """As `refuse`; the log gets what every profile said, the person what the closest one asks for."""
        refused = await self.refuse(refusal.code, " | ".join(refusal.because))
        # A challenge that was spent is the reason before any policy is.
        return replace(refused, policy=refusal) if refused.code == refusal.code else refused

    async def refuse_access(self, ruling: Ruling) -> Refused:
        """As `refuse`, because Conditional Access says so; the log gets every policy that applied."""
        self.access = ruling.record
        code = ruling.code or "access_blocked"
        refused = await self.refuse(code, "; ".join(ruling.says))
        return replace(refused, access=ruling) if refused.code == code else refused

    async def refuse_spent(self) -> Refused:
        """Record an answer to a challenge whose row is already there."""
        row = self.row(Result.REFUSED, "challenge_spent", "this challenge was answered before")
        own = replace(row, id=AttemptId(self.entropy.new_id(self.at)), challenge_id=row.id)
        await self.store.write(Add(own))
        return Refused(own.reason, own.id)


def start_trail(
    store: Store,
    entropy: Entropy,
    tenant: TenantId,
    visitor: Visitor,
    at: datetime,
    purpose: Purpose,
    method: Method,
) -> Trail:
    """A trail under an id of its own, until a challenge brings the id it has to spend."""
    return Trail(store, entropy, AttemptId(entropy.new_id(at)), tenant, at, purpose, method, visitor)
