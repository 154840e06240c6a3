"""keystead init"""

import click

from keystead_server.domain.tenant import Tenant
from keystead_server.main.cli.first_start import FIRST_ADMINISTRATOR, FIRST_TENANT, announce, found_if_new, invite
from keystead_server.main.cli.frame import Frame, as_json, tell
from keystead_server.main.wiring import System


@click.command(epilog="Example:  keystead init --name contoso --admin ada@contoso.example")
@click.option(
    "--name", default=FIRST_TENANT, show_default=True, help="The organisation's name, as it stands in addresses."
)
@click.option("--display-name", default="", help="The organisation's name, as people read it.")
@click.option("--admin", default=FIRST_ADMINISTRATOR, show_default=True, help="The first administrator's username.")
@click.option("--another", is_flag=True, help="Make one more organisation beside those that are there.")
@as_json
@click.pass_obj
def init(frame: Frame, name: str, display_name: str, admin: str, another: bool, json_output: bool) -> None:
    """Make the database, an organisation and its first administrator. Again, it keeps what is there."""

    async def work(system: System) -> None:
        founded: Tenant | None
        if another:
            founded, user = await system.found_tenant(name, display_name=display_name, administrator=admin)
            invitations = [await invite(system, founded, user)]
        else:
            founded = await found_if_new(system, tenant=name, display_name=display_name, administrator=admin)
            invitations = await announce(system)
        links = [
            {"tenant": i.tenant.name, "user": i.user.username, "link": i.link, "pass": i.code} for i in invitations
        ]
        said = (
            f"Made the organisation {founded.name}."
            if founded
            else "There was an organisation already; nothing was changed."
        )
        for link in links:
            said += f"\n{link['user']} of {link['tenant']} signs in once with:\n{link['link']}"
        tell({"founded": founded.name if founded else None, "links": links}, said, json_output=json_output)

    frame.run(work, json_output=json_output)
