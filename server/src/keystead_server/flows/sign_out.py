"""End a session, or all of a person's."""

from dataclasses import dataclass

from keystead_server.domain.actor import Actor
from keystead_server.domain.letter import Occasion
from keystead_server.domain.user import User
from keystead_server.flows.auditing import audited
from keystead_server.flows.letters import Letters
from keystead_server.ports.changes import CloseSession, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class SignOut:
    store: Store
    clock: Clock
    entropy: Entropy
    letters: Letters

    async def here(self, owner: SessionOwner) -> None:
        await self.store.write(CloseSession(owner.user.tenant_id, owner.session.id, self.clock.now()))

    async def everywhere(self, owner: SessionOwner) -> None:
        """End every session of the person. Whatever else happens to the account meanwhile stays as it is."""
        user: User | None = owner.user
        while user is not None:
            now = self.clock.now()
            line = audited(
                self.entropy, "user.signed_out_everywhere", tenant=user.tenant_id, at=now, by=Actor(owner.user),
                target=user.id,
            )  # fmt: skip
            told = self.letters.to(user, Occasion.SIGNED_OUT_EVERYWHERE, at=now)
            over = Replace(user.signed_out_everywhere(at=now), user)
            if isinstance(await self.store.write(over, line, *told), Written):
                return
            user = await self.store.users.get(user.tenant_id, user.id)
