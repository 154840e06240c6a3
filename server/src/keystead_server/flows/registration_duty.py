"""Who must register a passkey before they go anywhere else, as security defaults want it.

Asked live, of the policy and passkeys that there are now, wherever a session is about to be worth
something: by the dispatcher for pages, by `authorize` for a code, by `redeem_code` for tokens.
"""

from dataclasses import dataclass

from keystead_server.domain.ids import TenantId, UserId
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import MethodsPolicies, PasskeyPolicies
from keystead_server.policy.methods.defaults import holds
from keystead_server.policy.passkeys.decide import quarantined
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.policy.people import Subject
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class RegistrationDuty:
    store: Store
    passkeys: PasskeyPolicies
    methods: MethodsPolicies
    models: KnownModels

    async def holds(self, owner: SessionOwner) -> bool:
        """Whether this session is for registering a passkey and for nothing else."""
        # The warm path: a sign-in with a passkey pays nothing for this.
        if any(method.resists_phishing for method in owner.session.methods):
            return False
        tenant = owner.session.tenant_id
        policy = await self.methods.at(tenant, owner.policy_version)
        if not policy.security_defaults:
            return False
        subject = Subject.of(owner.user, owner.groups)
        passkeys = await self.passkeys.at(tenant, owner.policy_version)
        has_passkey = await self.has_passkey(tenant, owner.user.id, subject, passkeys)
        return holds(policy, subject, owner.session.methods[0], has_passkey=has_passkey)

    async def has_passkey(self, tenant: TenantId, user: UserId, subject: Subject, policy: PasskeyPolicy) -> bool:
        """Whether one of theirs can sign in under *policy*; one in quarantine is none."""
        for passkey in await self.store.passkeys.of_user(tenant, user):
            if quarantined(policy, subject, self.models.facts_of(passkey)) is None:
                return True
        return False
