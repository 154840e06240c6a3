"""The policies now in force, read and parsed once for each version."""

from keystead_server.domain import policy_document
from keystead_server.domain.ids import TenantId
from keystead_server.policy.methods import document as methods_document
from keystead_server.policy.methods.model import FIRST_METHODS, MethodsPolicy
from keystead_server.policy.passkeys import document
from keystead_server.policy.passkeys.model import FIRST_POLICY, PasskeyPolicy
from keystead_server.policy.shelf import Shelf
from keystead_server.ports.store import Store


class PasskeyPolicies:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._shelf: Shelf[PasskeyPolicy] = Shelf()

    async def at(self, tenant: TenantId, version: int) -> PasskeyPolicy:
        """The tenant's passkey policy, which *version* of the tenant's policies stands for."""
        kept = self._shelf.get(tenant, version)
        if kept is not None:
            return kept
        return self._shelf.put(tenant, version, await self.now(tenant))

    async def now(self, tenant: TenantId) -> PasskeyPolicy:
        """The tenant's passkey policy, for who has not just read a version."""
        written = await self._store.policies.current(tenant, policy_document.PASSKEYS)
        return FIRST_POLICY if written is None else document.from_text(written.body)


class MethodsPolicies:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._shelf: Shelf[MethodsPolicy] = Shelf()

    async def at(self, tenant: TenantId, version: int) -> MethodsPolicy:
        """The tenant's Authentication methods policy, which *version* of the tenant's policies stands for."""
        kept = self._shelf.get(tenant, version)
        if kept is not None:
            return kept
        return self._shelf.put(tenant, version, await self.now(tenant))

    async def now(self, tenant: TenantId) -> MethodsPolicy:
        """The tenant's Authentication methods policy, for who has not just read a version."""
        written = await self._store.policies.current(tenant, policy_document.METHODS)
        return FIRST_METHODS if written is None else methods_document.from_text(written.body)
