"""keystead pass …"""

from datetime import timedelta

import click

from keystead_server.domain.access_pass import readable_code
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import User
from keystead_server.main.cli.first_start import pass_link
from keystead_server.main.cli.frame import Frame, as_json, moment, tell
from keystead_server.main.wiring import System


@click.group("pass")
def pass_() -> None:
    """Temporary Access Passes: the way to a first passkey."""


@pass_.command(epilog="Example:  keystead pass issue grace@contoso.example --minutes 60 --once")
@click.argument("username")
@click.option("--minutes", type=int, help="How long it is good; 10 to 43200. As the policy has it when left out.")
@click.option("--once", is_flag=True, help="Good for one sign-in only.")
@click.option("--length", type=int, help="Characters; 8 to 48. As the policy has it when left out.")
@click.option("--deliver", is_flag=True, help="Mail them a link that works once, and show nobody anything.")
@as_json
@click.pass_obj
def issue(
    frame: Frame,
    username: str,
    minutes: int | None,
    once: bool,
    length: int | None,
    deliver: bool,
    json_output: bool,
) -> None:
    """Issue somebody a pass; it replaces the one they had. Shown this once, or with --deliver to nobody but them."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        lifetime = None if minutes is None else timedelta(minutes=minutes)
        if deliver:
            await _deliver(system, person, lifetime, json_output)
            return
        issued = await system.services.issue_pass(
            person, by=OPERATOR, lifetime=lifetime, usable_once=once, length=length
        )
        unusable = issued.unusable
        warning = "" if unusable is None else f"\n{person.username} cannot sign in with it now: {unusable.says}."
        link = pass_link(system.config, tenant, person, issued.code)
        tell(
            {
                "username": person.username,
                "pass": issued.code,
                "link": link,
                "expires_at": moment(issued.access_pass.expires_at),
                "usable_once": issued.access_pass.usable_once,
                "unusable": None if unusable is None else {"code": unusable.code, "why": unusable.says},
            },
            f"{readable_code(issued.code)}   for {person.username}, until {moment(issued.access_pass.expires_at)}\n{link}"
            f"{warning}",
            json_output=json_output,
        )

    frame.run(work, json_output=json_output)


async def _deliver(system: System, person: User, lifetime: timedelta | None, json_output: bool) -> None:
    delivered = await system.services.issue_pass.deliver(person, by=OPERATOR, lifetime=lifetime)
    access_pass = delivered.access_pass
    tell(
        {
            "username": person.username,
            "delivered_to": access_pass.delivered_to,
            "expires_at": moment(access_pass.expires_at),
            "usable_once": True,
        },
        f"A link for {person.username} goes to {access_pass.delivered_to} as soon as the server runs. "
        f"It works once, until {moment(access_pass.expires_at)}.",
        json_output=json_output,
    )
