"""Read terms of use, and accept them or not. Who declines is refused, and nothing else happens to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keystead_server.domain.actor import Actor
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.acceptances import ACCEPTED, acceptances_of, target_of
from keystead_server.flows.access_facts import Target
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.attempts import Refused, start_trail
from keystead_server.flows.auditing import audited
from keystead_server.policy.access.terms import Terms, accepted
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class AcceptTerms:
    store: Store
    clock: Clock
    entropy: Entropy
    gate: AccessGate

    async def due(self, owner: SessionOwner, visitor: Visitor, target: Target) -> Sequence[Terms]:
        """The terms that stand between somebody and *target*; where none do, all that policies ask of anybody."""
        left = await self._not_accepted(owner)
        ruling = await self.gate.of_session(owner, visitor, target)
        asked = [one for one in left if one.id in ruling.terms]
        return asked or left

    async def accept(self, owner: SessionOwner, read: Mapping[str, str]) -> None:
        """Write down that the texts were accepted; *read* has the digest of each, by the terms' ids.

        Raises:
            Invalid: one of the texts is another by now; then none is accepted.
        """
        left = {one.id: one for one in await self._not_accepted(owner)}
        wanted = [left[one] for one in read if one in left]
        if any(one.digest != read[one.id] for one in wanted):
            raise Invalid("terms_changed", "the text was changed while you read it; here is the new one")
        user, now = owner.user, self.clock.now()
        lines = [
            audited(
                self.entropy, ACCEPTED, tenant=user.tenant_id, at=now, by=Actor(user), target=target_of(user.id),
                user=user.id, terms=one.id, name=one.name, version=str(one.version), digest=one.digest,
            )
            for one in wanted
        ]  # fmt: skip
        if lines:
            await self.store.write(*lines)

    async def decline(self, owner: SessionOwner, visitor: Visitor, target: Target) -> Refused:
        tenant, now = owner.session.tenant_id, self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant, visitor, now, Purpose.USE, Method.NONE)
        trail.user_id, trail.username, trail.app_id = owner.user.id, owner.user.username, target.app_id
        return await trail.refuse("terms_declined")

    async def _not_accepted(self, owner: SessionOwner) -> list[Terms]:
        user, now = owner.user, self.clock.now()
        version = await self.gate.in_force(user.tenant_id)
        asked = {one for policy in version.compiled.chosen(version.compiled.enabled) for one in policy.terms_ids}
        done = accepted(version.rules.terms, await acceptances_of(self.store, user.tenant_id, user.id), now)
        return [one for one in version.rules.terms if one.id in asked - done]
