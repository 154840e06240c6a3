"""keystead risk …"""

from datetime import datetime, timedelta
from typing import Any

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.main.cli.frame import Frame, as_json, moment, table, tell
from keystead_server.main.wiring import System
from keystead_server.policy.access.vocabulary import InsiderRisk
from keystead_server.policy.risk.levels import Risk
from keystead_server.policy.risk.signals import MAX_REMEMBERED, SUPPLIED_LEVELS, RiskAbout, Signal

_days = click.option(
    "--days",
    type=click.IntRange(1, MAX_REMEMBERED.days),
    help="For how long it counts; without it, as long as its level is remembered.",
)


@click.group()
def risk() -> None:
    """Who is at risk: list, show, supply what was found, insider risk, confirm, dismiss."""


@risk.command("list")
@as_json
@click.pass_obj
def list_(frame: Frame, json_output: bool) -> None:
    """List everybody whom something was found or said about."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        found = await system.services.list_risk(tenant.id)
        rows = [
            {"username": one.user.username, **_told(one.risk, one.insider), "updated_at": moment(one.updated_at)}
            for one in found
        ]
        columns = ("username", "level", "sign_in_level", "insider_level", "confirmed", "dismissed_at", "updated_at")
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
        insider = await system.services.detect_risk.insider(tenant.id, user.id)
        lines = [
            f"{user.username}: {found.level.value}",
            *(f"  {moment(each.at)}  {each.says}" for each in found.because),
        ]
        if insider is not None:
            lines += [f"Insider risk: {insider.insider.value}", f"  {moment(insider.at)}  {insider.says}"]
        tell({"username": user.username, **_told(found, insider)}, "\n".join(lines), json_output=json_output)

    frame.run(work, json_output=json_output)


@risk.command(
    epilog='Example:  keystead risk supply ada@contoso.example --level high --type leakedCredentials --reason "on a list"'
)
@click.argument("username")
@click.option(
    "--level", type=click.Choice([level.value for level in SUPPLIED_LEVELS]), required=True, help="How bad it is."
)
@click.option(
    "--about",
    type=click.Choice([about.value for about in RiskAbout]),
    default=RiskAbout.PERSON.value,
    show_default=True,
    help="Whether it is the person who is at risk, or each of their sign-ins.",
)
@click.option("--type", "event_type", default="generic", show_default=True, help="What was found, in one word.")
@click.option("--reason", required=True, help="What was found, in a line for who looks at it.")
@_days
@as_json
@click.pass_obj
def supply(
    frame: Frame,
    username: str,
    level: str,
    about: str,
    event_type: str,
    reason: str,
    days: int | None,
    json_output: bool,
) -> None:
    """Say what another system found about somebody."""

    async def work(system: System) -> None:
        user = await frame.user_of(system, await frame.tenant_of(system), username)
        manage, until = system.services.manage_risk, _until(system, days)
        signal = await manage.supply(
            user, level=level, about=about, event_type=event_type, says=reason, until=until, by=OPERATOR
        )
        tell({"id": signal.id, "username": user.username}, f"Kept for {user.username}.", json_output=json_output)

    frame.run(work, json_output=json_output)


@risk.command(epilog='Example:  keystead risk insider ada@contoso.example --level elevated --reason "case 7"')
@click.argument("username")
@click.option(
    "--level",
    type=click.Choice([level.value for level in InsiderRisk]),
    required=True,
    help="How much; none takes it back.",
)
@click.option("--reason", required=True, help="Why, in a line for who looks at it.")
@_days
@as_json
@click.pass_obj
def insider(frame: Frame, username: str, level: str, reason: str, days: int | None, json_output: bool) -> None:
    """Say how much of an insider risk somebody is; the last word counts."""

    async def work(system: System) -> None:
        user = await frame.user_of(system, await frame.tenant_of(system), username)
        until = _until(system, days)
        await system.services.manage_risk.set_insider_risk(user, level=level, says=reason, until=until, by=OPERATOR)
        tell({"username": user.username}, f"Insider risk of {user.username}: {level}.", json_output=json_output)

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


def _until(system: System, days: int | None) -> datetime | None:
    return None if days is None else system.services.clock.now() + timedelta(days=days)


def _told(found: Risk, insider: Signal | None) -> dict[str, Any]:
    return {
        "level": found.level.value,
        "sign_in_level": found.sign_in_level.value,
        "insider_level": InsiderRisk.NONE.value if insider is None else insider.insider.value,
        "confirmed": found.is_confirmed,
        "dismissed_at": moment(found.dismissed_at),
        "remediated_at": moment(found.remediated_at),
        "because": [
            {"type": str(each.kind), "level": each.level.value, "at": moment(each.at), "says": each.says}
            for each in found.because
        ],
    }
