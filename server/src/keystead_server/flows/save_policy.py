"""Change a policy: who may have which passkeys, or who may use which methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic

from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.flows.auditing import audited
from keystead_server.flows.policy_kinds import Policy, PolicyKind, check
from keystead_server.ports.changes import Add, BumpPolicyVersion, Conflict
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class SavePolicy(Generic[Policy]):
    store: Store
    clock: Clock
    entropy: Entropy
    kind: PolicyKind[Policy]

    async def __call__(
        self,
        tenant: TenantId,
        policy: Policy,
        *,
        by: Actor,
        expected: int | None = None,
        restores: int | None = None,
        about: Mapping[str, str] | None = None,
    ) -> PolicyDocument:
        """Put *policy* into force from the next request on; the version before is kept.

        Args:
            expected: the version that the author saw; 0 before the first. None saves over any.
            restores: the version whose policy this is again, for the audit log.
            about: what else the audit log is to say.

        Raises:
            Invalid: what it says cannot be, it names somebody who is not there, would leave no
                administrator able to sign in, or somebody else saved meanwhile.
        """
        before = await self.store.policies.current(tenant, self.kind.kind)
        version = 0 if before is None else before.version
        if expected is not None and expected != version:
            raise _changed_meanwhile()
        await check(self.store, self.kind, tenant, policy)
        now = self.clock.now()
        saved = PolicyDocument(tenant, self.kind.kind, version + 1, self.kind.write(policy), now, by.id)
        more = {**self.kind.told(policy), **(about or {})}
        if restores is not None:
            more["restores"] = str(restores)
        line = audited(
            self.entropy, self.kind.event, tenant=tenant, at=now, by=by, target=self.kind.kind,
            version=str(saved.version), **more,
        )  # fmt: skip
        # The version is the document's key: of two who save at once, one is refused here.
        if isinstance(await self.store.write(Add(saved), BumpPolicyVersion(tenant), line), Conflict):
            raise _changed_meanwhile()
        return saved


def _changed_meanwhile() -> Invalid:
    return Invalid("policy_changed_meanwhile", "somebody else changed the policy; read it again and try again")
