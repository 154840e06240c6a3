"""Foresee what a change of the Authentication methods policy does, from the people there are now. Changes nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from keystead_server.domain.ids import GroupId, PasskeyId, TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User
from keystead_server.flows.policies import PasskeyPolicies
from keystead_server.flows.policy_kinds import MethodsKind, check, in_force
from keystead_server.policy.methods.defaults import holds
from keystead_server.policy.methods.effect import Affected, newly_refused
from keystead_server.policy.methods.lint import warnings
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.passkeys.decide import quarantined
from keystead_server.policy.people import PrincipalType, Subject
from keystead_server.ports.store import Store

BATCH = 200


@dataclass(frozen=True, slots=True)
class MethodsPreview:
    """Attributes:
    version: of the policy in force, which *before* is; 0 before the first change.
    refused: people and methods that they can use today and could not.
    allowed: people and methods that they cannot use today and could.
    held: people who would have to register a passkey at their next sign-in, and need not today.
    people: how many were decided about; accounts that are switched off are left out.
    refusal: why the policy cannot be saved at all, or None.
    """

    version: int
    before: MethodsPolicy
    after: MethodsPolicy
    refused: tuple[Affected, ...]
    allowed: tuple[Affected, ...]
    held: tuple[User, ...]
    people: int
    warnings: tuple[str, ...]
    refusal: Invalid | None

    @property
    def people_refused(self) -> int:
        return len({affected.user.id for affected in self.refused})

    @property
    def people_allowed(self) -> int:
        return len({affected.user.id for affected in self.allowed})

    @property
    def takes_away(self) -> bool:
        """Whether anybody can do less afterwards, or must do more: what an author is asked to confirm."""
        return bool(self.refused or self.held)


@dataclass(frozen=True, slots=True)
class PreviewMethodsPolicy:
    store: Store
    kind: MethodsKind
    passkeys: PasskeyPolicies

    async def __call__(self, tenant: TenantId, policy: MethodsPolicy) -> MethodsPreview:
        """Decide about every person of *tenant* under the policy in force and under *policy*.

        What the preview says holds for this moment.
        """
        version, before = await in_force(self.store, self.kind, tenant)
        groups = await self._groups(tenant, before, policy)
        safe = await self._with_passkey(tenant) if policy.security_defaults and not before.security_defaults else None
        refused: list[Affected] = []
        allowed: list[Affected] = []
        held: list[User] = []
        people = 0
        async for user in self._everybody(tenant):
            people += 1
            subject = Subject.of(user, groups.get(user.id, frozenset()))
            refused += newly_refused(before, policy, user, subject)
            allowed += newly_refused(policy, before, user, subject)
            # Any weak method stands for all: the defaults treat them alike.
            weak = Method.TEMPORARY_ACCESS_PASS
            if safe is not None and user.id not in safe and holds(policy, subject, weak, has_passkey=False):
                held.append(user)
        return MethodsPreview(
            version=version,
            before=before,
            after=policy,
            refused=tuple(refused),
            allowed=tuple(allowed),
            held=tuple(held),
            people=people,
            warnings=warnings(policy, await self.passkeys.now(tenant)),
            refusal=await self._refusal(tenant, policy),
        )

    async def _everybody(self, tenant: TenantId) -> AsyncIterator[User]:
        after: UserId | None = None
        while batch := await self.store.users.page(tenant, limit=BATCH, after=after):
            for user in batch:
                if user.enabled:
                    yield user
            after = batch[-1].id

    async def _groups(self, tenant: TenantId, *policies: MethodsPolicy) -> dict[UserId, frozenset[GroupId]]:
        """Who is in which of the groups that *policies* name; no other group decides anything."""
        named = {p.id for policy in policies for p in policy.principals if p.type is PrincipalType.GROUP}
        found: dict[UserId, frozenset[GroupId]] = {}
        for group in map(GroupId, sorted(named)):
            for member in await self.store.groups.members(tenant, group):
                found[member.id] = found.get(member.id, frozenset()) | {group}
        return found

    async def _with_passkey(self, tenant: TenantId) -> frozenset[UserId]:
        """Whoever has a passkey that signs in."""
        policy = await self.passkeys.now(tenant)
        safe: set[UserId] = set()
        after: PasskeyId | None = None
        while batch := await self.store.passkeys.page(tenant, limit=BATCH, after=after):
            for owner in batch:
                facts = self.kind.models.facts_of(owner.passkey)
                if quarantined(policy, Subject.of(owner.user, owner.groups), facts) is None:
                    safe.add(owner.user.id)
            after = batch[-1].passkey.id
        return frozenset(safe)

    async def _refusal(self, tenant: TenantId, policy: MethodsPolicy) -> Invalid | None:
        try:
            await check(self.store, self.kind, tenant, policy)
        except Invalid as invalid:
            return invalid
        return None
