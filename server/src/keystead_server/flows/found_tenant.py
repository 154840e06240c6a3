"""Found a tenant with its first administrator."""

from dataclasses import dataclass

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.ids import TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.tenant import Tenant, check_tenant_name
from keystead_server.domain.user import HANDLE_BYTES, Role, User, check_display_name, check_username
from keystead_server.flows.auditing import audited
from keystead_server.ports.changes import Add, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class FoundTenant:
    store: Store
    clock: Clock
    entropy: Entropy

    async def __call__(self, name: str, *, display_name: str = "", administrator: str) -> tuple[Tenant, User]:
        """Add a tenant and an administrator, who still needs a pass to sign in.

        Raises:
            Invalid: a name cannot be one, or the tenant's is taken.
        """
        now = self.clock.now()
        tenant = Tenant(
            TenantId(self.entropy.new_id(now)),
            check_tenant_name(name),
            check_display_name(display_name or name.title()),
            now,
        )
        user = User(
            id=UserId(self.entropy.new_id(now)),
            tenant_id=tenant.id,
            username=check_username(administrator),
            display_name="Administrator",
            handle=self.entropy.token(HANDLE_BYTES),
            created_at=now,
            sessions_valid_from=now,
            roles=frozenset({Role.GLOBAL_ADMINISTRATOR}),
        )
        line = audited(
            self.entropy, "tenant.founded", tenant=tenant.id, at=now, by=OPERATOR, target=tenant.id,
            name=tenant.name, administrator=user.username,
        )  # fmt: skip
        if not isinstance(await self.store.write(Add(tenant), Add(user), line), Written):
            raise Invalid("tenant_name_taken", f"there is already a tenant {tenant.name!r}", target="name")
        return tenant, user
