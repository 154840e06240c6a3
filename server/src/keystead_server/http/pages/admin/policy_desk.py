"""What the pages of the two policies share: where they are, their flows, and the way between them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from keystead_server.flows.policy_kinds import Policy, PolicyKind
from keystead_server.flows.rollback_policy import RollBackPolicy
from keystead_server.flows.save_policy import SavePolicy
from keystead_server.http.services import Services
from keystead_server.policy.methods.differences import differences as methods_differences
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.passkeys.differences import differences as passkeys_differences
from keystead_server.policy.passkeys.explain import Names
from keystead_server.policy.passkeys.model import PasskeyPolicy


@dataclass(frozen=True, slots=True)
class PolicyDesk(Generic[Policy]):
    """Attributes:
    path: of its pages, below the administrators' ones.
    first: what every organisation begins with, in words.
    """

    path: str
    called: str
    first: str
    save: Callable[[Services], SavePolicy[Policy]]
    roll_back: Callable[[Services], RollBackPolicy[Policy]]
    differences: Callable[[Policy, Policy, Names], tuple[str, ...]]

    def kind(self, services: Services) -> PolicyKind[Policy]:
        return self.save(services).kind


PASSKEYS: PolicyDesk[PasskeyPolicy] = PolicyDesk(
    "passkey-policy",
    "passkey policy",
    "every passkey, for everyone",
    lambda services: services.save_passkey_policy,
    lambda services: services.roll_back_passkey_policy,
    passkeys_differences,
)
METHODS: PolicyDesk[MethodsPolicy] = PolicyDesk(
    "methods-policy",
    "methods policy",
    "security defaults on, and every method but the password",
    lambda services: services.save_methods_policy,
    lambda services: services.roll_back_methods_policy,
    methods_differences,
)
