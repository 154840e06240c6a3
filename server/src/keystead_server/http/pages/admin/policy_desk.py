"""What the pages of the three policies share: where they are, their flows, and the way between them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias

from keystead_server.domain.ids import TenantId
from keystead_server.flows.access_names import names_for
from keystead_server.flows.policy_kinds import Policy, PolicyKind
from keystead_server.flows.rollback_policy import RollBackPolicy
from keystead_server.flows.save_policy import SavePolicy
from keystead_server.http.services import Services
from keystead_server.policy.access.differences import differences as access_differences
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.methods.differences import differences as methods_differences
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.passkeys.differences import differences as passkeys_differences
from keystead_server.policy.passkeys.explain import Names
from keystead_server.policy.passkeys.model import PasskeyPolicy

Pairs: TypeAlias = Sequence[tuple[Policy, Policy]]


@dataclass(frozen=True, slots=True)
class PolicyDesk(Generic[Policy]):
    """Attributes:
    path: of its pages, below the administrators' ones.
    first: what every organisation begins with, in words.
    told: what changed from the one to the other of each pair, in sentences with the names of now.
    """

    path: str
    called: str
    first: str
    save: Callable[[Services], SavePolicy[Policy]]
    roll_back: Callable[[Services], RollBackPolicy[Policy]]
    told: Callable[[Services, TenantId, "Pairs[Policy]"], Awaitable[list[tuple[str, ...]]]]

    def kind(self, services: Services) -> PolicyKind[Policy]:
        return self.save(services).kind


async def _by_principals(
    services: Services,
    tenant: TenantId,
    desk: PolicyDesk[Policy],
    differences: Callable[[Policy, Policy, Names], tuple[str, ...]],
    pairs: Pairs[Policy],
) -> list[tuple[str, ...]]:
    kind = desk.kind(services)
    principals = frozenset().union(*(kind.principals(policy) for pair in pairs for policy in pair))
    names = await services.explain_passkey.names_of(tenant, principals)
    return [differences(before, after, names) for before, after in pairs]


async def _access_told(services: Services, tenant: TenantId, pairs: Pairs[AccessRules]) -> list[tuple[str, ...]]:
    names = await names_for(services.store, tenant, *(rules.set for pair in pairs for rules in pair))
    return [access_differences(before.set, after.set, names) for before, after in pairs]


PASSKEYS: PolicyDesk[PasskeyPolicy] = PolicyDesk(
    "passkey-policy",
    "passkey policy",
    "every passkey, for everyone",
    lambda services: services.save_passkey_policy,
    lambda services: services.roll_back_passkey_policy,
    lambda services, tenant, pairs: _by_principals(services, tenant, PASSKEYS, passkeys_differences, pairs),
)
METHODS: PolicyDesk[MethodsPolicy] = PolicyDesk(
    "methods-policy",
    "methods policy",
    "security defaults on, and every method but the password",
    lambda services: services.save_methods_policy,
    lambda services: services.roll_back_methods_policy,
    lambda services, tenant, pairs: _by_principals(services, tenant, METHODS, methods_differences, pairs),
)
ACCESS: PolicyDesk[AccessRules] = PolicyDesk(
    "access",
    "Conditional Access policies",
    "no policies at all",
    lambda services: services.manage_access.save,
    lambda services: services.roll_back_access_policy,
    _access_told,
)
