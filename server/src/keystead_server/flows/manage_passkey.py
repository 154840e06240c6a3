"""Rename or remove a passkey: one's own, or somebody's as an administrator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import PasskeyId, TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User, check_display_name
from keystead_server.flows.auditing import audited
from keystead_server.flows.held_methods import HeldMethods
from keystead_server.flows.letters import Letters
from keystead_server.policy.permissions import check_reach
from keystead_server.ports.changes import Change, Remove, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class Done:
    passkey: Passkey


@dataclass(frozen=True, slots=True)
class NotDone:
    """Attributes:
    code: `passkey_not_found`, `sign_in_not_fresh`, `stronger_method_needed`, `last_passkey` or
        `other_passkey_needed`.
    """

    code: str


Outcome: TypeAlias = Done | NotDone


@dataclass(frozen=True, slots=True)
class ManagePasskey:
    store: Store
    clock: Clock
    entropy: Entropy
    letters: Letters
    held: HeldMethods

    async def rename(self, owner: SessionOwner, passkey_id: PasskeyId, name: str) -> Outcome:
        """Give one's own passkey another name.

        Raises:
            Invalid: the name cannot be one.
        """
        passkey = await self._own(owner, passkey_id)
        if passkey is None:
            return NotDone("passkey_not_found")
        renamed = passkey.renamed(check_display_name(name, target="name")[:64])
        now = self.clock.now()
        line = audited(
            self.entropy, "passkey.renamed", tenant=passkey.tenant_id, at=now, by=Actor(owner.user),
            target=passkey.user_id, passkey=passkey.id, name=renamed.name,
        )  # fmt: skip
        if isinstance(await self.store.write(Replace(renamed, passkey), line), Written):
            return Done(renamed)
        # Used for a sign-in since it was read: its counter must not go back with our copy of it.
        again = await self._own(owner, passkey_id)
        if again is None or again == passkey:
            return NotDone("passkey_not_found")
        return await self.rename(owner, passkey_id, name)

    async def acknowledge(self, owner: SessionOwner, passkey_id: PasskeyId) -> Outcome:
        """Say that one knows of one's own passkey that somebody else registered."""
        passkey = await self._own(owner, passkey_id)
        if passkey is None:
            return NotDone("passkey_not_found")
        if not passkey.awaits_its_owner:
            return Done(passkey)
        # Whoever planted it could sign in with it and wave it through. Where the owner has a passkey
        # that they made, it is that one which speaks for them.
        own = [p for p in await self._all_of(owner) if not p.on_behalf]
        if own and owner.session.passkey_id not in {p.id for p in own}:
            return NotDone("other_passkey_needed")
        now = self.clock.now()
        known = passkey.acknowledged(at=now)
        line = audited(
            self.entropy, "passkey.acknowledged", tenant=passkey.tenant_id, at=now, by=Actor(owner.user),
            target=passkey.user_id, passkey=passkey.id, name=passkey.name,
        )  # fmt: skip
        if isinstance(await self.store.write(Replace(known, passkey), line), Written):
            return Done(known)
        # As when renaming: used for a sign-in since it was read.
        again = await self._own(owner, passkey_id)
        if again is None or again == passkey:
            return NotDone("passkey_not_found")
        return await self.acknowledge(owner, passkey_id)

    async def remove_own(self, owner: SessionOwner, passkey_id: PasskeyId, *, even_the_last: bool = False) -> Outcome:
        """Remove one's own passkey.

        The last that can sign in goes only when *even_the_last* says that the person knows what follows.
        """
        passkey = await self._own(owner, passkey_id)
        if passkey is None:
            return NotDone("passkey_not_found")
        if not owner.session.is_fresh(self.clock.now()):
            return NotDone("sign_in_not_fresh")
        # Whoever got hold of a pass must not clear the way by removing what is stronger.
        if not owner.session.used(Method.PASSKEY):
            return NotDone("stronger_method_needed")
        if not even_the_last and await self.is_last(owner, passkey):
            return NotDone("last_passkey")
        return await self._remove(passkey, Actor(owner.user), owner.user)

    async def is_last(self, owner: SessionOwner, passkey: Passkey) -> bool:
        """Whether no passkey that can sign in is left without it: one in quarantine is no way in."""
        held = await self.held.of(owner.user, owner.groups)
        usable = {each.id for each in held.usable}
        return usable == {passkey.id} or (not usable and len(held.passkeys) == 1)

    async def remove_for(self, tenant: TenantId, passkey_id: PasskeyId, *, by: Actor) -> Outcome:
        """Remove somebody's passkey; the caller has checked that *by* may.

        Raises:
            Invalid: it is one's own, an administrator's and *by* is no Global Administrator, or of anybody
                with a role and *by* is an app by itself.
        """
        passkey = await self.store.passkeys.get(tenant, passkey_id)
        if passkey is None:
            return NotDone("passkey_not_found")
        user = await self.store.users.get(passkey.tenant_id, passkey.user_id)
        self._check_remover(passkey, user, by)
        return await self._remove(passkey, by, user)

    def _check_remover(self, passkey: Passkey, user: User | None, by: Actor) -> None:
        if user is not None:
            check_reach(by, user)
        if by.user is None:
            return
        # This door asks for no fresh sign-in, so it must not lead around `remove_own`, which does.
        if by.user.id == passkey.user_id:
            raise Invalid("own_passkey", "remove your own passkeys on the page of your account")
        if by.user.is_administrator:
            return
        # Whoever may help people may not lock their administrators out.
        if user is not None and user.roles:
            raise Invalid(
                "passkey_of_administrator", "only a Global Administrator can remove a passkey of an administrator"
            )

    async def _remove(self, passkey: Passkey, by: Actor, owner: User | None) -> Outcome:
        now = self.clock.now()
        changes: list[Change] = [
            Remove(passkey.tenant_id, Passkey, passkey.id),
            audited(
                self.entropy, "passkey.removed", tenant=passkey.tenant_id, at=now, by=by,
                target=passkey.user_id, passkey=passkey.id, name=passkey.name, aaguid=str(passkey.aaguid),
            ),
        ]  # fmt: skip
        if owner is not None:
            changes += self.letters.to(owner, Occasion.PASSKEY_REMOVED, at=now, name=passkey.name, by=by.called)
        written = await self.store.write(*changes)
        return Done(passkey) if isinstance(written, Written) else NotDone("passkey_not_found")

    async def _all_of(self, owner: SessionOwner) -> Sequence[Passkey]:
        return await self.store.passkeys.of_user(owner.user.tenant_id, owner.user.id)

    async def _own(self, owner: SessionOwner, passkey_id: PasskeyId) -> Passkey | None:
        passkey = await self.store.passkeys.get(owner.user.tenant_id, passkey_id)
        return passkey if passkey is not None and passkey.user_id == owner.user.id else None
