"""Ask somebody who has just signed in to add a passkey on the device they sit at (the registration campaign).

begin    → whether they are asked now; being asked is counted at once, because closing the browser is a
           "not now" too
explain  → what would be decided for somebody on each kind of device; nothing is counted
failed   → the count is taken back: a device that cannot make a passkey uses up nobody's "not now"
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import GroupId, PasskeyId
from keystead_server.domain.user import User
from keystead_server.flows.auditing import audited
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import MethodsPolicies, PasskeyPolicies
from keystead_server.flows.usable_passkeys import usable_of
from keystead_server.policy.methods.campaign import NAMES, Ask, Because, Device, Platform, ask, is_forced, works_here
from keystead_server.policy.passkeys.decide import may_register
from keystead_server.policy.people import Subject
from keystead_server.ports.changes import Snooze, TakeBackSnooze
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class CampaignExplained:
    """What the campaign would do at somebody's next sign-in.

    Attributes:
        on: by platform, on a device that keeps none of their passkeys itself.
        where_one_lives: on a device that does, as its browser's cookie says; None when they have none that is accepted.
        asked: how often they were asked so far.
    """

    on: Mapping[Platform, Ask | Because]
    where_one_lives: Ask | Because | None
    asked: int


@dataclass(frozen=True, slots=True)
class SuggestPasskey:
    store: Store
    clock: Clock
    entropy: Entropy
    passkeys: PasskeyPolicies
    methods: MethodsPolicies
    models: KnownModels

    async def begin(self, owner: SessionOwner, known_here: Set[PasskeyId], user_agent: str) -> Ask | Because:
        """Decide, and count it when they are asked.

        Args:
            known_here: passkeys that the browser's cookie says live in its device.
        """
        user, now = owner.user, self.clock.now()
        campaign = (await self.methods.at(user.tenant_id, owner.policy_version)).campaign
        subject = Subject.of(user, owner.groups)
        # The warm path: most organisations run no campaign, and a sign-in pays nothing for it.
        if not campaign.is_for(subject):
            return Because.NOT_MEANT
        policy = await self.passkeys.at(user.tenant_id, owner.policy_version)
        device = Device.of(user_agent)
        held = await self.store.passkeys.of_user(user.tenant_id, user.id)
        usable = await usable_of(held, self.store, self.models, policy, subject)
        works = [works_here(passkey, device, known_here=passkey.id in known_here) for passkey in usable]
        snoozes = await self.store.users.snoozes(user.tenant_id, user.id)
        may = may_register(policy, subject, self_service=True) is None
        decided = ask(campaign, subject, snoozes, may_register=may, works=works, now=now)
        if isinstance(decided, Ask):
            line = audited(
                self.entropy, "campaign.asked", tenant=user.tenant_id, at=now, by=Actor(user), target=user.id,
                forced=str(decided.forced), before=str(snoozes.count),
            )  # fmt: skip
            await self.store.write(Snooze(user.tenant_id, user.id, now), line)
        return decided

    async def explain(self, user: User) -> CampaignExplained:
        groups = frozenset(GroupId(group.id) for group in await self.store.users.groups_of(user.tenant_id, user.id))
        subject, now = Subject.of(user, groups), self.clock.now()
        campaign = (await self.methods.now(user.tenant_id)).campaign
        policy = await self.passkeys.now(user.tenant_id)
        held = await self.store.passkeys.of_user(user.tenant_id, user.id)
        usable = await usable_of(held, self.store, self.models, policy, subject)
        snoozes = await self.store.users.snoozes(user.tenant_id, user.id)
        may = may_register(policy, subject, self_service=True) is None

        def decided(works: Iterable[bool]) -> Ask | Because:
            return ask(campaign, subject, snoozes, may_register=may, works=works, now=now)

        return CampaignExplained(
            on={
                platform: decided(works_here(each, Device(platform, False), known_here=False) for each in usable)
                for platform in NAMES
            },
            where_one_lives=decided([True]) if usable else None,
            asked=snoozes.count,
        )

    async def is_forced(self, owner: SessionOwner) -> bool:
        """Whether they were offered "not now" as often as it is offered, this asking left out."""
        campaign = (await self.methods.at(owner.user.tenant_id, owner.policy_version)).campaign
        snoozes = await self.store.users.snoozes(owner.user.tenant_id, owner.user.id)
        return campaign.enabled and is_forced(campaign, snoozes.count - 1)

    async def failed(self, user: User) -> None:
        """Take the last count back, and let them go on: a broken registration must not lock anybody out."""
        line = audited(
            self.entropy, "campaign.failed", tenant=user.tenant_id, at=self.clock.now(), by=Actor(user), target=user.id
        )
        await self.store.write(TakeBackSnooze(user.tenant_id, user.id), line)
