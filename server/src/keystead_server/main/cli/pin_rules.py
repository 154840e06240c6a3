"""keystead pin-rules …"""

from typing import Any

import click
from keystead_core.link.pin_policy import (
    CLASSES,
    LONGEST,
    LONGEST_EXPIRY,
    LONGEST_HISTORY,
    SHORTEST,
    PinPolicy,
    Presence,
)

from keystead_server.domain.actor import OPERATOR
from keystead_server.flows.people import author_name
from keystead_server.flows.pin_policy import PinKind, checked
from keystead_server.flows.policy_kinds import in_force
from keystead_server.main.cli.frame import Frame, as_json, moment, table, tell
from keystead_server.main.wiring import System

_presence = click.Choice([each.value for each in Presence])


@click.group("pin-rules")
def pin_rules() -> None:
    """What is asked of the PIN on people's enrolled computers: show, set, history."""


@pin_rules.command()
@as_json
@click.pass_obj
def show(frame: Frame, json_output: bool) -> None:
    """Show the rules in force. Computers learn of them when they enrol and renew, at most 15 days later."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        version, policy = await in_force(system.store, PinKind(), tenant.id)
        tell({"version": version, **policy.to_json()}, _text(version, policy), json_output=json_output)

    frame.run(work, json_output=json_output)


def _text(version: int, policy: PinPolicy) -> str:
    said = "\n".join(f"{name:<12}{value}" for name, value in policy.to_json().items())
    return said if version else f"{said}\nNobody has set any: these are what computers ask by themselves."


@pin_rules.command("set", epilog="Example:  keystead pin-rules set --minimum 8 --history 5 --expiry-days 365")
@click.option("--minimum", type=click.IntRange(SHORTEST, LONGEST), help="The least number of characters.")
@click.option("--digits", type=_presence, help="Whether digits may, must or must not be in it.")
@click.option("--lowercase", type=_presence, help="The same of lower-case letters.")
@click.option("--uppercase", type=_presence, help="The same of upper-case letters.")
@click.option("--special", type=_presence, help="The same of everything else.")
@click.option("--history", type=click.IntRange(0, LONGEST_HISTORY), help="How many former PINs are refused.")
@click.option(
    "--expiry-days", type=click.IntRange(0, LONGEST_EXPIRY.days), help="After how many days another is due; 0 never."
)
@as_json
@click.pass_obj
def set_(frame: Frame, /, json_output: bool, **said: Any) -> None:
    """Change what is named, and leave the rest as it is."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        version, before = await in_force(system.store, PinKind(), tenant.id)
        given = {name: value for name, value in said.items() if value is not None}
        if "expiry_days" in given:
            given["expiryDays"] = given.pop("expiry_days")
        policy = checked({**before.to_json(), **given})
        saved = await system.services.save_pin_policy(tenant.id, policy, by=OPERATOR, expected=version)
        text = f"Saved as version {saved.version}.\n{_text(saved.version, policy)}"
        tell({"version": saved.version, **policy.to_json()}, text, json_output=json_output)

    frame.run(work, json_output=json_output)


@pin_rules.command()
@as_json
@click.pass_obj
def history(frame: Frame, json_output: bool) -> None:
    """List every version, with who set it and when."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        rows: list[dict[str, object]] = []
        for one in await system.store.policies.versions(tenant.id, PinKind().kind):
            by = "operator" if one.changed_by is None else await author_name(system.store, tenant.id, one.changed_by)
            rules = PinKind().read(one.body).to_json()
            rows.append({"version": one.version, "at": moment(one.changed_at), "by": by or one.changed_by, **rules})
        columns = ("version", "at", "by", "minimum", *CLASSES, "history", "expiryDays")
        tell(rows, table(rows, columns, empty="Nobody has set any."), json_output=json_output)

    frame.run(work, json_output=json_output)
