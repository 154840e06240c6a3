"""Let a session go on to one of our own pages, as Conditional Access has it now.

Asked by the dispatcher for every page of somebody who is signed in; what is refused is in the sign-in log.
"""

from dataclasses import dataclass

from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_facts import REGISTRATION, Target
from keystead_server.flows.access_gate import AccessGate, Ruling
from keystead_server.flows.attempts import Refused, start_trail
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class Denied:
    """Attributes:
    refused: what the log has.
    may_register: the person may add a passkey, with which more would be open to them.
    """

    refused: Refused
    ruling: Ruling
    may_register: bool


@dataclass(frozen=True, slots=True)
class Enter:
    store: Store
    clock: Clock
    entropy: Entropy
    gate: AccessGate

    async def __call__(self, owner: SessionOwner, visitor: Visitor, target: Target) -> Denied | None:
        """Why the session must not go to *target*, or None."""
        ruling = await self.gate.of_session(owner, visitor, target)
        if ruling.code is None or (target.changes_password and ruling.change_password):
            return None
        tenant, now = owner.session.tenant_id, self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant, visitor, now, Purpose.USE, Method.NONE)
        trail.user_id, trail.username, trail.app_id = owner.user.id, owner.user.username, target.app_id
        refused = await trail.refuse_access(ruling)
        may_register = False
        if not ruling.blocks and target is not REGISTRATION:
            may_register = (await self.gate.of_session(owner, visitor, REGISTRATION)).code is None
        return Denied(refused, ruling, may_register)
