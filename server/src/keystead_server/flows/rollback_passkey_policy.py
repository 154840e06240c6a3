"""Go back to an earlier passkey policy: find it, so that it can be previewed and saved as a new version."""

from dataclasses import dataclass, replace

from keystead_server.domain import policy_document
from keystead_server.domain.ids import TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.passkey_policy_checks import missing
from keystead_server.policy.passkeys import document
from keystead_server.policy.passkeys.model import FIRST_POLICY, PasskeyPolicy, Principal
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Restorable:
    """Attributes:
    left_out: groups and users that the version named and that were removed since. An id is never
        given twice, so leaving them out changes nothing for anybody.
    """

    policy: PasskeyPolicy
    left_out: frozenset[Principal]


@dataclass(frozen=True, slots=True)
class RollBackPasskeyPolicy:
    store: Store

    async def __call__(self, tenant: TenantId, version: int) -> Restorable:
        """What saving *version* again would put into force. Nothing is changed: history only grows.

        Version 0 is what every organisation begins with.

        Raises:
            Invalid: there is no such version.
        """
        if version == 0:
            return Restorable(FIRST_POLICY, frozenset())
        for written in await self.store.policies.versions(tenant, policy_document.PASSKEYS):
            if written.version == version:
                policy = document.from_text(written.body)
                gone = await missing(self.store, tenant, policy)
                return Restorable(_without(policy, gone), gone)
        raise Invalid("policy_version_unknown", f"the passkey policy has no version {version}")


def _without(policy: PasskeyPolicy, gone: frozenset[Principal]) -> PasskeyPolicy:
    kept = tuple(target for target in policy.include if target.who not in gone)
    return replace(policy, include=kept, exclude=policy.exclude - gone)
