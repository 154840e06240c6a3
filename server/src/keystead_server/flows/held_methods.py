"""What somebody can sign in with, read at once and asked about by several verbs."""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead_server.domain.ids import GroupId, TenantId, UserId
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import Role, User
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import MethodsPolicies, PasskeyPolicies
from keystead_server.flows.usable_passkeys import usable_of
from keystead_server.policy.methods.decide import NotAllowed, may_use
from keystead_server.policy.methods.model import RETIRED_BY_PASSKEY, MethodsPolicy
from keystead_server.policy.people import Subject
from keystead_server.ports.store import Secrets, Store

_RETIRED = NotAllowed(
    "weaker_method_retired",
    "this account has a passkey, and this organisation lets nothing weaker stand beside one",
    "Use the passkey.",
)


@dataclass(frozen=True, slots=True)
class Held:
    """Attributes:
    usable: the passkeys that a sign-in would accept now.
    """

    subject: Subject
    policy: MethodsPolicy
    passkeys: Sequence[Passkey]
    usable: Sequence[Passkey]
    secrets: Secrets

    def against_using(self, method: Method) -> NotAllowed | None:
        """What the policy has against signing in with *method* now, or None."""
        refusal = may_use(self.policy, method, self.subject)
        if refusal is None and self.retires(method):
            return _RETIRED
        return refusal

    def retires(self, method: Method) -> bool:
        # A fallback beside a passkey is what an attacker would ask for instead of the passkey.
        return self.policy.retire_weaker_on_passkey and method in RETIRED_BY_PASSKEY and bool(self.usable)

    @property
    def way_in(self) -> bool:
        """Whether they can sign in without a pass, as far as the policy lets them."""
        return has_way_in(self, self.secrets)


def has_way_in(held: Held, secrets: Secrets) -> bool:
    """The same, if *secrets* were what they had."""
    if held.usable:
        return True
    apps = bool(secrets.totp) and held.against_using(Method.SOFTWARE_OATH) is None
    codes = secrets.recovery_codes is not None and secrets.recovery_codes.left > 0
    codes = codes and held.against_using(Method.RECOVERY_CODE) is None
    return secrets.password is not None and held.against_using(Method.PASSWORD) is None and (apps or codes)


@dataclass(frozen=True, slots=True)
class HeldMethods:
    store: Store
    methods: MethodsPolicies
    passkeys: PasskeyPolicies
    models: KnownModels

    async def of(self, user: User, groups: frozenset[GroupId] | None = None) -> Held:
        return await self.of_id(user.tenant_id, user.id, user.roles, groups)

    async def of_id(
        self, tenant: TenantId, user: UserId, roles: frozenset[Role], groups: frozenset[GroupId] | None = None
    ) -> Held:
        """The same by id: for nobody's, as much is read, and nothing found."""
        if groups is None:
            groups = frozenset(group.id for group in await self.store.users.groups_of(tenant, user))
        subject = Subject(user, groups, roles)
        policy, rules = await self.methods.now(tenant), await self.passkeys.now(tenant)
        passkeys = await self.store.passkeys.of_user(tenant, user)
        usable = await usable_of(passkeys, self.store, self.models, rules, subject)
        return Held(subject, policy, passkeys, usable, await self.store.secrets.of_user(tenant, user))
