"""keystead log …"""

import click
from keystead_core.wire import b64url_encode

from keystead_server.domain.ids import AttemptId, EventId
from keystead_server.domain.sign_in import Attempt, Result
from keystead_server.main.cli import log_proof
from keystead_server.main.cli.frame import Frame, as_json, moment, table, tell
from keystead_server.main.wiring import System

_SIGN_INS = ("at", "purpose", "method", "result", "reason", "username", "client_address", "id")
_AUDIT = ("at", "event", "actor", "target", "detail")


@click.group()
def log() -> None:
    """What happened: sign-ins and changes."""


def _described(row: Attempt) -> dict[str, object]:
    return {
        "id": row.id,
        "at": moment(row.at),
        "purpose": row.purpose.value,
        "method": row.method.value,
        "result": row.result.value,
        "reason": row.reason,
        "detail": row.detail,
        "user_id": row.user_id,
        "username": row.username,
        "app_id": row.app_id,
        "client_address": row.client_address,
        "user_agent": row.user_agent,
        "credential_id": None if row.credential_id is None else b64url_encode(row.credential_id),
        "aaguid": None if row.aaguid is None else str(row.aaguid),
        "proof": row.proof,
        "profile": row.profile,
        "challenge_id": row.challenge_id,
    }


@log.command("sign-ins", epilog="Example:  keystead log sign-ins --refused --user grace@contoso.example")
@click.option("--user", "username", help="Only this person's.")
@click.option("--refused", is_flag=True, help="Only the refused ones.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many rows at most.")
@click.option("--before", help="Only older than the row with this id.")
@as_json
@click.pass_obj
def sign_ins(
    frame: Frame, username: str | None, refused: bool, limit: int, before: str | None, json_output: bool
) -> None:
    """Sign-ins and registrations, newest first."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = None if username is None else (await frame.user_of(system, tenant, username)).id
        found = await system.store.logs.attempts(
            tenant.id,
            limit=limit,
            before=None if before is None else AttemptId(before),
            user=person,
            result=Result.REFUSED if refused else None,
        )
        rows = [_described(row) for row in found]
        tell(rows, table(rows, _SIGN_INS, empty="Nothing yet."), json_output=json_output)

    frame.run(work, json_output=json_output)


@log.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many rows at most.")
@click.option("--before", help="Only older than the row with this id.")
@as_json
@click.pass_obj
def audit(frame: Frame, limit: int, before: str | None, json_output: bool) -> None:
    """Changes, newest first."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        found = await system.store.logs.audit(
            tenant.id, limit=limit, before=None if before is None else EventId(before)
        )
        rows: list[dict[str, object]] = [
            {
                "id": row.id,
                "at": moment(row.at),
                "event": row.name,
                "actor": row.actor_id or "operator",
                "target": row.target_id,
                "detail": row.detail if json_output else " ".join(f"{k}={v}" for k, v in row.detail.items()),
            }
            for row in found
        ]
        tell(rows, table(rows, _AUDIT, empty="Nothing yet."), json_output=json_output)

    frame.run(work, json_output=json_output)


for verb in (log_proof.export, log_proof.verify, log_proof.checkpoint):
    log.add_command(verb)
