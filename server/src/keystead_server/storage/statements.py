"""What the changes of rows run: for each kind of thing put, changed or removed whole, and for each change that is more.

The same for every engine. Once written, each is compiled once for its engine (`statement`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Table,
    bindparam,
    case,
    delete,
    exists,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.app import App
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.letter import Letter
from keystead_server.domain.log_chain import LogCheckpoint
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.password import Password
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.session import Grant, Session
from keystead_server.domain.sign_in import Attempt
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import Group, Role, User
from keystead_server.storage import schema
from keystead_server.storage.rows import activity, chains, credentials, devices, directory, letters
from keystead_server.storage.rows.columns import to_list
from keystead_server.storage.statement import Arguments, Statement


class Noun(NamedTuple):
    table: Table
    row: Callable[[Any], Arguments]


NOUNS: dict[type[Any], Noun] = {
    Tenant: Noun(schema.tenants, directory.tenant_row),
    User: Noun(schema.users, directory.user_row),
    Group: Noun(schema.groups, directory.group_row),
    App: Noun(schema.apps, directory.app_row),
    PolicyDocument: Noun(schema.policy_documents, directory.policy_document_row),
    SigningKey: Noun(schema.signing_keys, directory.signing_key_row),
    Passkey: Noun(schema.passkeys, credentials.passkey_row),
    TemporaryAccessPass: Noun(schema.passes, credentials.access_pass_row),
    Password: Noun(schema.passwords, credentials.password_row),
    TotpAuthenticator: Noun(schema.totp_authenticators, credentials.totp_row),
    RecoveryCodes: Noun(schema.recovery_codes, credentials.recovery_codes_row),
    HelloKey: Noun(schema.hello_keys, credentials.hello_key_row),
    Letter: Noun(schema.letters, letters.letter_row),
    Device: Noun(schema.devices, devices.device_row),
    Authority: Noun(schema.authorities, devices.authority_row),
    Session: Noun(schema.sessions, activity.session_row),
    Grant: Noun(schema.grants, activity.grant_row),
    Attempt: Noun(schema.attempts, activity.attempt_row),
    AuditEvent: Noun(schema.audit_events, activity.audit_event_row),
    LogCheckpoint: Noun(schema.log_checkpoints, chains.checkpoint_row),
}


def _new(name: str) -> BindParameter[Any]:
    # SQLAlchemy keeps the bare column names for itself in INSERT and UPDATE.
    return bindparam(f"new_{name}")


def _with_key(table: Table) -> ColumnElement[bool]:
    tenant, id_ = table.c.tenant_id == _new("tenant_id"), table.c.id == _new("id")
    return tenant & id_


def _insert(table: Table) -> Statement:
    return Statement(insert(table), *(column.name for column in table.c))


def _replace(table: Table) -> Statement:
    key = list(table.primary_key.columns)
    values = {column: _new(column.name) for column in table.c if column not in key}
    if table is schema.tenants:
        # A writer that read the tenant before somebody changed a policy would take the version
        # back, and with it every policy compiled for the old one into use again.
        kept, given = table.c.policy_version, _new("policy_version")
        values[kept] = case((kept > given, kept), else_=given)  # type: ignore[assignment]
    where = [column == _new(column.name) for column in key]
    return Statement(update(table).where(*where).values(values), *(f"new_{column.name}" for column in table.c))


def _replace_unchanged(table: Table) -> Statement:
    """Replace a row that is still as it was read: arguments are the new row, then the old one without its key."""
    key = list(table.primary_key.columns)
    values = {column: _new(column.name) for column in table.c if column not in key}
    others = [column for column in table.c if column not in key]
    where = [column == _new(column.name) for column in key]
    # Not "=": two NULLs are the same here.
    where += [column.is_not_distinct_from(bindparam(f"old_{column.name}")) for column in others]
    names = [f"new_{column.name}" for column in table.c] + [f"old_{column.name}" for column in others]
    return Statement(update(table).where(*where).values(values), *names)


def _earlier(column: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((column < other, column), else_=other)


def ends(table: Table, column: str, at: ColumnElement[int]) -> dict[Any, Any]:
    """The values that end a row of *table* at that moment, once (see `over_at` in `schema`)."""
    return {table.c[column]: at, table.c.over_at: _earlier(table.c.over_at, at)}


def _end(table: Table, column: str) -> Statement:
    unended = table.c[column].is_(None)
    values = ends(table, column, bindparam("new_at"))
    return Statement(update(table).where(_with_key(table), unended).values(values), "new_tenant_id", "new_id", "new_at")


INSERT = {kind: _insert(noun.table) for kind, noun in NOUNS.items()}
REPLACE = {
    kind: _replace(NOUNS[kind].table)
    for kind in (
        Tenant,
        User,
        Group,
        Passkey,
        Password,
        TotpAuthenticator,
        RecoveryCodes,
        App,
        SigningKey,
        Device,
        Authority,
    )
}
REPLACE_UNCHANGED = {kind: _replace_unchanged(NOUNS[kind].table) for kind in REPLACE}
REMOVE = {
    kind: Statement(delete(NOUNS[kind].table).where(_with_key(NOUNS[kind].table)), "new_tenant_id", "new_id")
    for kind in (
        User,
        Group,
        Passkey,
        TemporaryAccessPass,
        Password,
        TotpAuthenticator,
        RecoveryCodes,
        HelloKey,
        App,
        Letter,
        Device,
    )
}
PASSKEY_USED = Statement(
    update(schema.passkeys)
    .where(_with_key(schema.passkeys))
    .values(
        sign_count=_new("sign_count"),
        backed_up=_new("backed_up"),
        last_used_at=_new("at"),
        last_used_address=_new("address"),
        last_used_agent=_new("agent"),
    ),
    "new_tenant_id",
    "new_id",
    "new_sign_count",
    "new_backed_up",
    "new_at",
    "new_address",
    "new_agent",
)
PUT_OFF = Statement(
    update(schema.letters)
    .where(_with_key(schema.letters), schema.letters.c.due_at == _new("seen"))
    .values(due_at=_new("until"), tries=schema.letters.c.tries + 1),
    "new_tenant_id",
    "new_id",
    "new_seen",
    "new_until",
)
TOTP_USED = Statement(
    update(schema.totp_authenticators)
    .where(_with_key(schema.totp_authenticators), schema.totp_authenticators.c.last_step < _new("step"))
    .values(last_step=_new("step"), last_used_at=_new("at")),
    "new_tenant_id",
    "new_id",
    "new_step",
    "new_at",
)
FIRST_GUESS = Statement(
    insert(schema.guesses).values(tenant_id=_new("tenant_id"), user_id=_new("user_id"), number=literal_column("1")),
    "new_tenant_id",
    "new_user_id",
)
NEXT_GUESS = Statement(
    update(schema.guesses)
    .where(
        schema.guesses.c.tenant_id == _new("tenant_id"),
        schema.guesses.c.user_id == _new("user_id"),
        schema.guesses.c.number == _new("number"),
    )
    .values(number=schema.guesses.c.number + literal_column("1")),
    "new_tenant_id",
    "new_user_id",
    "new_number",
)
SPEND_PASS = _end(schema.passes, "used_at")
CLOSE_SESSION = _end(schema.sessions, "closed_at")
REVOKE_GRANT = _end(schema.grants, "revoked_at")
_SNOOZED = schema.campaign_snoozes
_FIRST_SNOOZE = {"tenant_id": _new("tenant_id"), "user_id": _new("user_id"), "count": 1, "last_at": _new("last_at")}
_ONE_MORE = {"count": _SNOOZED.c["count"] + 1, "last_at": _new("last_at")}
SNOOZE = Statement(
    sqlite.insert(_SNOOZED)
    .values(_FIRST_SNOOZE)
    .on_conflict_do_update(index_elements=_SNOOZED.primary_key, set_=_ONE_MORE),
    "new_tenant_id",
    "new_user_id",
    "new_last_at",
    postgresql=postgresql.insert(_SNOOZED)
    .values(_FIRST_SNOOZE)
    .on_conflict_do_update(index_elements=_SNOOZED.primary_key, set_=_ONE_MORE),
)
# The moment goes too: who could not add a passkey is asked again at the next sign-in.
TAKE_BACK_SNOOZE = Statement(
    update(_SNOOZED)
    .where(_SNOOZED.c.tenant_id == _new("tenant_id"), _SNOOZED.c.user_id == _new("user_id"), _SNOOZED.c["count"] > 0)
    .values({"count": _SNOOZED.c["count"] - 1, "last_at": null()}),
    "new_tenant_id",
    "new_user_id",
)
JOIN = Statement(
    sqlite.insert(schema.memberships).on_conflict_do_nothing(),
    "tenant_id",
    "group_id",
    "user_id",
    postgresql=postgresql.insert(schema.memberships).on_conflict_do_nothing(),
)
LEAVE = Statement(
    delete(schema.memberships).where(*(column == _new(column.name) for column in schema.memberships.c)),
    "new_tenant_id",
    "new_group_id",
    "new_user_id",
)
BUMP = Statement(
    update(schema.tenants)
    .where(schema.tenants.c.id == _new("id"))
    .values(policy_version=schema.tenants.c.policy_version + 1),
    "new_id",
)
LOCK_TENANT = Statement(
    select(schema.tenants.c.id).where(schema.tenants.c.id == _new("id")).with_for_update(key_share=True), "new_id"
)
_ADMINISTRATOR_LEFT = exists().where(
    schema.users.c.tenant_id == _new("id"),
    schema.HAS_ROLES,
    schema.users.c.enabled.is_(True),
    schema.users.c.roles.contains(to_list([Role.GLOBAL_ADMINISTRATOR])[1:-1]),
)
# It writes nothing new; what counts is whether it finds the row.
KEEPS_AN_ADMINISTRATOR = Statement(
    update(schema.tenants)
    .where(schema.tenants.c.id == _new("id"), _ADMINISTRATOR_LEFT)
    .values(policy_version=schema.tenants.c.policy_version),
    "new_id",
)
HEAD_BOUND = Statement(
    delete(schema.log_heads).where(
        schema.log_heads.c.chain_id == _new("chain_id"), schema.log_heads.c.number == _new("number")
    ),
    "new_chain_id",
    "new_number",
)
