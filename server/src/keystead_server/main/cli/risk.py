"""keystead risk …"""

from typing import Any

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.main.cli.frame import Frame, as_json, moment, table, tell
from keystead_server.main.wiring import System
from keystead_server.policy.risk.levels import Risk
from keystead_server.policy.risk.signals import SUPPLIED_LEVELS


@click.group()
def risk() -> None:
    """Who is at risk: list, show, supply what was found, confirm, dismiss."""


@risk.command("list")
@as_json
@click.pass_obj
def list_(frame: Frame, json_output: bool) -> None:
    """List everybody whom something was found or said about."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        found = await system.services.list_risk(tenant.id)
        rows = [
            {"username": one.user.username, **_told(one.risk), "updated_at": moment(one.updated_at)} for one in found
        ]
        columns = ("username", "level", "confirmed", "dismissed_at", "updated_at")
        tell(rows, table(rows, columns, empty="Nothing was found about anybody."), json_output=json_output)

    frame.run(work, json_output=json_output)


@risk.command()
@click.argument("username")
@as_json
@click.pass_obj
def show(frame: Frame, username: str, json_output: bool) -> None:
    """Show how risky somebody is, and why."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        user = await frame.user_of(system, tenant, username)
        found = await system.services.detect_risk.person(tenant.id, user.id)
        lines = [
            f"{user.username}: {found.level.value}",
            *(f"  {moment(each.at)}  {each.says}" for each in found.because),
        ]
        tell({"username": user.username, **_told(found)}, "\n".join(lines), json_output=json_output)

    frame.run(work, json_output=json_output)


@risk.command(
    epilog='Example:  keystead risk supply ada@contoso.example --level high --type leakedCredentials --reason "on a list"'
)
@click.argument("username")
@click.option(
    "--level", type=click.Choice([level.value for level in SUPPLIED_LEVELS]), required=True, help="How bad it is."
)
@click.option("--type", "event_type", default="generic", show_default=True, help="What was found, in one word.")
@click.option("--reason", required=True, help="What was found, in a line for who looks at it.")
@as_json
@click.pass_obj
def supply(frame: Frame, username: str, level: str, event_type: str, reason: str, json_output: bool) -> None:
    """Say what another system found about somebody."""

    async def work(system: System) -> None:
        user = await frame.user_of(system, await frame.tenant_of(system), username)
        manage = system.services.manage_risk
        signal = await manage.supply(user, level=level, event_type=event_type, says=reason, by=OPERATOR)
        tell({"id": signal.id, "username": user.username}, f"Kept for {user.username}.", json_output=json_output)

    frame.run(work, json_output=json_output)


@risk.command()
@click.argument("username")
@as_json
@click.pass_obj
def confirm(frame: Frame, username: str, json_output: bool) -> None:
    """Say that an account is in other hands: a high risk until it is dismissed."""
    _judge(frame, username, "confirm", "{} is a high risk until it is dismissed.", json_output)


@risk.command()
@click.argument("username")
@as_json
@click.pass_obj
def dismiss(frame: Frame, username: str, json_output: bool) -> None:
    """Say that it was nothing: what was found until now counts no more."""
    _judge(frame, username, "dismiss", "What was found about {} until now counts no more.", json_output)


def _judge(frame: Frame, username: str, verb: str, says: str, json_output: bool) -> None:
    async def work(system: System) -> None:
        user = await frame.user_of(system, await frame.tenant_of(system), username)
        manage = system.services.manage_risk
        await (manage.confirm if verb == "confirm" else manage.dismiss)([user], by=OPERATOR)
        tell({"username": user.username}, says.format(user.username), json_output=json_output)

    frame.run(work, json_output=json_output)


def _told(found: Risk) -> dict[str, Any]:
    return {
        "level": found.level.value,
        "confirmed": found.is_confirmed,
        "dismissed_at": moment(found.dismissed_at),
        "remediated_at": moment(found.remediated_at),
        "because": [
            {"type": str(each.kind), "level": each.user_level.value, "at": moment(each.at), "says": each.says}
            for each in found.because
        ],
    }
