"""Change who may have which passkeys."""

from dataclasses import dataclass

from keystead_server.domain import policy_document
from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.flows.auditing import audited
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.passkey_policy_checks import check
from keystead_server.policy.passkeys import document
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.ports.changes import Add, BumpPolicyVersion, Conflict
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class SavePasskeyPolicy:
    store: Store
    clock: Clock
    entropy: Entropy
    models: KnownModels

    async def __call__(
        self,
        tenant: TenantId,
        policy: PasskeyPolicy,
        *,
        by: Actor,
        expected: int | None = None,
        restores: int | None = None,
    ) -> PolicyDocument:
        """Put *policy* into force from the next request on; the version before is kept.

        Args:
            expected: the version that the author saw; 0 before the first. None saves over any.
            restores: the version whose policy this is again, for the audit log.

        Raises:
            Invalid: a profile lacks a name or a type, it names somebody who is not there, would
                leave no administrator able to sign in, or somebody else saved meanwhile.
        """
        before = await self.store.policies.current(tenant, policy_document.PASSKEYS)
        version = 0 if before is None else before.version
        if expected is not None and expected != version:
            raise _changed_meanwhile()
        await check(self.store, self.models, tenant, policy)
        now = self.clock.now()
        saved = PolicyDocument(tenant, policy_document.PASSKEYS, version + 1, document.to_text(policy), now, by.id)
        more = {} if restores is None else {"restores": str(restores)}
        line = audited(
            self.entropy, "passkey_policy.changed", tenant=tenant, at=now, by=by, target=policy_document.PASSKEYS,
            version=str(saved.version), profiles=", ".join(p.name for p in policy.profiles), **more,
        )  # fmt: skip
        # The version is the document's key: of two who save at once, one is refused here.
        if isinstance(await self.store.write(Add(saved), BumpPolicyVersion(tenant), line), Conflict):
            raise _changed_meanwhile()
        return saved


def _changed_meanwhile() -> Invalid:
    return Invalid("policy_changed_meanwhile", "somebody else changed the policy; read it again and try again")
