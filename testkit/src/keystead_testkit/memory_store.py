"""The Store port in memory: for tests of flows, which want the contract and not a database.

It passes the same suite as SQLite and PostgreSQL (`store_suite`). Nothing in it waits, so
every `write` is atomic among concurrent tasks; a refused one is taken back step by step.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.device import Device
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.ids import TenantId
from keystead_server.domain.letter import Letter
from keystead_server.domain.log_text import storable
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.password import Password
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.session import Grant, Session
from keystead_server.domain.sign_in import Attempt
from keystead_server.domain.snoozes import Snoozes
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import Group, User
from keystead_server.ports import changes
from keystead_server.ports.changes import Change, Conflict, Written
from keystead_server.storage.chains import Chains, logged

from keystead_testkit import memory_logs as logs
from keystead_testkit import memory_reads as reads
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.memory_keys import has_parent, key_of, name_of
from keystead_testkit.memory_tables import Tables

_SESSIONS_KEPT = timedelta(days=1)
_PASSES_KEPT = timedelta(days=30)


class _Refused(Exception):
    pass


def _require(condition: bool) -> None:
    if not condition:
        raise _Refused


def _keep(tables: Tables, value: Any) -> None:
    name = name_of(value)
    if name is not None:
        _require(tables.names.get(name, key_of(value)) == key_of(value))
        tables.put(tables.names, name, key_of(value))
    tables.put(tables.of(type(value)), key_of(value), value)


def _add(tables: Tables, change: changes.Add) -> None:
    value = change.value
    _require(key_of(value) not in tables.of(type(value)) and has_parent(tables, value))
    _keep(tables, _as_a_database_would(value) if isinstance(value, Attempt) else value)


def _as_a_database_would(attempt: Attempt) -> Attempt:
    return replace(
        attempt,
        username=None if attempt.username is None else storable(attempt.username),
        user_agent=storable(attempt.user_agent),
        detail=storable(attempt.detail),
        client_address=storable(attempt.client_address),
    )


def _replace(tables: Tables, change: changes.Replace) -> None:
    value = change.value
    old = tables.of(type(value)).get(key_of(value))
    _require(old is not None and has_parent(tables, value))
    _require(change.before is None or change.before == old)
    if isinstance(value, Tenant) and isinstance(old, Tenant):
        value = replace(value, policy_version=max(value.policy_version, old.policy_version))
    tables.drop(tables.names, name_of(old))
    _keep(tables, value)


def _passkey_used(tables: Tables, change: changes.PasskeyUsed) -> None:
    key = change.tenant_id, change.passkey_id
    _require(key in tables.passkeys)
    used = tables.passkeys[key].used(
        sign_count=change.sign_count,
        backed_up=change.backed_up,
        at=change.at,
        address=storable(change.address),
        agent=storable(change.agent),
    )
    tables.put(tables.passkeys, key, used)


def _put_off(tables: Tables, change: changes.PutOff) -> None:
    letter = tables.letters.get((change.tenant_id, change.letter_id))
    if letter is None or letter.due_at != change.seen:
        raise _Refused
    tables.put(tables.letters, key_of(letter), replace(letter, due_at=change.until, tries=letter.tries + 1))


def _pass_by_id(tables: Tables, tenant: TenantId, pass_id: str) -> TemporaryAccessPass | None:
    return next((p for (t, _), p in tables.passes.items() if t == tenant and p.id == pass_id), None)


def _spend_pass(tables: Tables, change: changes.SpendPass) -> None:
    found = _pass_by_id(tables, change.tenant_id, change.pass_id)
    if found is None or found.used_at is not None:
        raise _Refused
    tables.put(tables.passes, key_of(found), found.spent(at=change.at))


def _totp_used(tables: Tables, change: changes.TotpUsed) -> None:
    found = tables.totp.get((change.tenant_id, change.totp_id))
    if found is None or found.last_step >= change.step:
        raise _Refused
    tables.put(tables.totp, key_of(found), found.used(step=change.step, at=change.at))


def _count_guess(tables: Tables, change: changes.CountGuess) -> None:
    key = change.tenant_id, change.user_id
    _require(key in tables.users and tables.guesses.get(key, 0) == change.number)
    tables.put(tables.guesses, key, change.number + 1)


def _snooze(tables: Tables, change: changes.Snooze) -> None:
    key = change.tenant_id, change.user_id
    _require(key in tables.users)
    tables.put(tables.snoozes, key, Snoozes(tables.snoozes.get(key, Snoozes()).count + 1, change.at))


def _take_back_snooze(tables: Tables, change: changes.TakeBackSnooze) -> None:
    key = change.tenant_id, change.user_id
    found = tables.snoozes.get(key, Snoozes())
    if found.count:
        tables.put(tables.snoozes, key, Snoozes(found.count - 1))


def _close_session(tables: Tables, change: changes.CloseSession) -> None:
    session = tables.sessions.get((change.tenant_id, change.session_id))
    if session is not None and session.closed_at is None:
        tables.put(tables.sessions, key_of(session), session.closed(at=change.at))


def _revoke_grant(tables: Tables, change: changes.RevokeGrant) -> None:
    grant = tables.grants.get((change.tenant_id, change.grant_id))
    if grant is not None and grant.revoked_at is None:
        tables.put(tables.grants, key_of(grant), replace(grant, revoked_at=change.at))


def _join(tables: Tables, change: changes.Join) -> None:
    _require((change.tenant_id, change.group_id) in tables.groups)
    _require((change.tenant_id, change.user_id) in tables.users)
    tables.put(tables.memberships, (change.tenant_id, change.group_id, change.user_id), None)


def _leave(tables: Tables, change: changes.Leave) -> None:
    tables.drop(tables.memberships, (change.tenant_id, change.group_id, change.user_id))


def _forget(tables: Tables, value: Any) -> None:
    tables.drop(tables.of(type(value)), key_of(value))
    tables.drop(tables.names, name_of(value))


def _remove(tables: Tables, change: changes.Remove) -> None:
    tenant = change.tenant_id
    if change.kind is TemporaryAccessPass:
        value: Any = _pass_by_id(tables, tenant, change.id)
    else:
        value = tables.of(change.kind).get((tenant, change.id))
    _require(value is not None)
    _forget(tables, value)
    if isinstance(value, User | Group):
        for t, group, user in [m for m in tables.memberships if m[0] == tenant and value.id in m[1:]]:
            tables.drop(tables.memberships, (t, group, user))
    if isinstance(value, User):
        tables.drop(tables.snoozes, (tenant, value.id))
        for kind in (Passkey, TemporaryAccessPass, Password, TotpAuthenticator, RecoveryCodes, HelloKey, Letter):
            for owned in [o for o in tables.of(kind).values() if (o.tenant_id, o.user_id) == (tenant, value.id)]:
                _forget(tables, owned)
        tables.drop(tables.guesses, (tenant, value.id))
    if isinstance(value, Device):
        for key in [k for k in tables.hello_keys.values() if (k.tenant_id, k.device_id) == (tenant, value.id)]:
            _forget(tables, key)


def _bump_policy_version(tables: Tables, change: changes.BumpPolicyVersion) -> None:
    tenant = tables.tenants.get(change.tenant_id)
    if tenant is None:
        raise _Refused
    tables.put(tables.tenants, tenant.id, replace(tenant, policy_version=tenant.policy_version + 1))


def _keeps_an_administrator(tables: Tables, change: changes.KeepsAnAdministrator) -> None:
    of_tenant = (user for (tenant, _), user in tables.users.items() if tenant == change.tenant_id)
    _require(any(user.enabled and user.is_administrator for user in of_tenant))


def _head_bound(tables: Tables, change: changes.HeadBound) -> None:
    if tables.heads.get(change.chain_id) == change.number:
        tables.drop(tables.heads, change.chain_id)


_APPLY: dict[type[Any], Callable[[Tables, Any], None]] = {
    changes.Add: _add,
    changes.Replace: _replace,
    changes.PasskeyUsed: _passkey_used,
    changes.PutOff: _put_off,
    changes.SpendPass: _spend_pass,
    changes.TotpUsed: _totp_used,
    changes.CountGuess: _count_guess,
    changes.Snooze: _snooze,
    changes.TakeBackSnooze: _take_back_snooze,
    changes.CloseSession: _close_session,
    changes.RevokeGrant: _revoke_grant,
    changes.Join: _join,
    changes.Leave: _leave,
    changes.Remove: _remove,
    changes.BumpPolicyVersion: _bump_policy_version,
    changes.KeepsAnAdministrator: _keeps_an_administrator,
    changes.HeadBound: _head_bound,
}


class MemoryStore:
    """Everything, for as long as this object lives."""

    def __init__(self) -> None:
        self._tables = tables = Tables()
        self._chains = Chains(SeededEntropy())
        self.tenants = reads.Tenants(tables)
        self.users = reads.Users(tables)
        self.groups = reads.Groups(tables)
        self.passkeys = reads.Passkeys(tables)
        self.passes = reads.Passes(tables)
        self.secrets = reads.AllSecrets(tables)
        self.letters = reads.Letters(tables)
        self.devices = reads.Devices(tables)
        self.authorities = reads.Authorities(tables)
        self.apps = reads.Apps(tables)
        self.sessions = reads.Sessions(tables)
        self.logs = logs.Logs(tables)
        self.chains = logs.Chains(tables)
        self.policies = reads.Policies(tables)
        self.signing_keys = reads.SigningKeys(tables)

    async def write(self, *changes: Change) -> Written | Conflict:
        unit = logged(changes)
        self._tables.undo = []
        for change in changes:
            try:
                _APPLY[type(change)](self._tables, change)
            except _Refused:
                self._tables.take_back()
                return Conflict(change)
        if unit is not None:
            link = self._chains.take(unit.at).link(unit.marks)
            self._tables.links[link.chain_id, link.number] = link
            self._tables.heads[link.chain_id] = link.number
            self._chains.keep(link.head)
        return Written()

    async def sweep(self, now: datetime) -> int:
        tables = self._tables
        over: list[Any] = [s for s in tables.sessions.values() if _over(s, s.closed_at, now - _SESSIONS_KEPT)]
        over += [g for g in tables.grants.values() if _over(g, g.revoked_at, now - _SESSIONS_KEPT)]
        over += [p for p in tables.passes.values() if _over(p, p.used_at, now - _PASSES_KEPT)]
        over += [letter for letter in tables.letters.values() if letter.expires_at < now]
        for value in over:
            _forget(tables, value)
        return len(over)

    async def ping(self) -> None:
        return None

    async def close(self) -> None:
        return None


def _over(value: Session | Grant | TemporaryAccessPass, ended_at: datetime | None, before: datetime) -> bool:
    return min(value.expires_at, ended_at or value.expires_at) < before
