"""The policies now in force, read and parsed once for each version.

Two numbers stand for what is kept, and both are read for the request that asks:

    the version of the tenant's policies   comes with a session or a passkey; nothing more is read (`at`)
    the document's own version             for who has read neither: the document is read, and parsed only
                                           when it is another one than before (`now`)
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from keystead_server.domain import policy_document
from keystead_server.domain.ids import TenantId
from keystead_server.policy.access import document as access_document
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.document import FIRST_ACCESS, AccessRules
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
        self._parsed: Shelf[PasskeyPolicy] = Shelf()

    async def at(self, tenant: TenantId, version: int) -> PasskeyPolicy:
        """The tenant's passkey policy, which *version* of the tenant's policies stands for."""
        kept = self._shelf.get(tenant, version)
        if kept is not None:
            return kept
        return self._shelf.put(tenant, version, await self.now(tenant))

    async def now(self, tenant: TenantId) -> PasskeyPolicy:
        """The tenant's passkey policy, for who has not just read a version."""
        written = await self._store.policies.current(tenant, policy_document.PASSKEYS)
        if written is None:
            return FIRST_POLICY
        kept = self._parsed.get(tenant, written.version)
        return kept or self._parsed.put(tenant, written.version, document.from_text(written.body))


class MethodsPolicies:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._shelf: Shelf[MethodsPolicy] = Shelf()
        self._parsed: Shelf[MethodsPolicy] = Shelf()

    async def at(self, tenant: TenantId, version: int) -> MethodsPolicy:
        """The tenant's Authentication methods policy, which *version* of the tenant's policies stands for."""
        kept = self._shelf.get(tenant, version)
        if kept is not None:
            return kept
        return self._shelf.put(tenant, version, await self.now(tenant))

    async def now(self, tenant: TenantId) -> MethodsPolicy:
        """The tenant's Authentication methods policy, for who has not just read a version."""
        written = await self._store.policies.current(tenant, policy_document.METHODS)
        if written is None:
            return FIRST_METHODS
        kept = self._parsed.get(tenant, written.version)
        return kept or self._parsed.put(tenant, written.version, methods_document.from_text(written.body))


@dataclass(frozen=True, slots=True)
class AccessVersion:
    """Conditional Access as one version has it.

    Attributes:
        names: of its policies, by id.
        sparing_nobody: those that name nobody to be left out, so that they may be certain of somebody unnamed.
        fallback: what holds from `rules.pending.until` on, of a version that is on trial.
    """

    version: int
    rules: AccessRules
    compiled: Compiled
    names: Mapping[str, str]
    sparing_nobody: Compiled
    fallback: "AccessVersion | None" = None

    @property
    def asks_about_risk(self) -> bool:
        return self.compiled.asks_about_risk

    @classmethod
    def of(cls, version: int, rules: AccessRules, fallback: "AccessVersion | None" = None) -> "AccessVersion":
        names = {policy.id: policy.name for policy in rules.set.policies}
        return cls(version, rules, Compiled(rules.set), names, Compiled(_sparing_nobody(rules.set)), fallback)

    def at(self, now: datetime) -> "AccessVersion":
        """What holds *now*: a trial that nobody confirmed ends by itself, whether or not anything runs."""
        pending = self.rules.pending
        if pending is None or now < pending.until or self.fallback is None:
            return self
        return self.fallback


class AccessPolicies:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._shelf: Shelf[AccessVersion] = Shelf()
        # To compile hundreds of policies takes a tenth of a second, and anybody can open a page that asks for them.
        self._compiled: Shelf[AccessVersion] = Shelf()

    async def at(self, tenant: TenantId, version: int, now: datetime) -> AccessVersion:
        """Conditional Access in force, which *version* of the tenant's policies stands for."""
        kept = self._shelf.get(tenant, version)
        if kept is None:
            kept = self._shelf.put(tenant, version, await self._read(tenant))
        return kept.at(now)

    async def now(self, tenant: TenantId, now: datetime) -> AccessVersion:
        """The same, for who has not just read a version."""
        return (await self._read(tenant)).at(now)

    async def saved(self, tenant: TenantId) -> AccessVersion:
        """The version that was saved last, be it over already."""
        return await self._read(tenant)

    async def _read(self, tenant: TenantId) -> AccessVersion:
        written = await self._store.policies.current(tenant, policy_document.ACCESS)
        if written is None:
            return _FIRST
        kept = self._compiled.get(tenant, written.version)
        if kept is not None:
            return kept
        rules = access_document.from_text(written.body)
        fallback = None if rules.pending is None else await self._version(tenant, rules.pending.before)
        return self._compiled.put(tenant, written.version, AccessVersion.of(written.version, rules, fallback))

    async def _version(self, tenant: TenantId, number: int) -> AccessVersion:
        for written in await self._store.policies.versions(tenant, policy_document.ACCESS):
            if written.version == number:
                rules = access_document.from_text(written.body)
                return AccessVersion.of(number, rules)
        return _FIRST


def _sparing_nobody(kept: PolicySet) -> PolicySet:
    # Whoever has not said who they are may be an account that no policy is for.
    if kept.break_glass:
        return PolicySet()
    users = ((policy, policy.conditions.users) for policy in kept.policies)
    return replace(kept, policies=tuple(policy for policy, one in users if not (one.exclude or one.until)))


_FIRST = AccessVersion.of(0, FIRST_ACCESS)
