"""Create, change and remove people."""

from dataclasses import dataclass, replace
from typing import NoReturn

from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion, check_mail
from keystead_server.domain.user import HANDLE_BYTES, Role, User, check_display_name, check_username
from keystead_server.flows.auditing import audited
from keystead_server.flows.letters import Letters
from keystead_server.policy.permissions import check_reach
from keystead_server.ports.changes import Add, Change, Remove, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class ManageUser:
    store: Store
    clock: Clock
    entropy: Entropy
    letters: Letters

    async def create(
        self,
        tenant: TenantId,
        *,
        username: str,
        display_name: str = "",
        roles: frozenset[Role] = frozenset(),
        enabled: bool = True,
        by: Actor,
    ) -> User:
        """Add an account. It has no password, and no way in until a pass is issued.

        Raises:
            Invalid: a name cannot be one, or is taken.
        """
        now = self.clock.now()
        username = check_username(username)
        user = User(
            id=UserId(self.entropy.new_id(now)),
            tenant_id=tenant,
            username=username,
            display_name=check_display_name(display_name or username),
            handle=self.entropy.token(HANDLE_BYTES),
            created_at=now,
            sessions_valid_from=now,
            roles=roles,
            enabled=enabled,
        )
        line = audited(
            self.entropy, "user.created", tenant=tenant, at=now, by=by, target=user.id,
            username=user.username, roles=", ".join(sorted(roles)),
        )  # fmt: skip
        if not isinstance(await self.store.write(Add(user), line), Written):
            raise Invalid("username_taken", f"there is already a user {user.username!r}", target="username")
        return user

    async def change(
        self,
        user: User,
        *,
        username: str | None = None,
        display_name: str | None = None,
        enabled: bool | None = None,
        by: Actor,
    ) -> User:
        """Change several things of an account at once, or none of them; None leaves one as it is.

        Raises:
            Invalid: a name cannot be one or is taken, it is the last administrator, or the account is not
                as it was read.
        """
        check_reach(by, user)
        now = self.clock.now()
        changed = replace(
            user,
            username=user.username if username is None else check_username(username),
            display_name=user.display_name if display_name is None else check_display_name(display_name),
        )
        lines: list[Change] = []
        if changed != user:
            lines.append(self._line(user, "user.renamed", by, username=changed.username, before=user.username))
        if enabled is True and not user.enabled:
            changed = replace(changed, enabled=True)
            lines.append(self._line(user, "user.enabled", by))
        if enabled is False and user.enabled:
            await self._keep_an_administrator(user, without=user.is_administrator)
            changed = replace(changed.disabled(), sessions_valid_from=now)
            lines.append(self._line(user, "user.disabled", by))
        if lines and not isinstance(await self.store.write(Replace(changed, user), *lines), Written):
            await self._explain(user, changed)
        return changed

    async def _explain(self, user: User, changed: User) -> NoReturn:
        """Raises Invalid: why *changed* could not take the place of *user*."""
        taken = await self.store.users.by_username(user.tenant_id, changed.username)
        if taken is not None and taken.id != user.id:
            raise Invalid("username_taken", f"there is already a user {changed.username!r}", target="username")
        raise _changed_meanwhile()

    async def rename(self, user: User, *, username: str, display_name: str, by: Actor) -> User:
        """Give an account other names; its passkeys stay, because its handle does.

        Raises:
            Invalid: a name cannot be one, or is taken.
        """
        check_reach(by, user)
        renamed = replace(
            user, username=check_username(username), display_name=check_display_name(display_name or username)
        )
        line = self._line(user, "user.renamed", by, username=renamed.username, before=user.username)
        if not isinstance(await self.store.write(Replace(renamed, user), line), Written):
            await self._explain(user, renamed)
        return renamed

    async def set_mail(self, user: User, mail: str, *, by: Actor) -> User:
        """Say where *user* is told what happens to their account; empty for nowhere.

        The address before is told too: whoever turns somebody's letters away must not do so unseen.

        Raises:
            Invalid: it does not look like an address, or the account was changed meanwhile.
        """
        check_reach(by, user)
        changed = replace(user, mail=check_mail(mail) if mail.strip() else None)
        if changed == user:
            return user
        now = self.clock.now()
        told = self.letters.to(user, Occasion.MAIL_CHANGED, at=now)
        line = self._line(user, "user.mail_changed", by, mail=changed.mail or "", before=user.mail or "")
        if not isinstance(await self.store.write(Replace(changed, user), line, *told), Written):
            raise _changed_meanwhile()
        return changed

    async def enable(self, user: User, *, by: Actor) -> User:
        enabled = replace(user, enabled=True)
        await self._save(user, enabled, "user.enabled", by)
        return enabled

    async def disable(self, user: User, *, by: Actor) -> User:
        """Close an account: no sign-in, and no session or token of it is good any more.

        Raises:
            Invalid: it is the last administrator.
        """
        await self._keep_an_administrator(user, without=user.is_administrator)
        disabled = replace(user.disabled(), sessions_valid_from=self.clock.now())
        await self._save(user, disabled, "user.disabled", by)
        return disabled

    async def set_roles(self, user: User, roles: frozenset[Role], *, by: Actor) -> User:
        """Give *user* exactly these roles.

        Raises:
            Invalid: it would leave the tenant without an administrator.
        """
        loses = user.is_administrator and Role.GLOBAL_ADMINISTRATOR not in roles
        await self._keep_an_administrator(user, without=loses)
        changed = replace(user, roles=roles)
        await self._save(user, changed, "user.roles_changed", by, roles=", ".join(sorted(roles)))
        return changed

    async def remove(self, user: User, *, by: Actor) -> None:
        """Delete an account with its passkeys and pass; the logs keep what it did.

        Raises:
            Invalid: it is the last administrator.
        """
        check_reach(by, user)
        await self._keep_an_administrator(user, without=user.is_administrator)
        now = self.clock.now()
        await self.store.write(
            Remove(user.tenant_id, User, user.id),
            audited(
                self.entropy, "user.removed", tenant=user.tenant_id, at=now, by=by, target=user.id,
                username=user.username,
            ),
        )  # fmt: skip

    async def _keep_an_administrator(self, user: User, *, without: bool) -> None:
        if not without:
            return
        others = [a for a in await self.store.users.administrators(user.tenant_id) if a.id != user.id]
        if not others:
            raise Invalid("last_administrator", "this is the only administrator who can sign in; make another first")

    async def _save(self, before: User, user: User, event: str, by: Actor, **detail: str) -> None:
        """Raises Invalid when the account is not as it was read: nobody's change is undone unseen."""
        check_reach(by, before)
        line = self._line(user, event, by, **detail)
        if not isinstance(await self.store.write(Replace(user, before), line), Written):
            raise _changed_meanwhile()

    def _line(self, user: User, event: str, by: Actor, **detail: str) -> Change:
        return audited(self.entropy, event, tenant=user.tenant_id, at=self.clock.now(), by=by, target=user.id, **detail)


def _changed_meanwhile() -> Invalid:
    return Invalid("user_changed_meanwhile", "somebody else changed this account; look at it again and try again")
