"""Foresee what a change of the Authentication methods policy does, from the people there are now. Changes nothing."""

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from keystead_core.webauthn import DEFAULT_OFFERED_ALGORITHMS

from keystead_server.domain.access_pass import PassState
from keystead_server.domain.ids import GroupId, PasskeyId, TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User
from keystead_server.flows.manage_methods import method_of
from keystead_server.flows.policies import PasskeyPolicies
from keystead_server.flows.policy_kinds import MethodsKind, check, in_force
from keystead_server.policy.methods.defaults import holds
from keystead_server.policy.methods.effect import Affected, newly_refused
from keystead_server.policy.methods.lint import warnings
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.passkeys.decide import quarantined
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.policy.passkeys.possible import nothing_to_register
from keystead_server.policy.people import Principal, PrincipalType, Subject
from keystead_server.ports.clock import Clock
from keystead_server.ports.store import Store

BATCH = 200
_NAMED = 5
_GOOD = (PassState.USABLE, PassState.NOT_YET_VALID)


@dataclass(frozen=True, slots=True)
class MethodsPreview:
    """Attributes:
    version: of the policy in force, which *before* is; 0 before the first change.
    refused: people and methods that they have, can use today and could not.
    allowed: people and methods that they have, cannot use today and could.
    held: people who would have to register a passkey at their next sign-in, and need not today.
    unable: people who would have to, and can register none: they could not go on anywhere.
    people: how many were decided about; accounts that are switched off are left out.
    refusal: why the policy cannot be saved at all, or None.
    """

    version: int
    before: MethodsPolicy
    after: MethodsPolicy
    refused: tuple[Affected, ...]
    allowed: tuple[Affected, ...]
    held: tuple[User, ...]
    unable: tuple[User, ...]
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
    clock: Clock

    async def __call__(self, tenant: TenantId, policy: MethodsPolicy) -> MethodsPreview:
        """Decide about every person of *tenant* under the policy in force and under *policy*.

        What the preview says holds for this moment.
        """
        version, before = await in_force(self.store, self.kind, tenant)
        rules = await self.passkeys.now(tenant)
        groups = await self._groups(tenant, before.principals | policy.principals | rules.principals)
        safe = await self._with_passkey(tenant, rules) if policy.security_defaults else frozenset()
        refused: list[Affected] = []
        allowed: list[Affected] = []
        held: list[User] = []
        unable: list[User] = []
        people = 0
        async for user in self._everybody(tenant):
            people += 1
            subject = Subject.of(user, groups.get(user.id, frozenset()))
            refused += await self._of_what_they_have(newly_refused(before, policy, user, subject))
            allowed += await self._of_what_they_have(newly_refused(policy, before, user, subject))
            # Any weak method stands for all: the defaults treat them alike.
            weak = Method.TEMPORARY_ACCESS_PASS
            if user.id in safe or not holds(policy, subject, weak, has_passkey=False):
                continue
            if not before.security_defaults:
                held.append(user)
            if self._can_register_none(rules, subject):
                unable.append(user)
        return MethodsPreview(
            version=version,
            before=before,
            after=policy,
            refused=tuple(refused),
            allowed=tuple(allowed),
            held=tuple(held),
            unable=tuple(unable),
            people=people,
            warnings=(*warnings(policy, rules), *_unable(unable)),
            refusal=await self._refusal(tenant, policy),
        )

    async def _of_what_they_have(self, changed: Iterable[Affected]) -> list[Affected]:
        """Those of *changed*, which are of one person, whose method that person has set up."""
        every = list(changed)
        if not every:
            return []
        has = await self._has(every[0].user)
        return [each for each in every if each.method in has]

    async def _has(self, user: User) -> frozenset[Method]:
        secrets = await self.store.secrets.of_user(user.tenant_id, user.id)
        access_pass = await self.store.passes.of_user(user.tenant_id, user.id)
        good = access_pass is not None and access_pass.state(self.clock.now()) in _GOOD
        return frozenset(map(method_of, secrets.all)) | ({Method.TEMPORARY_ACCESS_PASS} if good else set())

    def _can_register_none(self, rules: PasskeyPolicy, subject: Subject) -> bool:
        models = self.kind.models
        offered = DEFAULT_OFFERED_ALGORITHMS
        return nothing_to_register(rules, subject, offered, self_service=True, known=models.supposed) is not None

    async def _everybody(self, tenant: TenantId) -> AsyncIterator[User]:
        after: UserId | None = None
        while batch := await self.store.users.page(tenant, limit=BATCH, after=after):
            for user in batch:
                if user.enabled:
                    yield user
            after = batch[-1].id

    async def _groups(self, tenant: TenantId, named_by: Iterable[Principal]) -> dict[UserId, frozenset[GroupId]]:
        """Who is in which of the groups that the policies name; no other group decides anything."""
        named = {p.id for p in named_by if p.type is PrincipalType.GROUP}
        found: dict[UserId, frozenset[GroupId]] = {}
        for group in map(GroupId, sorted(named)):
            for member in await self.store.groups.members(tenant, group):
                found[member.id] = found.get(member.id, frozenset()) | {group}
        return found

    async def _with_passkey(self, tenant: TenantId, policy: PasskeyPolicy) -> frozenset[UserId]:
        """Whoever has a passkey that signs in."""
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


def _unable(people: list[User]) -> Iterator[str]:
    if people:
        names = ", ".join(user.username for user in people[:_NAMED])
        more = f" and {len(people) - _NAMED} more" if len(people) > _NAMED else ""
        yield (
            "Security defaults ask for a passkey, and the passkey policy lets these people add none: "
            f"{len(people)} ({names}{more}). They could not go on anywhere."
        )
