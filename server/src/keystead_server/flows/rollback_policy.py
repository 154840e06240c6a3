"""Go back to an earlier policy: find it, so that it can be previewed and saved as a new version."""

from dataclasses import dataclass
from typing import Generic

from keystead_server.domain.ids import TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.policy_kinds import Policy, PolicyKind, missing
from keystead_server.policy.people import Principal
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Restorable(Generic[Policy]):
    """Attributes:
    left_out: groups and users that the version named and that were removed since. An id is never
        given twice, so leaving them out changes nothing for anybody.
    """

    policy: Policy
    left_out: frozenset[Principal]


@dataclass(frozen=True, slots=True)
class RollBackPolicy(Generic[Policy]):
    store: Store
    kind: PolicyKind[Policy]

    async def __call__(self, tenant: TenantId, version: int) -> Restorable[Policy]:
        """What saving *version* again would put into force. Nothing is changed: history only grows.

        Version 0 is what every organisation begins with.

        Raises:
            Invalid: there is no such version.
        """
        if version == 0:
            return Restorable(self.kind.first, frozenset())
        for written in await self.store.policies.versions(tenant, self.kind.kind):
            if written.version == version:
                policy = self.kind.read(written.body)
                gone = await missing(self.store, tenant, self.kind.principals(policy))
                return Restorable(self.kind.without(policy, gone), gone)
        raise Invalid("policy_version_unknown", f"the {self.kind.called} has no version {version}")
