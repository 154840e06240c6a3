"""Whether somebody could get a new passkey now, by themselves and through an administrator, and if not, why."""

from dataclasses import dataclass

from keystead_server.domain.ids import GroupId, TenantId
from keystead_server.domain.user import User
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import PasskeyPolicies
from keystead_server.flows.registration_checks import MAX_PASSKEYS, NotOffered, not_offered
from keystead_server.policy.passkeys.model import Subject
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way, in sentences.

    Attributes:
        says: completes "because …".
        remedy: what the person can do.
        change: what an administrator could change.
    """

    code: str
    says: str
    remedy: str
    change: str


@dataclass(frozen=True, slots=True)
class RegistrationCheck:
    """None says that nothing stands in the way. A sign-in of the last five minutes is asked for in any case."""

    themselves: Obstacle | None
    on_behalf: Obstacle | None


@dataclass(frozen=True, slots=True)
class CheckRegistration:
    store: Store
    policies: PasskeyPolicies
    models: KnownModels

    async def __call__(self, tenant: TenantId, user: User) -> RegistrationCheck:
        policy = await self.policies.now(tenant)
        groups = await self.store.users.groups_of(tenant, user.id)
        subject = Subject.of(user, frozenset(GroupId(group.id) for group in groups))
        by_themselves, on_behalf = [
            await not_offered(self.store, self.models, policy, user, subject, self_service=self_service)
            for self_service in (True, False)
        ]
        # Whoever cannot sign in cannot get to the page; for them somebody else still can.
        themselves = None if by_themselves is None else obstacle_of(by_themselves)
        return RegistrationCheck(
            themselves if user.enabled else _SWITCHED_OFF, None if on_behalf is None else obstacle_of(on_behalf)
        )


_SWITCHED_OFF = Obstacle(
    "user_disabled",
    "the account is switched off",
    "Ask an administrator of your organisation.",
    "Switch the account on.",
)
_TOO_MANY = Obstacle(
    "too_many_passkeys",
    f"the account has {MAX_PASSKEYS} passkeys, as many as one can have",
    "Remove one that is no longer used first.",
    "Remove one that is no longer used.",
)


def obstacle_of(refusal: NotOffered) -> Obstacle:
    """*refusal* in sentences, for whoever would register somebody's passkey for them."""
    against = refusal.policy
    if against is None:
        return _TOO_MANY
    change = " ".join(dict.fromkeys(rule.change for rule in against.broken))
    return Obstacle(refusal.code, against.says, against.remedy, change)
