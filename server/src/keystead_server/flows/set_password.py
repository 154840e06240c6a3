"""Set or change one's own password. Nobody sets anybody else's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import PasswordId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion
from keystead_server.domain.password import Password, check_password
from keystead_server.domain.sign_in import Method
from keystead_server.flows.access_facts import modes_of
from keystead_server.flows.auditing import audited
from keystead_server.flows.detect_risk import DetectRisk
from keystead_server.flows.held_methods import Held
from keystead_server.flows.letters import Letters
from keystead_server.flows.method_gate import MethodGate, NotDone
from keystead_server.flows.risk_signals import EVENTS, target_of
from keystead_server.flows.secret_digests import password_secret
from keystead_server.policy.risk.levels import can_be_remediated
from keystead_server.policy.risk.signals import SignalKind
from keystead_server.policy.strengths.evaluate import Credential, is_met
from keystead_server.policy.strengths.model import MULTIFACTOR
from keystead_server.ports.changes import Add, Change, Conflict, Remove, Replace
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
    detect_risk: DetectRisk

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
        if old is not None and await self.hasher.matches(secret, old.hashed):
            raise Invalid("password_unchanged", "this is the password you have: think of another", target="password")
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
            changes += await self._remedy(owner, now)
        if isinstance(await self.store.write(*changes), Conflict):
            raise Invalid("method_changed_meanwhile", "it was changed elsewhere just now; look at it and try again")
        return PasswordSet(password)

    async def _remedy(self, owner: SessionOwner, now: datetime) -> Sequence[Change]:
        """What a changed password makes of a risk: it is over, and so is every session from before this sign-in.

        Otherwise whoever came in with the old password would be let on as if they had changed it.
        """
        user, session = owner.user, owner.session
        if not is_met(MULTIFACTOR, (Credential(mode, any_model=True) for mode in modes_of(session.methods))):
            return ()
        if not can_be_remediated(await self.detect_risk.person(user.tenant_id, user.id)):
            return ()
        line = audited(
            self.entropy, EVENTS[SignalKind.REMEDIATED], tenant=user.tenant_id, at=now, by=Actor(user),
            target=target_of(user.id), user=user.id, session=session.id,
        )  # fmt: skip
        return [line, Replace(user.signed_out_everywhere(at=session.signed_in_at), user)]

    async def _against(self, owner: SessionOwner) -> tuple[NotDone | None, Held]:
        against, held = await self.gate.against_setting_up(owner, Method.PASSWORD)
        if against is None and held.secrets.password is not None:
            return await self.gate.against_replacing(owner, Method.PASSWORD)
        return against, held
