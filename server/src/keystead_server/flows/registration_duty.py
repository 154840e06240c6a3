"""Who must register a passkey before they go anywhere else, as security defaults or the campaign want it.

Asked live, of the policy and passkeys that there are now, wherever a session is about to be worth
something: by the dispatcher for pages, by `authorize` for a code, by `redeem_code` for tokens.

The registration campaign is asked by `authorize` alone: it knows the device only where a browser is, and it
is no lock. Whoever says that it does not work here, or has just added one, is let by in that session.
"""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime

from keystead_core.fast_init import fast_init

from keystead_server.domain.ids import PasskeyId, TenantId, UserId
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import MethodsPolicies, PasskeyPolicies
from keystead_server.flows.usable_passkeys import usable_of
from keystead_server.policy.methods.campaign import Device, is_due, works_here
from keystead_server.policy.methods.defaults import holds
from keystead_server.policy.passkeys.decide import may_register
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.policy.people import Subject
from keystead_server.ports.store import SessionOwner, Store


@fast_init
@dataclass(frozen=True, slots=True)
class Here:
    """Where somebody sits, as their browser tells.

    Attributes:
        known: passkeys that its cookie says live in its device.
        let_by: the campaign has had its answer in this session.
    """

    user_agent: str = ""
    known: Set[PasskeyId] = field(default_factory=frozenset)
    let_by: bool = False


NOWHERE = Here()


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
        """Whether one of theirs can sign in under *policy*."""
        held = await self.store.passkeys.of_user(tenant, user)
        return bool(await usable_of(held, self.store, self.models, policy, subject))

    async def is_asked_now(self, owner: SessionOwner, here: Here, now: datetime) -> bool:
        """Whether the campaign asks for a passkey on this device and offers no "not now" any more."""
        user, campaign = owner.user, (await self.methods.at(owner.user.tenant_id, owner.policy_version)).campaign
        subject = Subject.of(user, owner.groups)
        # The warm path: most organisations run no campaign, and a code costs nothing for it.
        if here.let_by or not campaign.is_for(subject):
            return False
        snoozes = await self.store.users.snoozes(user.tenant_id, user.id)
        if not is_due(campaign, snoozes, signed_in_at=owner.session.signed_in_at, now=now):
            return False
        policy = await self.passkeys.at(user.tenant_id, owner.policy_version)
        if may_register(policy, subject, self_service=True) is not None:
            return False
        held = await self.store.passkeys.of_user(user.tenant_id, user.id)
        usable = await usable_of(held, self.store, self.models, policy, subject)
        device = Device.of(here.user_agent)
        return not any(works_here(each, device, known_here=each.id in here.known) for each in usable)
