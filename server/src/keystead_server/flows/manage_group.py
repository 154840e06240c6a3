"""Create and remove groups, and put people into them."""

from dataclasses import dataclass

from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import GroupId, TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Group, User, check_display_name
from keystead_server.flows.auditing import audited
from keystead_server.ports.changes import Add, Change, Join, Leave, Remove, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class ManageGroup:
    store: Store
    clock: Clock
    entropy: Entropy

    async def create(self, tenant: TenantId, *, name: str, by: Actor) -> Group:
        """Add a group.

        Raises:
            Invalid: the name cannot be one, or is taken.
        """
        now = self.clock.now()
        group = Group(GroupId(self.entropy.new_id(now)), tenant, check_display_name(name, target="name"), now)
        if not await self._write(group, "group.created", by, Add(group)):
            raise Invalid("group_name_taken", f"there is already a group {group.name!r}", target="name")
        return group

    async def remove(self, group: Group, *, by: Actor) -> None:
        await self._write(group, "group.removed", by, Remove(group.tenant_id, Group, group.id))

    async def add_member(self, group: Group, user: User, *, by: Actor) -> None:
        await self._write(group, "group.member_added", by, Join(group.tenant_id, group.id, user.id), user)

    async def remove_member(self, group: Group, user: User, *, by: Actor) -> None:
        await self._write(group, "group.member_removed", by, Leave(group.tenant_id, group.id, user.id), user)

    async def _write(self, group: Group, name: str, by: Actor, change: Change, member: User | None = None) -> bool:
        detail = {"name": group.name} | ({} if member is None else {"member": member.username})
        line = audited(
            self.entropy, name, tenant=group.tenant_id, at=self.clock.now(), by=by, target=group.id, **detail
        )
        return isinstance(await self.store.write(change, line), Written)
