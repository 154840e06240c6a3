"""Say before anybody is asked for anything what Conditional Access makes certain already.

A place that is blocked gets no prompt, and nobody is offered what cannot lead in. Who somebody is counts
only when their session says so: by name alone, strangers would learn who is in which group.
"""

from dataclasses import dataclass

from keystead_server.domain.access_ruling import AccessRuling, AppliedPolicy
from keystead_server.domain.ids import TenantId
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.attempts import Refused, start_trail
from keystead_server.policy.access.decide import Result, Verdict
from keystead_server.policy.access.early import BlockedEarly, MayContinue
from keystead_server.policy.people import Subject
from keystead_server.policy.strengths.model import Combination, MethodMode
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import SessionOwner, Store

# A pass is for registering, which policies may let happen where they let nothing else: it is always offered.
_MODES: dict[Method, Combination] = {Method.PASSWORD: frozenset({MethodMode.PASSWORD})}


@dataclass(frozen=True, slots=True)
class Foresee:
    store: Store
    clock: Clock
    entropy: Entropy
    gate: AccessGate

    async def __call__(
        self, tenant: TenantId, visitor: Visitor, owner: SessionOwner | None = None, *, policy_version: int
    ) -> MayContinue | Refused:
        """What is certain of a sign-in by *visitor*; a block is in the sign-in log afterwards.

        Args:
            policy_version: of the tenant, read for this request.
        """
        version = await self.gate.in_force(tenant, policy_version)
        subject = None if owner is None else Subject.of(owner.user, owner.groups)
        early = self.gate.early(version, visitor, subject=subject)
        if isinstance(early, BlockedEarly):
            now = self.clock.now()
            trail = start_trail(self.store, self.entropy, tenant, visitor, now, Purpose.SIGN_IN, Method.NONE)
            if owner is not None:
                trail.user_id, trail.username = owner.user.id, owner.user.username
            blocking = tuple(AppliedPolicy(one, version.names[one], Result.FAILURE.value) for one in early.blocked_by)
            trail.access = AccessRuling(Verdict.BLOCK.value, blocking)
            return await trail.refuse("access_blocked", "before anything was asked for")
        return early


def leads_in(early: MayContinue, method: Method) -> bool:
    """Whether *method* may be part of what is asked for."""
    return method not in _MODES or early.offers(_MODES[method])
