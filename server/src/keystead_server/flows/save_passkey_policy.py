"""Change who may have which passkeys."""

from dataclasses import dataclass

from keystead_server.domain import policy_document
from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import GroupId, TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.flows.auditing import audited
from keystead_server.policy.passkeys import document
from keystead_server.policy.passkeys.decide import Admitted, Operation, PasskeyFacts, admit
from keystead_server.policy.passkeys.model import ALL_USERS, PasskeyPolicy
from keystead_server.ports.changes import Add, BumpPolicyVersion, Conflict
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.metadata import Metadata
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class SavePasskeyPolicy:
    store: Store
    clock: Clock
    entropy: Entropy
    metadata: Metadata

    async def __call__(self, tenant: TenantId, policy: PasskeyPolicy, *, by: Actor) -> PolicyDocument:
        """Put *policy* into force from the next request on; the version before is kept.

        Raises:
            Invalid: a profile lacks a name or a type, it names a group that is not there, would
                leave no administrator able to sign in, or somebody else saved meanwhile.
        """
        # What cannot be read again would stop every sign-in of the tenant.
        document.from_text(document.to_text(policy))
        await self._check_groups(tenant, policy)
        await self._check_administrators(tenant, policy)
        before = await self.store.policies.current(tenant, policy_document.PASSKEYS)
        now = self.clock.now()
        version = 1 if before is None else before.version + 1
        saved = PolicyDocument(tenant, policy_document.PASSKEYS, version, document.to_text(policy), now, by.id)
        line = audited(
            self.entropy, "passkey_policy.changed", tenant=tenant, at=now, by=by, target=policy_document.PASSKEYS,
            version=str(version), profiles=", ".join(p.name for p in policy.profiles),
        )  # fmt: skip
        if isinstance(await self.store.write(Add(saved), BumpPolicyVersion(tenant), line), Conflict):
            raise Invalid("policy_changed_meanwhile", "somebody else changed the policy; read it again and try again")
        return saved

    async def _check_groups(self, tenant: TenantId, policy: PasskeyPolicy) -> None:
        known = {group.id for group in await self.store.groups.all(tenant)} | {ALL_USERS}
        for where, named in (("includeTargets", {t.group for t in policy.include}), ("excludeTargets", policy.exclude)):
            for group in sorted(named - known):
                raise Invalid("group_unknown", f"there is no group with the id {group!r}", target=where)

    async def _check_administrators(self, tenant: TenantId, policy: PasskeyPolicy) -> None:
        """Refuse a policy under which no administrator's passkey would work any more.

        A tenant whose administrators have no passkey yet (they still use their passes) is let through.
        """
        any_passkey, now = False, self.clock.now()
        for administrator in await self.store.users.administrators(tenant):
            groups = frozenset(GroupId(g.id) for g in await self.store.users.groups_of(tenant, administrator.id))
            for passkey in await self.store.passkeys.of_user(tenant, administrator.id):
                any_passkey = True
                facts = PasskeyFacts.of(passkey, self.metadata.about(passkey.aaguid), now)
                if isinstance(admit(policy, groups, facts, Operation.SIGN_IN), Admitted):
                    return
        if any_passkey:
            raise Invalid(
                "locks_out_administrators",
                "under this policy no administrator could sign in with any passkey they have",
            )
