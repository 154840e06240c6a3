"""Foresee what a change of the passkey policy does, from the passkeys that are there now. Changes nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from keystead_server.domain.ids import PasskeyId, TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policy_kinds import PasskeyKind, check, in_force
from keystead_server.policy.passkeys.effect import Affected, touched
from keystead_server.policy.passkeys.lint import warnings
from keystead_server.policy.passkeys.model import PasskeyPolicy, Subject
from keystead_server.ports.store import PasskeyOwner, Store

# Between two batches others have their turn; one takes some ten milliseconds.
BATCH = 200


@dataclass(frozen=True, slots=True)
class Preview:
    """Attributes:
    version: of the policy in force, which *before* is; 0 before the first change.
    newly_refused: passkeys that sign in today and would not.
    newly_accepted: passkeys that are quarantined today and would sign in.
    stranded: people with a passkey that signs in today, and with none afterwards.
    passkeys: how many were decided about.
    warnings: what its author may not have meant.
    refusal: why the policy cannot be saved at all, or None.
    """

    version: int
    before: PasskeyPolicy
    after: PasskeyPolicy
    newly_refused: tuple[Affected, ...]
    newly_accepted: tuple[Affected, ...]
    stranded: tuple[User, ...]
    passkeys: int
    warnings: tuple[str, ...]
    refusal: Invalid | None

    @property
    def people_refused(self) -> int:
        return len({affected.user.id for affected in self.newly_refused})

    @property
    def people_accepted(self) -> int:
        return len({affected.user.id for affected in self.newly_accepted})


@dataclass(frozen=True, slots=True)
class PreviewPasskeyPolicy:
    store: Store
    models: KnownModels
    kind: PasskeyKind

    async def __call__(self, tenant: TenantId, policy: PasskeyPolicy) -> Preview:
        """Decide about every passkey of *tenant* under the policy in force and under *policy*.

        What the preview says holds for this moment; people go on registering.
        """
        version, before = await in_force(self.store, self.kind, tenant)
        refused, accepted, count = [], [], 0
        lost: dict[UserId, User] = {}
        safe: set[UserId] = set()
        async for owner in self._every(tenant):
            count += 1
            facts = self.models.facts_of(owner.passkey)
            effect = touched(before, policy, Subject.of(owner.user, owner.groups), facts)
            if effect.newly_refused is not None:
                refused.append(Affected(owner.user, owner.passkey, effect.newly_refused))
                lost[owner.user.id] = owner.user
            if effect.newly_accepted is not None:
                accepted.append(Affected(owner.user, owner.passkey, effect.newly_accepted))
            if effect.usable_after:
                safe.add(owner.user.id)
        return Preview(
            version=version,
            before=before,
            after=policy,
            newly_refused=tuple(refused),
            newly_accepted=tuple(accepted),
            stranded=tuple(user for user_id, user in lost.items() if user_id not in safe),
            passkeys=count,
            warnings=warnings(policy),
            refusal=await self._refusal(tenant, policy),
        )

    async def _every(self, tenant: TenantId) -> AsyncIterator[PasskeyOwner]:
        after: PasskeyId | None = None
        while batch := await self.store.passkeys.page(tenant, limit=BATCH, after=after):
            for owner in batch:
                yield owner
            after = batch[-1].passkey.id

    async def _refusal(self, tenant: TenantId, policy: PasskeyPolicy) -> Invalid | None:
        try:
            await check(self.store, self.kind, tenant, policy)
        except Invalid as invalid:
            return invalid
        return None
