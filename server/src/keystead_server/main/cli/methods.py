"""keystead method …"""

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.password import Password
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.sign_in import Method
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import User
from keystead_server.flows.held_methods import Held
from keystead_server.flows.manage_methods import Secret, method_of
from keystead_server.flows.method_gate import NotDone
from keystead_server.main.cli.frame import Failed, Frame, as_json, moment, table, tell
from keystead_server.main.wiring import System

_COLUMNS = ("method", "name", "added_at", "last_used_at", "usable", "why_not", "id")


@click.group()
def method() -> None:
    """Everything that somebody signs in with: list, and remove what is no passkey."""


def _described(secret: Secret, held: Held) -> dict[str, object]:
    against = held.against_using(method_of(secret))
    described: dict[str, object] = {
        "id": secret.id,
        "method": method_of(secret).value,
        "name": None,
        "last_used_at": None,
        "usable": against is None,
        "code": None if against is None else against.code,
        "why_not": None if against is None else against.says,
    }
    match secret:
        case Password():
            described["added_at"] = moment(secret.set_at)
        case TotpAuthenticator():
            described["name"] = secret.name
            described |= {"added_at": moment(secret.created_at), "last_used_at": moment(secret.last_used_at)}
        case RecoveryCodes():
            described["name"] = f"{secret.left} left"
            described |= {"added_at": moment(secret.made_at), "last_used_at": moment(secret.last_used_at)}
        case HelloKey():
            described["name"] = secret.name
            described |= {"added_at": moment(secret.created_at), "last_used_at": moment(secret.last_used_at)}
    return described


async def _all(system: System, person: User) -> list[dict[str, object]]:
    passkeys: list[dict[str, object]] = [
        {
            "id": passkey.id,
            "method": Method.PASSKEY.value,
            "name": passkey.name,
            "added_at": moment(passkey.created_at),
            "last_used_at": moment(passkey.last_used_at),
            "usable": quarantine is None,
            "code": None if quarantine is None else quarantine.code,
            "why_not": None if quarantine is None else quarantine.says,
        }
        for passkey, quarantine in await system.services.list_quarantined.of_user(person.tenant_id, person)
    ]
    held = await system.services.held_methods.of(person)
    return [*passkeys, *(_described(secret, held) for secret in held.secrets.all)]


@method.command("list", epilog="Example:  keystead method list grace@contoso.example")
@click.argument("username")
@as_json
@click.pass_obj
def list_(frame: Frame, username: str, json_output: bool) -> None:
    """List everything that somebody signs in with, and whether the policies in force let them."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        rows = await _all(system, person)
        tell(rows, table(rows, _COLUMNS, empty=f"{person.username} has nothing yet."), json_output=json_output)

    frame.run(work, json_output=json_output)


@method.command(epilog="Example:  keystead method remove grace@contoso.example 01913f6e-…")
@click.argument("username")
@click.argument("method_id")
@as_json
@click.pass_obj
def remove(frame: Frame, username: str, method_id: str, json_output: bool) -> None:
    """Remove a password, an authenticator app, recovery codes or a Windows Hello key by id; a passkey: keystead passkey remove."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        outcome = await system.services.manage_methods.remove_for(tenant.id, person.id, method_id, by=OPERATOR)
        if isinstance(outcome, NotDone):
            raise Failed(outcome.code, f"{person.username} has no {method_id!r} that is no passkey")
        tell({"removed": method_id}, f"Removed {method_of(outcome.secret).value}.", json_output=json_output)

    frame.run(work, json_output=json_output)
