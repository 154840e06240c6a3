"""keystead group …"""

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.main.cli.frame import Frame, as_json, table, tell
from keystead_server.main.wiring import System


@click.group()
def group() -> None:
    """Groups: create, list, add and take out members."""


@group.command(epilog="Example:  keystead group create engineering")
@click.argument("name")
@as_json
@click.pass_obj
def create(frame: Frame, name: str, json_output: bool) -> None:
    """Add a group."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        made = await system.services.manage_group.create(tenant.id, name=name, by=OPERATOR)
        tell({"id": made.id, "name": made.name}, f"Created {made.name} ({made.id}).", json_output=json_output)

    frame.run(work, json_output=json_output)


@group.command("list")
@as_json
@click.pass_obj
def list_(frame: Frame, json_output: bool) -> None:
    """List the groups with their members."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        rows: list[dict[str, object]] = []
        for one in await system.store.groups.all(tenant.id):
            members = await system.store.groups.members(tenant.id, one.id)
            rows.append({"id": one.id, "name": one.name, "members": [member.username for member in members]})
        tell(rows, table(rows, ("name", "members", "id"), empty="No groups."), json_output=json_output)

    frame.run(work, json_output=json_output)


@group.command(epilog="Example:  keystead group add engineering grace@contoso.example")
@click.argument("name")
@click.argument("usernames", nargs=-1, required=True)
@as_json
@click.pass_obj
def add(frame: Frame, name: str, usernames: tuple[str, ...], json_output: bool) -> None:
    """Put people into a group."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        one = await frame.group_of(system, tenant, name)
        # Everybody is looked up before anybody is added, so a typing mistake changes nothing.
        people = [await frame.user_of(system, tenant, username) for username in usernames]
        for person in people:
            await system.services.manage_group.add_member(one, person, by=OPERATOR)
        tell({"name": one.name, "added": list(usernames)}, f"Added {', '.join(usernames)}.", json_output=json_output)

    frame.run(work, json_output=json_output)


@group.command("remove-member")
@click.argument("name")
@click.argument("username")
@as_json
@click.pass_obj
def remove_member(frame: Frame, name: str, username: str, json_output: bool) -> None:
    """Take somebody out of a group."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        one = await frame.group_of(system, tenant, name)
        person = await frame.user_of(system, tenant, username)
        await system.services.manage_group.remove_member(one, person, by=OPERATOR)
        tell({"name": one.name, "removed": person.username}, f"Took {person.username} out.", json_output=json_output)

    frame.run(work, json_output=json_output)


@group.command()
@click.argument("name")
@as_json
@click.pass_obj
def remove(frame: Frame, name: str, json_output: bool) -> None:
    """Delete a group; its members stay."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        one = await frame.group_of(system, tenant, name)
        await system.services.manage_group.remove(one, by=OPERATOR)
        tell({"removed": one.name}, f"Removed {one.name}.", json_output=json_output)

    frame.run(work, json_output=json_output)
