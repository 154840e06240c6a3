"""What people sign in with: passkeys, Temporary Access Passes, and secrets that they know or share with an app."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import func, select

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.ids import PasskeyId, TenantId, UserId
from keystead_server.domain.passkey import Passkey
from keystead_server.ports.store import PasskeyOwner, Secrets
from keystead_server.storage.reads.reader import GROUP_IDS, Reads, given, group_ids, here
from keystead_server.storage.rows import credentials as rows
from keystead_server.storage.rows import devices as device_rows
from keystead_server.storage.rows import directory
from keystead_server.storage.schema import (
    devices,
    hello_keys,
    passes,
    passkeys,
    passwords,
    recovery_codes,
    tenants,
    totp_authenticators,
    users,
)
from keystead_server.storage.statement import Row, Statement

_THEIRS = (users.c.tenant_id == passkeys.c.tenant_id) & (users.c.id == passkeys.c.user_id)
_VOUCHING = (devices.c.tenant_id == passkeys.c.tenant_id) & (devices.c.id == passkeys.c.device_id)
_WITH_OWNERS = select(*rows.PASSKEY, *directory.USER, tenants.c.policy_version, GROUP_IDS, devices.c.state).select_from(
    passkeys.join(users, _THEIRS).join(tenants, tenants.c.id == passkeys.c.tenant_id).outerjoin(devices, _VOUCHING)
)
_OWNER = Statement(
    _WITH_OWNERS.where(here(passkeys), passkeys.c.credential_id == given("credential_id")),
    "tenant",
    "credential_id",
)
_PAGE = Statement(
    _WITH_OWNERS.where(here(passkeys), passkeys.c.id > given("after")).order_by(passkeys.c.id).limit(given("limit")),
    "tenant",
    "after",
    "limit",
)
_PASSKEY = Statement(select(*rows.PASSKEY).where(here(passkeys), passkeys.c.id == given("id")), "tenant", "id")
_PASSKEYS = Statement(
    select(*rows.PASSKEY)
    .where(here(passkeys), passkeys.c.user_id == given("user"))
    .order_by(passkeys.c.created_at, passkeys.c.id),
    "tenant",
    "user",
)
_PASSKEY_COUNT = Statement(select(func.count()).select_from(passkeys).where(here(passkeys)), "tenant")
_PASSKEYS_ON_BEHALF = Statement(
    select(func.count()).select_from(passkeys).where(here(passkeys), passkeys.c.registered_by != passkeys.c.user_id),
    "tenant",
)
_PASS = Statement(select(*rows.ACCESS_PASS).where(here(passes), passes.c.user_id == given("user")), "tenant", "user")
_PASSWORD = Statement(
    select(*rows.PASSWORD).where(here(passwords), passwords.c.user_id == given("user")), "tenant", "user"
)
_TOTP = Statement(
    select(*rows.TOTP)
    .where(here(totp_authenticators), totp_authenticators.c.user_id == given("user"))
    .order_by(totp_authenticators.c.created_at, totp_authenticators.c.id),
    "tenant",
    "user",
)
_RECOVERY_CODES = Statement(
    select(*rows.RECOVERY_CODES).where(here(recovery_codes), recovery_codes.c.user_id == given("user")),
    "tenant",
    "user",
)
_HELLO_KEYS = Statement(
    select(*rows.HELLO_KEY)
    .where(here(hello_keys), hello_keys.c.user_id == given("user"))
    .order_by(hello_keys.c.created_at, hello_keys.c.id),
    "tenant",
    "user",
)

_P = len(rows.PASSKEY)
_U = _P + len(directory.USER)


def _owner(row: Row) -> PasskeyOwner:
    policy_version, groups, state = row[_U:]
    return PasskeyOwner(
        rows.passkey(row[:_P]),
        directory.user(row[_P:_U]),
        group_ids(groups),
        policy_version,
        None if state is None else device_rows.STATES[state],
    )


class Passkeys(Reads):
    async def owner_of(self, tenant: TenantId, credential_id: bytes) -> PasskeyOwner | None:
        row = await self._reader.one(_OWNER, (tenant, credential_id))
        return None if row is None else _owner(row)

    async def get(self, tenant: TenantId, passkey: PasskeyId) -> Passkey | None:
        row = await self._reader.one(_PASSKEY, (tenant, passkey))
        return None if row is None else rows.passkey(row)

    async def of_user(self, tenant: TenantId, user: UserId) -> Sequence[Passkey]:
        return list(map(rows.passkey, await self._reader.all(_PASSKEYS, (tenant, user))))

    async def page(self, tenant: TenantId, *, limit: int, after: PasskeyId | None = None) -> Sequence[PasskeyOwner]:
        # SQLite answers at once, without ever giving way: whoever reads a hundred thousand passkeys
        # page by page would hold up every sign-in for seconds.
        await asyncio.sleep(0)
        return list(map(_owner, await self._reader.all(_PAGE, (tenant, after or "", limit))))

    async def count(self, tenant: TenantId) -> int:
        row = await self._reader.one(_PASSKEY_COUNT, (tenant,))
        return int(row[0]) if row else 0

    async def count_on_behalf(self, tenant: TenantId) -> int:
        row = await self._reader.one(_PASSKEYS_ON_BEHALF, (tenant,))
        return int(row[0]) if row else 0


class Passes(Reads):
    async def of_user(self, tenant: TenantId, user: UserId) -> TemporaryAccessPass | None:
        row = await self._reader.one(_PASS, (tenant, user))
        return None if row is None else rows.access_pass(row)


class AllSecrets(Reads):
    async def of_user(self, tenant: TenantId, user: UserId) -> Secrets:
        password = await self._reader.one(_PASSWORD, (tenant, user))
        codes = await self._reader.one(_RECOVERY_CODES, (tenant, user))
        return Secrets(
            None if password is None else rows.password(password),
            tuple(map(rows.totp, await self._reader.all(_TOTP, (tenant, user)))),
            None if codes is None else rows.recovery_codes(codes),
            tuple(map(rows.hello_key, await self._reader.all(_HELLO_KEYS, (tenant, user)))),
        )
