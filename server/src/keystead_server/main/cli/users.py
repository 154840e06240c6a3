"""keystead user …"""

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import Role, User
from keystead_server.main.cli.frame import Frame, as_json, moment, table, tell
from keystead_server.main.wiring import System

PAGE = 500
_COLUMNS = ("username", "display_name", "enabled", "roles", "passkeys", "quarantined_passkeys", "created_at")


@click.group()
def user() -> None:
    """People: create, list, show, say where they get mail, enable, disable, remove."""


async def _described(system: System, person: User) -> dict[str, object]:
    passkeys = await system.services.list_quarantined.of_user(person.tenant_id, person)
    return {
        "id": person.id,
        "username": person.username,
        "display_name": person.display_name,
        "mail": person.mail,
        "enabled": person.enabled,
        "roles": sorted(person.roles),
        "passkeys": len(passkeys),
        "quarantined_passkeys": sum(quarantine is not None for _, quarantine in passkeys),
        "created_at": moment(person.created_at),
    }


@user.command(epilog='Example:  keystead user create grace@contoso.example --display-name "Grace Hopper"')
@click.argument("username")
@click.option("--display-name", default="", help="As people read it; the username when left out.")
@click.option("--admin", is_flag=True, help="Make them a Global Administrator.")
@as_json
@click.pass_obj
def create(frame: Frame, username: str, display_name: str, admin: bool, json_output: bool) -> None:
    """Add somebody. They have no password; issue them a pass with: keystead pass issue."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        roles = frozenset({Role.GLOBAL_ADMINISTRATOR}) if admin else frozenset()
        made = await system.services.manage_user.create(
            tenant.id, username=username, display_name=display_name, roles=roles, by=OPERATOR
        )
        tell(await _described(system, made), f"Created {made.username} ({made.id}).", json_output=json_output)

    frame.run(work, json_output=json_output)


@user.command("list")
@click.option("--search", default="", help="Part of the username or display name.")
@as_json
@click.pass_obj
def list_(frame: Frame, search: str, json_output: bool) -> None:
    """List everybody."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        rows: list[dict[str, object]] = []
        page = await system.store.users.page(tenant.id, limit=PAGE, search=search)
        while page:
            rows += [await _described(system, person) for person in page]
            page = await system.store.users.page(tenant.id, limit=PAGE, search=search, after=page[-1].id)
        tell(rows, table(rows, _COLUMNS, empty="Nobody."), json_output=json_output)

    frame.run(work, json_output=json_output)


@user.command()
@click.argument("username")
@as_json
@click.pass_obj
def show(frame: Frame, username: str, json_output: bool) -> None:
    """Show one person."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        described = await _described(system, person)
        groups = await system.store.users.groups_of(tenant.id, person.id)
        described["groups"] = [group.name for group in groups]
        text = "\n".join(f"{name.replace('_', ' ') + ':':<22}{value}" for name, value in described.items())
        tell(described, text, json_output=json_output)

    frame.run(work, json_output=json_output)


@user.command(epilog="Example:  keystead user mail grace grace@contoso.example")
@click.argument("username")
@click.argument("address", default="")
@as_json
@click.pass_obj
def mail(frame: Frame, username: str, address: str, json_output: bool) -> None:
    """Say at which ADDRESS somebody is told what happens to their account; without one, nowhere."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        changed = await system.services.manage_user.set_mail(person, address, by=OPERATOR)
        where = f"is told by mail to {changed.mail}" if changed.mail else "is told nothing by mail"
        tell(
            {"username": changed.username, "mail": changed.mail},
            f"{changed.username} {where}.",
            json_output=json_output,
        )

    frame.run(work, json_output=json_output)


def _switch(frame: Frame, username: str, action: str, past: str, json_output: bool) -> None:
    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        await getattr(system.services.manage_user, action)(person, by=OPERATOR)
        tell(
            {"username": person.username, "done": past},
            f"{past.capitalize()} {person.username}.",
            json_output=json_output,
        )

    frame.run(work, json_output=json_output)


@user.command()
@click.argument("username")
@as_json
@click.pass_obj
def disable(frame: Frame, username: str, json_output: bool) -> None:
    """Close an account at once: no sign-in, and its sessions are over."""
    _switch(frame, username, "disable", "disabled", json_output)


@user.command()
@click.argument("username")
@as_json
@click.pass_obj
def enable(frame: Frame, username: str, json_output: bool) -> None:
    """Open a closed account again."""
    _switch(frame, username, "enable", "enabled", json_output)


@user.command()
@click.argument("username")
@click.confirmation_option(prompt="This removes the account with its passkeys. Go on?")
@as_json
@click.pass_obj
def remove(frame: Frame, username: str, json_output: bool) -> None:
    """Delete an account with its passkeys; the logs keep what it did."""
    _switch(frame, username, "remove", "removed", json_output)
