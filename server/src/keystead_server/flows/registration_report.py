"""Who has set up what, and what of it would let them in now: computed when it is asked.

"Registered" is what there is, "capable" is what the policy of this moment accepts. What an
administrator or an app registered for somebody is counted apart: it says nothing of whether that
person ever held it, and must not make a report look better.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from keystead_server.domain.access_pass import PassState, TemporaryAccessPass
from keystead_server.domain.ids import GroupId
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import MethodsPolicies, PasskeyPolicies
from keystead_server.flows.usable_passkeys import usable_of
from keystead_server.policy.methods.decide import may_use
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.policy.people import Subject
from keystead_server.ports.clock import Clock
from keystead_server.ports.store import Secrets, Store


@dataclass(frozen=True, slots=True)
class RegistrationDetails:
    """Attributes:
    own, usable: passkeys that they registered themselves, and which of those would let them in now.
    on_behalf, usable_on_behalf: the same of what somebody else registered for them.
    secrets_usable: a password with a second factor, all of which the policy accepts.
    """

    user: User
    own: tuple[Passkey, ...]
    usable: tuple[Passkey, ...]
    on_behalf: tuple[Passkey, ...]
    usable_on_behalf: tuple[Passkey, ...]
    secrets: Secrets
    secrets_usable: bool
    access_pass: TemporaryAccessPass | None


@dataclass(frozen=True, slots=True)
class RegistrationReport:
    store: Store
    clock: Clock
    passkeys: PasskeyPolicies
    methods: MethodsPolicies
    models: KnownModels

    async def of(self, user: User) -> RegistrationDetails:
        tenant = user.tenant_id
        groups = await self.store.users.groups_of(tenant, user.id)
        subject = Subject.of(user, frozenset(GroupId(group.id) for group in groups))
        rules, methods = await self.passkeys.now(tenant), await self.methods.now(tenant)
        held = await self.store.passkeys.of_user(tenant, user.id)
        own = tuple(p for p in held if p.registered_by == user.id)
        others = tuple(p for p in held if p.registered_by != user.id)
        secrets = await self.store.secrets.of_user(tenant, user.id)
        access_pass = await self.store.passes.of_user(tenant, user.id)
        live = access_pass is not None and access_pass.state(self.clock.now()) is PassState.USABLE
        return RegistrationDetails(
            user=user,
            own=own,
            usable=await self._usable(rules, subject, own),
            on_behalf=others,
            usable_on_behalf=await self._usable(rules, subject, others),
            secrets=secrets,
            secrets_usable=_secrets_usable(methods, subject, secrets),
            access_pass=access_pass if live else None,
        )

    async def _usable(self, rules: PasskeyPolicy, subject: Subject, passkeys: Iterable[Passkey]) -> tuple[Passkey, ...]:
        return tuple(await usable_of(passkeys, self.store, self.models, rules, subject))


def _secrets_usable(policy: MethodsPolicy, subject: Subject, secrets: Secrets) -> bool:
    def allowed(method: Method) -> bool:
        return may_use(policy, method, subject) is None

    codes = secrets.recovery_codes is not None and secrets.recovery_codes.left > 0 and allowed(Method.RECOVERY_CODE)
    second = (bool(secrets.totp) and allowed(Method.SOFTWARE_OATH)) or codes
    return secrets.password is not None and allowed(Method.PASSWORD) and second
