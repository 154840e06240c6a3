"""keystead passkey …"""

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.ids import PasskeyId
from keystead_server.domain.passkey import Passkey
from keystead_server.flows.check_registration import Obstacle
from keystead_server.flows.manage_passkey import NotDone
from keystead_server.main.cli.frame import Failed, Frame, as_json, moment, table, tell
from keystead_server.main.cli.passkey_on_behalf import begin, finish
from keystead_server.main.wiring import System
from keystead_server.policy.passkeys.decide import NotAdmitted
from keystead_server.ports.metadata import model_name

_COLUMNS = (
    "name", "authenticator", "type", "proof", "attestation", "added_by", "last_used_at", "usable", "why_not", "id",
)  # fmt: skip


@click.group()
def passkey() -> None:
    """Passkeys: list, check who can get one, register one for somebody, and remove."""


passkey.add_command(begin)
passkey.add_command(finish)


def _described(one: Passkey, quarantine: NotAdmitted | None, system: System) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "authenticator": model_name(system.metadata, one.aaguid),
        "aaguid": str(one.aaguid),
        "type": one.type.value,
        "proof": one.proof.value,
        "attestation": one.attestation_format,
        "device": one.device_id,
        "legacy_attestation": one.legacy_attestation,
        "created_at": moment(one.created_at),
        "added_by": "administrator" if one.on_behalf else "owner",
        "registered_by": one.registered_by,
        "acknowledged_at": moment(one.acknowledged_at),
        "last_used_at": moment(one.last_used_at),
        "last_used_address": one.last_used_address,
        "last_used_agent": one.last_used_agent,
        "usable": quarantine is None,
        "code": None if quarantine is None else quarantine.code,
        "why_not": None if quarantine is None else quarantine.says,
    }


@passkey.command("list", epilog="Example:  keystead passkey list grace@contoso.example")
@click.argument("username")
@as_json
@click.pass_obj
def list_(frame: Frame, username: str, json_output: bool) -> None:
    """List somebody's passkeys, and whether the policy in force lets them sign in."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        found = await system.services.list_quarantined.of_user(tenant.id, person)
        rows = [_described(one, quarantine, system) for one, quarantine in found]
        tell(rows, table(rows, _COLUMNS, empty=f"{person.username} has no passkey."), json_output=json_output)

    frame.run(work, json_output=json_output)


@passkey.command(epilog="Example:  keystead passkey check grace@contoso.example")
@click.argument("username")
@as_json
@click.pass_obj
def check(frame: Frame, username: str, json_output: bool) -> None:
    """Say whether somebody can add a passkey now, by themselves or through an administrator, and what would change it."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        found = await system.services.check_registration(tenant.id, person)
        data = {
            "username": person.username,
            "themselves": _obstacle(found.themselves),
            "on_behalf": _obstacle(found.on_behalf),
        }
        lines = [
            _sentence(f"{person.username} can add a passkey by themselves", found.themselves),
            _sentence(f"An administrator can add one for {person.username}", found.on_behalf),
        ]
        tell(data, "\n".join(lines), json_output=json_output)

    frame.run(work, json_output=json_output)


def _obstacle(obstacle: Obstacle | None) -> dict[str, object]:
    if obstacle is None:
        return {"can": True}
    return {"can": False, "code": obstacle.code, "because": obstacle.says, "change": obstacle.change}


def _sentence(can: str, obstacle: Obstacle | None) -> str:
    if obstacle is None:
        return f"{can}."
    return f"{can.replace(' can ', ' cannot ', 1)}, because {obstacle.says}. {obstacle.change}"


@passkey.command()
@click.argument("passkey_id")
@as_json
@click.pass_obj
def remove(frame: Frame, passkey_id: str, json_output: bool) -> None:
    """Remove a passkey by its id; it is refused from the next sign-in on."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        outcome = await system.services.manage_passkey.remove_for(tenant.id, PasskeyId(passkey_id), by=OPERATOR)
        if isinstance(outcome, NotDone):
            raise Failed(outcome.code, f"there is no passkey {passkey_id!r} in {tenant.name}")
        tell({"removed": passkey_id}, f"Removed {outcome.passkey.name}.", json_output=json_output)

    frame.run(work, json_output=json_output)
