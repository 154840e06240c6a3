"""End a session, or all of a person's."""

from dataclasses import dataclass

from keystead_server.domain.actor import Actor
from keystead_server.flows.auditing import audited
from keystead_server.ports.changes import CloseSession, Replace
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class SignOut:
    store: Store
    clock: Clock
    entropy: Entropy

    async def here(self, owner: SessionOwner) -> None:
        await self.store.write(CloseSession(owner.user.tenant_id, owner.session.id, self.clock.now()))

    async def everywhere(self, owner: SessionOwner) -> None:
        now = self.clock.now()
        await self.store.write(
            Replace(owner.user.signed_out_everywhere(at=now)),
            audited(
                self.entropy, "user.signed_out_everywhere", tenant=owner.user.tenant_id, at=now,
                by=Actor(owner.user), target=owner.user.id,
            ),
        )  # fmt: skip
