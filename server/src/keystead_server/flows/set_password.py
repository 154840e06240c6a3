"""Set or change one's own password. Nobody sets anybody else's."""

from dataclasses import dataclass
from typing import TypeAlias

from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import PasswordId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion
from keystead_server.domain.password import Password, check_password
from keystead_server.domain.sign_in import Method
from keystead_server.flows.auditing import audited
from keystead_server.flows.held_methods import Held
from keystead_server.flows.letters import Letters
from keystead_server.flows.method_gate import MethodGate, NotDone
from keystead_server.flows.secret_digests import password_secret
from keystead_server.ports.changes import Add, Change, Conflict, Remove
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.password_hasher import PasswordHasher
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class PasswordSet:
    password: Password


_OCCASIONS = {"password.set": Occasion.METHOD_ADDED, "password.changed": Occasion.METHOD_CHANGED}

Outcome: TypeAlias = PasswordSet | NotDone


@dataclass(frozen=True, slots=True)
class SetPassword:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    hasher: PasswordHasher
    gate: MethodGate
    letters: Letters

    async def against(self, owner: SessionOwner) -> NotDone | None:
        """Why the person cannot set a password now."""
        return (await self._against(owner))[0]

    async def __call__(self, owner: SessionOwner, typed: str) -> Outcome:
        """Make *typed* the password of *owner*. A sign-in that is half done with the old one is worth nothing.

        Raises:
            Invalid: it cannot be a password, or was changed elsewhere at the same moment.
        """
        against, held = await self._against(owner)
        if against is not None:
            return against
        user, now, old = owner.user, self.clock.now(), held.secrets.password
        secret = password_secret(self.sealer, user.id, check_password(typed, user))
        password = Password(
            PasswordId(self.entropy.new_id(now)), user.tenant_id, user.id, await self.hasher.hashed(secret), now
        )
        event = "password.set" if old is None else "password.changed"
        changes: list[Change] = [
            Add(password),
            audited(self.entropy, event, tenant=user.tenant_id, at=now, by=Actor(user), target=user.id),
            *self.letters.to(user, _OCCASIONS[event], at=now, method="password"),
        ]
        if old is not None:
            changes.insert(0, Remove(user.tenant_id, Password, old.id))
        if isinstance(await self.store.write(*changes), Conflict):
            raise Invalid("method_changed_meanwhile", "it was changed elsewhere just now; look at it and try again")
        return PasswordSet(password)

    async def _against(self, owner: SessionOwner) -> tuple[NotDone | None, Held]:
        against, held = await self.gate.against_setting_up(owner, Method.PASSWORD)
        if against is None and held.secrets.password is not None:
            return await self.gate.against_replacing(owner, Method.PASSWORD)
        return against, held
