"""Make ten recovery codes; they take the place of those that were there."""

from dataclasses import dataclass
from typing import TypeAlias

from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import RecoveryCodesId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion
from keystead_server.domain.recovery_codes import HOW_MANY, LENGTH, RecoveryCodes
from keystead_server.domain.sign_in import Method
from keystead_server.flows.auditing import audited
from keystead_server.flows.held_methods import Held
from keystead_server.flows.letters import Letters
from keystead_server.flows.method_gate import MethodGate, NotDone
from keystead_server.flows.pass_codes import random_code
from keystead_server.flows.secret_digests import recovery_digest
from keystead_server.ports.changes import Add, Change, Conflict, Remove
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class RecoveryCodesMade:
    """Attributes:
    codes: shown to the person once; we keep only keyed digests.
    """

    kept: RecoveryCodes
    codes: tuple[str, ...]


Outcome: TypeAlias = RecoveryCodesMade | NotDone


@dataclass(frozen=True, slots=True)
class MakeRecoveryCodes:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    gate: MethodGate
    letters: Letters

    async def against(self, owner: SessionOwner) -> NotDone | None:
        """Why the person cannot have recovery codes made now."""
        return (await self._against(owner))[0]

    async def __call__(self, owner: SessionOwner) -> Outcome:
        """Make a set for *owner*.

        Raises:
            Invalid: another was made elsewhere at the same moment; these must not be handed to anybody.
        """
        against, held = await self._against(owner)
        if against is not None:
            return against
        user, now, old = owner.user, self.clock.now(), held.secrets.recovery_codes
        codes = tuple(random_code(self.entropy, LENGTH) for _ in range(HOW_MANY))
        digests = tuple(recovery_digest(self.sealer, user.id, code) for code in codes)
        kept = RecoveryCodes(RecoveryCodesId(self.entropy.new_id(now)), user.tenant_id, user.id, digests, now)
        occasion = Occasion.METHOD_ADDED if old is None else Occasion.METHOD_CHANGED
        changes: list[Change] = [
            Add(kept),
            *self.letters.to(user, occasion, at=now, method="recovery_codes"),
            audited(
                self.entropy, "recovery_codes.made", tenant=user.tenant_id, at=now, by=Actor(user), target=user.id
            ),
        ]  # fmt: skip
        if old is not None:
            changes.insert(0, Remove(user.tenant_id, RecoveryCodes, old.id))
        if isinstance(await self.store.write(*changes), Conflict):
            raise Invalid("method_changed_meanwhile", "it was changed elsewhere just now; look at it and try again")
        return RecoveryCodesMade(kept, codes)

    async def _against(self, owner: SessionOwner) -> tuple[NotDone | None, Held]:
        against, held = await self.gate.against_setting_up(owner, Method.RECOVERY_CODE)
        if against is None and held.secrets.recovery_codes is not None:
            return await self.gate.against_replacing(owner, Method.RECOVERY_CODE)
        return against, held
