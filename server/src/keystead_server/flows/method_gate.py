"""What stands before every change of what somebody signs in with, other than passkeys."""

from dataclasses import dataclass

from keystead_server.domain.sign_in import Method
from keystead_server.flows.held_methods import Held, HeldMethods
from keystead_server.policy.methods.decide import NotAllowed, may_set_up
from keystead_server.policy.methods.step_up import against_adding, against_replacing
from keystead_server.ports.clock import Clock
from keystead_server.ports.store import SessionOwner


@dataclass(frozen=True, slots=True)
class NotDone:
    """Attributes:
    code: stable; a rule of the Authentication methods policy, or of `policy.methods.step_up`.
    policy: what the policy has against it, when that is why.
    """

    code: str
    policy: NotAllowed | None = None


@dataclass(frozen=True, slots=True)
class MethodGate:
    held: HeldMethods
    clock: Clock

    async def against_setting_up(self, owner: SessionOwner, method: Method) -> tuple[NotDone | None, Held]:
        """Why the person cannot set *method* up now; said before anything is asked of them."""
        held = await self.held.of(owner.user, owner.groups)
        against = may_set_up(held.policy, method, held.subject)
        if against is None:
            # Nothing is set up that the next sign-in would refuse.
            against = held.against_using(method)
        if against is not None:
            return NotDone(against.code, against), held
        code = against_adding(owner.session, self.clock.now(), has_way_in=held.way_in)
        return None if code is None else NotDone(code), held

    async def against_replacing(self, owner: SessionOwner, method: Method) -> tuple[NotDone | None, Held]:
        """Why the person cannot change or remove what they have of *method* now."""
        held = await self.held.of(owner.user, owner.groups)
        code = against_replacing(
            owner.session, self.clock.now(), method, has_way_in=held.way_in, has_passkey=bool(held.usable)
        )
        return None if code is None else NotDone(code), held
