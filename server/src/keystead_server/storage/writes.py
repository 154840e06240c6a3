"""The writing half: each change as one statement, the same for every engine.

A statement refuses by breaking a constraint (a key or a name is taken, a parent is gone) or,
where `must_hit` says so, by finding no row. What goes with a removed user or group goes by the
foreign keys' ON DELETE CASCADE.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import (
    Table,
    bindparam,
    delete,
    select,
    tuple_,
)

from keystead_server.domain.log_text import storable
from keystead_server.ports import changes
from keystead_server.ports.changes import Change
from keystead_server.storage import schema
from keystead_server.storage import statements as run
from keystead_server.storage.rows.columns import to_micros
from keystead_server.storage.statement import Arguments, Statement

SWEEP_ROWS = 500


class Step(NamedTuple):
    """Attributes:
    lock: what PostgreSQL runs before it, with the tenant's id: a statement sees what was committed when it
        began, not when its lock was given. SQLite has one writer at a time and needs none.
    """

    statement: Statement
    arguments: Arguments
    must_hit: bool
    lock: Statement | None = None


def _add(change: changes.Add) -> Step:
    kind = type(change.value)
    return Step(run.INSERT[kind], run.NOUNS[kind].row(change.value), False)


def _put(change: changes.Replace) -> Step:
    kind = type(change.value)
    row = run.NOUNS[kind].row(change.value)
    if change.before is None:
        return Step(run.REPLACE[kind], row, True)
    key = {column.name for column in run.NOUNS[kind].table.primary_key.columns}
    columns = zip(run.NOUNS[kind].table.c, run.NOUNS[kind].row(change.before), strict=True)
    return Step(run.REPLACE_UNCHANGED[kind], (*row, *(old for column, old in columns if column.name not in key)), True)


def used_row(c: changes.PasskeyUsed) -> Arguments:
    address, agent = storable(c.address), storable(c.agent)
    return c.tenant_id, c.passkey_id, c.sign_count, c.backed_up, to_micros(c.at), address, agent


def spent_row(c: changes.SpendPass) -> Arguments:
    return c.tenant_id, c.pass_id, to_micros(c.at)


def _count_guess(c: changes.CountGuess) -> Step:
    if c.number == 0:
        return Step(run.FIRST_GUESS, (c.tenant_id, c.user_id), False)
    return Step(run.NEXT_GUESS, (c.tenant_id, c.user_id, c.number), True)


def closed_row(c: changes.CloseSession) -> Arguments:
    return c.tenant_id, c.session_id, to_micros(c.at)


def revoked_row(c: changes.RevokeGrant) -> Arguments:
    return c.tenant_id, c.grant_id, to_micros(c.at)


_STEPS: dict[type[Any], Callable[[Any], Step]] = {
    changes.Add: _add,
    changes.Replace: _put,
    changes.PasskeyUsed: lambda c: Step(run.PASSKEY_USED, used_row(c), True),
    changes.PutOff: lambda c: Step(
        run.PUT_OFF, (c.tenant_id, c.letter_id, to_micros(c.seen), to_micros(c.until)), True
    ),
    changes.SpendPass: lambda c: Step(run.SPEND_PASS, spent_row(c), True),
    changes.TotpUsed: lambda c: Step(run.TOTP_USED, (c.tenant_id, c.totp_id, c.step, to_micros(c.at)), True),
    changes.CountGuess: _count_guess,
    changes.Snooze: lambda c: Step(run.SNOOZE, (c.tenant_id, c.user_id, to_micros(c.at)), False),
    changes.TakeBackSnooze: lambda c: Step(run.TAKE_BACK_SNOOZE, (c.tenant_id, c.user_id), False),
    changes.CloseSession: lambda c: Step(run.CLOSE_SESSION, closed_row(c), False),
    changes.RevokeGrant: lambda c: Step(run.REVOKE_GRANT, revoked_row(c), False),
    changes.Join: lambda c: Step(run.JOIN, (c.tenant_id, c.group_id, c.user_id), False),
    changes.Leave: lambda c: Step(run.LEAVE, (c.tenant_id, c.group_id, c.user_id), False),
    changes.Remove: lambda c: Step(run.REMOVE[c.kind], (c.tenant_id, c.id), True),
    changes.BumpPolicyVersion: lambda c: Step(run.BUMP, (c.tenant_id,), True),
    changes.KeepsAnAdministrator: lambda c: Step(run.KEEPS_AN_ADMINISTRATOR, (c.tenant_id,), True, run.LOCK_TENANT),
    changes.HeadBound: lambda c: Step(run.HEAD_BOUND, (c.chain_id, c.number), False),
}


def step(change: Change) -> Step:
    """The one statement that makes *change*."""
    return _STEPS[type(change)](change)


def _sweep(table: Table) -> Statement:
    key = tuple_(table.c.tenant_id, table.c.id)
    over = select(table.c.tenant_id, table.c.id).where(table.c.over_at < bindparam("before"))
    return Statement(delete(table).where(key.in_(over.order_by(table.c.over_at).limit(SWEEP_ROWS))), "before")


SWEEP_SESSIONS = _sweep(schema.sessions)
SWEEP_GRANTS = _sweep(schema.grants)
SWEEP_PASSES = _sweep(schema.passes)
SWEEP_LETTERS = _sweep(schema.letters)
