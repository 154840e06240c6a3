"""List passkeys that the policy in force does not admit: refused at sign-in, kept, and restored if it changes back."""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead_server.domain.ids import GroupId, PasskeyId, TenantId
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.user import User
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import PasskeyPolicies
from keystead_server.flows.usable_passkeys import against_using
from keystead_server.policy.passkeys.decide import NotAdmitted, quarantined
from keystead_server.policy.passkeys.model import Subject
from keystead_server.ports.store import Store

# Between two batches others have their turn; one takes some ten milliseconds.
BATCH = 200


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Attributes:
    stranded: no passkey of this person can sign in.
    """

    user: User
    passkey: Passkey
    refusal: NotAdmitted
    stranded: bool


@dataclass(frozen=True, slots=True)
class ListQuarantined:
    store: Store
    policies: PasskeyPolicies
    models: KnownModels

    async def of_tenant(
        self, tenant: TenantId, *, limit: int, after: PasskeyId | None = None
    ) -> tuple[Sequence[Quarantined], PasskeyId | None]:
        """Up to *limit* in order of id from the one behind *after*, and where to go on, or None at the end."""
        policy = await self.policies.now(tenant)
        found: list[Quarantined] = []
        while batch := await self.store.passkeys.page(tenant, limit=BATCH, after=after):
            for owner in batch:
                subject = Subject.of(owner.user, owner.groups)
                refusal = quarantined(policy, subject, self.models.facts_of(owner.passkey))
                if refusal is None:
                    continue
                if len(found) == limit:
                    return found, found[-1].passkey.id
                of_person = await self.store.passkeys.of_user(tenant, owner.user.id)
                stranded = all(quarantined(policy, subject, self.models.facts_of(each)) for each in of_person)
                found.append(Quarantined(owner.user, owner.passkey, refusal, stranded))
            after = batch[-1].passkey.id
        return found, None

    async def of_user(self, tenant: TenantId, user: User) -> Sequence[tuple[Passkey, NotAdmitted | None]]:
        """Each passkey of *user*, oldest first, with why a sign-in with it would be refused."""
        policy = await self.policies.now(tenant)
        groups = frozenset(GroupId(g.id) for g in await self.store.users.groups_of(tenant, user.id))
        subject = Subject.of(user, groups)
        passkeys = await self.store.passkeys.of_user(tenant, user.id)
        return [(each, await against_using(each, self.store, self.models, policy, subject)) for each in passkeys]
