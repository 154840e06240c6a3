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
from keystead_server.ports.changes import Add, Change, Conflict, KeepsAnAdministrator, Remove, Replace, Written
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
            changed = replace(changed.disabled(), sessions_valid_from=now)
            lines.append(self._line(user, "user.disabled", by))
        if lines:
            await self._put(user, changed, *lines)
        return changed

    async def _put(self, user: User, changed: User, *with_it: Change) -> None:
        """Put *changed* in the place of *user*.

        Raises:
            Invalid: the name is taken, it is the last administrator, or the account is not as it was read: nobody's
                change is undone unseen.
        """
        match await self.store.write(Replace(changed, user), *with_it, *_kept(user, changed)):
            case Conflict(KeepsAnAdministrator()):
                raise _last_administrator()
            case Conflict():
                await self._explain(user, changed)

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
        await self._put(user, renamed, line)
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
        await self._put(user, changed, line, *told)
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
        disabled = replace(user.disabled(), sessions_valid_from=self.clock.now())
        await self._save(user, disabled, "user.disabled", by)
        return disabled

    async def set_roles(self, user: User, roles: frozenset[Role], *, by: Actor) -> User:
        """Give *user* exactly these roles.

        Raises:
            Invalid: it would leave the tenant without an administrator.
        """
        changed = replace(user, roles=roles)
        await self._save(user, changed, "user.roles_changed", by, roles=", ".join(sorted(roles)))
        return changed

    async def remove(self, user: User, *, by: Actor) -> None:
        """Delete an account with its passkeys and pass; the logs keep what it did.

        Raises:
            Invalid: it is the last administrator.
        """
        check_reach(by, user)
        line = self._line(user, "user.removed", by, username=user.username)
        # As it was read: who became the only administrator meanwhile is not removed as somebody who was none.
        unchanged = Replace(user, user)
        match await self.store.write(unchanged, Remove(user.tenant_id, User, user.id), line, *_kept(user, None)):
            case Conflict(KeepsAnAdministrator()):
                raise _last_administrator()
            case Conflict():
                if await self.store.users.get(user.tenant_id, user.id) is not None:
                    raise _changed_meanwhile()

    async def _save(self, before: User, user: User, event: str, by: Actor, **detail: str) -> None:
        check_reach(by, before)
        await self._put(before, user, self._line(before, event, by, **detail))

    def _line(self, user: User, event: str, by: Actor, **detail: str) -> Change:
        return audited(self.entropy, event, tenant=user.tenant_id, at=self.clock.now(), by=by, target=user.id, **detail)


def _kept(before: User, after: User | None) -> list[Change]:
    """What refuses a change of an account that leaves nobody to administer its tenant."""
    was, will = (user is not None and user.enabled and user.is_administrator for user in (before, after))
    return [KeepsAnAdministrator(before.tenant_id)] if was and not will else []


def _last_administrator() -> Invalid:
    return Invalid("last_administrator", "this is the only administrator who can sign in; make another first")


def _changed_meanwhile() -> Invalid:
    return Invalid("user_changed_meanwhile", "somebody else changed this account; look at it again and try again")
