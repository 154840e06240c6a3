"""Say why somebody's passkey, real or supposed, is accepted or refused under the policy in force."""

from collections.abc import Iterable
from dataclasses import dataclass

from keystead_server.domain.ids import GroupId, TenantId, UserId
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.user import User
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import PasskeyPolicies
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.passkeys.explain import Explanation, Names, explain
from keystead_server.policy.passkeys.model import PasskeyPolicy, Principal, PrincipalType, Subject
from keystead_server.policy.passkeys.model import group as group_target
from keystead_server.policy.passkeys.model import user as user_target
from keystead_server.policy.passkeys.rules import Operation, PasskeyFacts
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Explained:
    """Attributes:
    names: what the users and groups that the policy names are called.
    """

    explanation: Explanation
    names: Names


@dataclass(frozen=True, slots=True)
class ExplainPasskey:
    store: Store
    policies: PasskeyPolicies
    models: KnownModels

    async def __call__(
        self, tenant: TenantId, user: User, passkey: Passkey | PasskeyFacts, operation: Operation
    ) -> Explained:
        """*passkey* is one of theirs, or facts that are only supposed."""
        match passkey:
            case Passkey():
                facts = self.models.facts_of(passkey)
            case PasskeyFacts():
                facts = self.models.supposed(passkey)
        policy = await self.policies.now(tenant)
        groups = frozenset(GroupId(g.id) for g in await self.store.users.groups_of(tenant, user.id))
        explanation = explain(policy, Subject.of(user, groups), facts, operation)
        return Explained(explanation, await self.names(tenant, [policy]))

    async def names(self, tenant: TenantId, policies: Iterable[PasskeyPolicy | MethodsPolicy]) -> Names:
        """What the groups and users that *policies* name are called, as far as they are still there."""
        return await self.names_of(tenant, frozenset().union(*(policy.principals for policy in policies)))

    async def names_of(self, tenant: TenantId, named: frozenset[Principal]) -> Names:
        names = {group_target(group.id): group.name for group in await self.store.groups.all(tenant)}
        for principal in named:
            if principal.type is PrincipalType.USER:
                user = await self.store.users.get(tenant, UserId(principal.id))
                if user is not None:
                    names[user_target(user.id)] = user.username
        return names
