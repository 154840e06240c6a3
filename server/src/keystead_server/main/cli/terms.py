"""keystead terms …"""

from datetime import timedelta
from pathlib import Path

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.tenant import Tenant
from keystead_server.main.cli.frame import Failed, Frame, as_json, fail, printable, table, tell
from keystead_server.main.wiring import System
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.terms import Terms, check_terms, terms_to_json, tidied


@click.group()
def terms() -> None:
    """Terms of use that policies ask people to accept: list, show, save, remove."""


@terms.command("list")
@as_json
@click.pass_obj
def list_(frame: Frame, json_output: bool) -> None:
    """List the terms with the ids that policies name in `grantControls.termsOfUse`."""

    async def work(system: System) -> None:
        kept = await _kept(system, await frame.tenant_of(system))
        rows: list[dict[str, object]] = [
            {"name": one.name, "version": one.version, "good_for_days": _days(one), "id": one.id} for one in kept
        ]
        columns = ("name", "version", "good_for_days", "id")
        tell(rows, table(rows, columns, empty="There are no terms of use."), json_output=json_output)

    frame.run(work, json_output=json_output)


@terms.command()
@click.argument("name")
@as_json
@click.pass_obj
def show(frame: Frame, name: str, json_output: bool) -> None:
    """Show the text of terms, by name or id."""

    async def work(system: System) -> None:
        found = _found(await _kept(system, await frame.tenant_of(system)), name)
        text = "\n".join(map(printable, found.text.splitlines()))
        tell(terms_to_json(found), f"{found.name}, version {found.version}\n\n{text}", json_output=json_output)

    frame.run(work, json_output=json_output)


@terms.command(epilog="Example:  keystead terms save House-rules ./house-rules.txt --days 365")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--days", type=int, help="How long an acceptance is good for; as long as the text stays when left out.")
@as_json
@click.pass_obj
def save(frame: Frame, name: str, file: Path, days: int | None, json_output: bool) -> None:
    """Keep the plain text in FILE as terms called NAME; another text is asked for again from everybody."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        fail("terms_malformed", f"{file}: {error.strerror}", json_output)
    except ValueError:
        fail("terms_malformed", f"{file} is not plain text in UTF-8", json_output)
    good_for = None if days is None else timedelta(days=days)

    async def work(system: System) -> None:
        tenant, services = await frame.tenant_of(system), system.services
        check_terms(name, text, days)
        new_id = services.entropy.new_id(services.clock.now())

        def edit(rules: AccessRules) -> AccessRules:
            before = next((one for one in rules.terms if name in (one.name, one.id)), None)
            made = Terms(new_id, name, tidied(text), 1, good_for) if before is None else before.saved(text, good_for)
            return rules.with_text(made)

        await services.manage_access.change(tenant.id, edit, by=OPERATOR, about=f"terms {name}")
        saved = _found(await _kept(system, tenant), name)
        told = f"Version {saved.version} of {saved.name} ({saved.id})."
        tell({"id": saved.id, "name": saved.name, "version": saved.version}, told, json_output=json_output)

    frame.run(work, json_output=json_output)


@terms.command()
@click.argument("name")
@as_json
@click.pass_obj
def remove(frame: Frame, name: str, json_output: bool) -> None:
    """Remove terms that no policy names."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        found = _found(await _kept(system, tenant), name)

        def edit(rules: AccessRules) -> AccessRules:
            return rules.without_text(found.id)

        await system.services.manage_access.change(tenant.id, edit, by=OPERATOR, about=f"terms {found.name} removed")
        tell({"id": found.id, "name": found.name}, f"Removed {found.name}.", json_output=json_output)

    frame.run(work, json_output=json_output)


async def _kept(system: System, tenant: Tenant) -> tuple[Terms, ...]:
    return (await system.services.access_policies.now(tenant.id, system.services.clock.now())).rules.terms


def _found(kept: tuple[Terms, ...], name: str) -> Terms:
    found = next((one for one in kept if name in (one.name, one.id)), None)
    if found is None:
        raise Failed("terms_unknown", f"there are no terms called {name!r}")
    return found


def _days(one: Terms) -> int | None:
    return None if one.good_for is None else one.good_for.days
