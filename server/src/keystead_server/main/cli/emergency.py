"""keystead emergency …"""

from collections.abc import Callable
from dataclasses import replace

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.main.cli.frame import Frame, as_json, moment, table, tell
from keystead_server.main.wiring import System
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.emergency import EmergencyReport, trouble_words

_COLUMNS = ("username", "troubles", "last_sign_in_at", "id")


@click.group()
def emergency() -> None:
    """Accounts that no Conditional Access policy is for: name, list and check them."""


@emergency.command("list")
@as_json
@click.pass_obj
def list_(frame: Frame, json_output: bool) -> None:
    """List the emergency accounts and how they stand."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        _tell(await system.services.check_emergency.report(tenant.id), json_output=json_output)

    frame.run(work, json_output=json_output)


@emergency.command()
@as_json
@click.pass_obj
def check(frame: Frame, json_output: bool) -> None:
    """Check them now, as the server does every month. Exit code 1 when something is wrong.

    The check is in the audit log, and administrators get a letter about what is wrong.
    """

    async def work(system: System) -> bool:
        tenant = await frame.tenant_of(system)
        report = await system.services.check_emergency(tenant.id)
        _tell(report, json_output=json_output)
        return bool(report.troubles)

    if frame.run(work, json_output=json_output):
        raise SystemExit(1)


@emergency.command(epilog="Example:  keystead emergency add glass-1@contoso.example")
@click.argument("username")
@as_json
@click.pass_obj
def add(frame: Frame, username: str, json_output: bool) -> None:
    """Leave an account out of every policy, now and later."""
    _change(frame, username, lambda kept, one: kept | {one}, "No policy is for {} any more.", json_output)


@emergency.command(epilog="Example:  keystead emergency remove glass-1@contoso.example")
@click.argument("username")
@as_json
@click.pass_obj
def remove(frame: Frame, username: str, json_output: bool) -> None:
    """Let policies apply to an account again. One that is gone is named by its id."""
    _change(frame, username, lambda kept, one: kept - {one}, "Policies apply to {} again.", json_output)


def _change(
    frame: Frame,
    username: str,
    edit: Callable[[frozenset[str], str], frozenset[str]],
    says: str,
    json_output: bool,
) -> None:
    async def work(system: System) -> None:
        tenant, services = await frame.tenant_of(system), system.services
        before = (await services.access_policies.now(tenant.id, services.clock.now())).rules.set.break_glass
        one = username if username in before else str((await frame.user_of(system, tenant, username)).id)

        def edited(rules: AccessRules) -> AccessRules:
            return replace(rules, set=replace(rules.set, break_glass=edit(rules.set.break_glass, one)))

        if edit(before, one) != before:
            await services.manage_access.change(tenant.id, edited, by=OPERATOR, about="emergency accounts")
        tell({"id": one, "username": username}, says.format(username), json_output=json_output)

    frame.run(work, json_output=json_output)


def _tell(report: EmergencyReport, *, json_output: bool) -> None:
    rows: list[dict[str, object]] = [
        {
            "id": one.id,
            "username": one.name,
            "troubles": [trouble.code for trouble in one.troubles(report.at)],
            "last_sign_in_at": moment(one.last_sign_in_at),
        }
        for one in report.accounts
    ]
    said = [trouble_words(name, trouble) for name, trouble in report.troubles]
    data = {"accounts": rows, "troubles": [{"account": name, "code": one.code} for name, one in report.troubles]}
    lines = [table(rows, _COLUMNS, empty="No emergency account is named."), *(f"! {one}" for one in said)]
    tell(data, "\n".join(lines), json_output=json_output)
