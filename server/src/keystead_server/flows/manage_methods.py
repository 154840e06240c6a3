"""Rename or remove what somebody signs in with, other than passkeys: one's own, or as an administrator."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from keystead_server.domain.actor import Actor
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.ids import HelloKeyId, PasswordId, RecoveryCodesId, TenantId, TotpId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion
from keystead_server.domain.password import Password
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.sign_in import Method
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import User, check_display_name
from keystead_server.flows.auditing import audited
from keystead_server.flows.held_methods import Held, has_way_in
from keystead_server.flows.letters import Letters
from keystead_server.flows.method_gate import MethodGate, NotDone
from keystead_server.policy.permissions import check_reach
from keystead_server.ports.changes import Remove, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Secrets, SessionOwner, Store

Secret: TypeAlias = Password | TotpAuthenticator | RecoveryCodes | HelloKey


@dataclass(frozen=True, slots=True)
class Done:
    secret: Secret


Outcome: TypeAlias = Done | NotDone


def method_of(secret: Secret) -> Method:
    match secret:
        case Password():
            return Method.PASSWORD
        case TotpAuthenticator():
            return Method.SOFTWARE_OATH
        case RecoveryCodes():
            return Method.RECOVERY_CODE
        case HelloKey():
            return Method.WINDOWS_HELLO


NOUNS: dict[type[Secret], str] = {
    Password: "password",
    TotpAuthenticator: "totp",
    RecoveryCodes: "recovery_codes",
    HelloKey: "hello_key",
}
"""How audit events name each."""


def removal(secret: Secret) -> Remove:
    id_: PasswordId | TotpId | RecoveryCodesId | HelloKeyId = secret.id
    return Remove(secret.tenant_id, type(secret), id_)


@dataclass(frozen=True, slots=True)
class ManageMethods:
    store: Store
    clock: Clock
    entropy: Entropy
    gate: MethodGate
    letters: Letters

    async def rename_totp(self, owner: SessionOwner, totp: TotpId, name: str) -> Outcome:
        """Give one's own authenticator app another name.

        Raises:
            Invalid: the name cannot be one.
        """
        while True:
            found = _find(await self._secrets(owner.user), totp)
            if not isinstance(found, TotpAuthenticator):
                return NotDone("method_not_found")
            renamed = found.renamed(check_display_name(name, target="name")[:64])
            line = audited(
                self.entropy, "totp.renamed", tenant=found.tenant_id, at=self.clock.now(), by=Actor(owner.user),
                target=owner.user.id, method=totp, name=renamed.name,
            )  # fmt: skip
            # Used for a sign-in since it was read: its last code must not go back with our copy of it.
            if isinstance(await self.store.write(Replace(renamed, found), line), Written):
                return Done(renamed)

    async def against_removing(self, owner: SessionOwner, method_id: str) -> NotDone | None:
        """Why one's own cannot be removed just now; `last_method` asks for a word of confirmation only."""
        held = await self.gate.held.of(owner.user, owner.groups)
        found = _find(held.secrets, method_id)
        if found is None:
            return NotDone("method_not_found")
        against, held = await self.gate.against_replacing(owner, method_of(found))
        if against is None and _leaves_no_way_in(held, found):
            return NotDone("last_method")
        return against

    async def remove_own(self, owner: SessionOwner, method_id: str, *, even_the_last: bool = False) -> Outcome:
        """Remove one's own. What leaves no way in goes only when *even_the_last* says so."""
        against = await self.against_removing(owner, method_id)
        if against is not None and not (even_the_last and against.code == "last_method"):
            return against
        return await self._remove(owner.user, method_id, Actor(owner.user))

    async def remove_for(self, tenant: TenantId, user_id: UserId, method_id: str, *, by: Actor) -> Outcome:
        """Remove somebody's; the caller has checked that *by* may.

        Raises:
            Invalid: it is one's own, an administrator's and *by* is no Global Administrator, or of anybody
                with a role and *by* is an app by itself.
        """
        user = await self.store.users.get(tenant, user_id)
        if user is None:
            return NotDone("method_not_found")
        check_reach(by, user)
        if by.user is not None:
            # This door asks for no fresh sign-in, so it must not lead around `remove_own`, which does.
            if by.user.id == user.id:
                raise Invalid("own_method", "remove what is your own on the page of your account")
            # Whoever may help people may not lock their administrators out.
            if user.roles and not by.user.is_administrator:
                raise Invalid(
                    "method_of_administrator",
                    "only a Global Administrator can remove what an administrator signs in with",
                )
        return await self._remove(user, method_id, by)

    async def _remove(self, user: User, method_id: str, by: Actor) -> Outcome:
        found = _find(await self._secrets(user), method_id)
        if found is None:
            return NotDone("method_not_found")
        now, noun = self.clock.now(), NOUNS[type(found)]
        name = found.name if isinstance(found, TotpAuthenticator | HelloKey) else ""
        detail = {"method": found.id, "name": name} if name else {}
        line = audited(self.entropy, f"{noun}.removed", tenant=user.tenant_id, at=now, by=by, target=user.id, **detail)
        told = self.letters.to(user, Occasion.METHOD_REMOVED, at=now, method=noun, by=by.called, name=name)
        written = await self.store.write(removal(found), line, *told)
        return Done(found) if isinstance(written, Written) else NotDone("method_not_found")

    async def _secrets(self, user: User) -> Secrets:
        return await self.store.secrets.of_user(user.tenant_id, user.id)


def _find(secrets: Secrets, method_id: str) -> Secret | None:
    return next((each for each in secrets.all if each.id == method_id), None)


def _leaves_no_way_in(held: Held, gone: Secret) -> bool:
    left = Secrets(
        None if gone == held.secrets.password else held.secrets.password,
        tuple(app for app in held.secrets.totp if app != gone),
        None if gone == held.secrets.recovery_codes else held.secrets.recovery_codes,
    )
    return held.way_in and not has_way_in(replace(held, secrets=left), left)
