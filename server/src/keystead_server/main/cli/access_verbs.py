"""What `keystead policy` can do with Conditional Access alone: export, import, replay, what-if, analyse, template."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.ids import TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.access_names import names_for
from keystead_server.main.cli import access_words as words
from keystead_server.main.cli.access_desk import foreseen_data, foreseen_lines, progress
from keystead_server.main.cli.access_files import (
    entries_text,
    entry_data,
    write_files,
)
from keystead_server.main.cli.access_options import (
    asked,
    bundle_of,
    draft_option,
    enforce_option,
    in_force,
    kind_option,
)
from keystead_server.main.cli.access_what_if import what_if
from keystead_server.main.cli.frame import Failed, Frame, as_json, tell
from keystead_server.main.wiring import System
from keystead_server.policy.access.bundle import Bundle, Kind, laid_rules, read_bundle
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.templates import TEMPLATES, body
from keystead_server.policy.access.vocabulary import (
    State,
)

_folder = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.command(epilog="Example:  keystead policy export ./access")
@_folder
@kind_option
@as_json
@click.pass_obj
def export(frame: Frame, folder: Path, kind: str, json_output: bool) -> None:
    """Write Conditional Access into FOLDER, a file for each policy, location, strength and terms, in Graph's shapes."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        written = write_files(folder, await in_force(system, tenant.id))
        tell(
            {"folder": str(folder), "files": written},
            f"Wrote {len(written)} files into {folder}.",
            json_output=json_output,
        )

    frame.run(work, json_output=json_output)


@click.command("import", epilog="Example:  keystead policy import ./from-entra --report-only")
@click.argument("path", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--report-only", is_flag=True, help="Take what is enabled as report-only.")
@click.option("--dry-run", is_flag=True, help="Only say what would be taken.")
@kind_option
@as_json
@click.pass_obj
def import_(frame: Frame, path: Path, report_only: bool, dry_run: bool, kind: str, json_output: bool) -> None:
    """Add what is in the files at PATH: say what was taken, adapted (how) and refused (why); remove nothing.

    Files are exports of Graph, dirty as they really are. What is refused is left out, and the rest is taken.
    Exit code 1 when nothing could be taken.
    """

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        manage = system.services.manage_access
        before = await in_force(system, tenant.id)
        bundle = bundle_of(system, path, before)
        if report_only:
            _only_report(bundle)
        await _refuse_dangling(system, tenant.id, bundle, before)
        now = system.services.clock.now()
        saved = None
        if any(bundle.items.values()) and not dry_run:
            edit = partial(laid_rules, bundle, now=now, whole=False)
            if edit(before) != before:
                saved = (await manage.change(tenant.id, edit, by=OPERATOR, about="import")).version
        data = {"entries": [entry_data(entry) for entry in bundle.entries], "saved": saved}
        told = "Nothing was saved." if saved is None else f"Saved as version {saved}."
        tell(data, f"{entries_text(bundle.entries)}\n{told}", json_output=json_output)
        if bundle.entries and len(bundle.refused) == len(bundle.entries):
            raise SystemExit(1)

    frame.run(work, json_output=json_output)


def _only_report(bundle: Bundle) -> None:
    for one_id, item in bundle.items[Kind.POLICY].items():
        if isinstance(item, Policy) and item.state is State.ENABLED:
            bundle.items[Kind.POLICY][one_id] = replace(item, state=State.REPORT_ONLY)


async def _refuse_dangling(system: System, tenant: TenantId, bundle: Bundle, before: AccessRules) -> None:
    """Refuse each policy that names what is not there: one of them must not keep the others out."""
    among = laid_rules(bundle, before, system.services.clock.now(), whole=False)
    for number, entry in enumerate(bundle.entries):
        policy = bundle.items[Kind.POLICY].get(entry.id)
        if entry.refusal is None and entry.kind is Kind.POLICY and isinstance(policy, Policy):
            refusal = await system.services.manage_access.against_names(tenant, policy, among)
            if refusal is not None:
                del bundle.items[Kind.POLICY][entry.id]
                bundle.entries[number] = replace(entry, refusal=refusal)


@click.command(epilog="Example:  keystead policy replay --days 30 --enforce")
@draft_option
@click.option("--days", type=click.IntRange(1, 365), default=7, show_default=True, help="How far back.")
@enforce_option
@kind_option
@as_json
@click.pass_obj
def replay(frame: Frame, draft: Path | None, days: int, enforce: bool, kind: str, json_output: bool) -> None:
    """Hold a draft, or report-only policies as if enforced, against the sign-ins of the last days.

    Says who would newly be kept out, asked for more or let in, by count and by name; saves nothing.
    """

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        rules = await asked(system, tenant.id, draft, enforce=enforce)
        with progress() as told:
            foreseen = await system.services.replay_access(tenant.id, rules.set, days=days, progress=told)
        names = await names_for(system.store, tenant.id, rules.set, terms=rules.terms)
        data = foreseen_data(foreseen, names)
        tell(data, "\n".join(foreseen_lines(foreseen, names)), json_output=json_output)

    frame.run(work, json_output=json_output)


@click.command(epilog="Example:  keystead policy analyse --draft ./access")
@draft_option
@enforce_option
@kind_option
@as_json
@click.pass_obj
def analyse(frame: Frame, draft: Path | None, enforce: bool, kind: str, json_output: bool) -> None:
    """Find gaps, shadowed and contradictory policies, deadlocks, and names of what is not there, over everybody.

    Exit code 1 when something was found.
    """

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        rules = await asked(system, tenant.id, draft, enforce=enforce)
        findings = await system.services.analyse_access(tenant.id, rules.set)
        witnesses = {one.witness.who.id for one in findings if one.witness is not None}
        names = await names_for(system.store, tenant.id, rules.set, people=witnesses, terms=rules.terms)
        tell(words.findings_data(findings, names), words.findings_text(findings, names), json_output=json_output)
        if findings:
            raise SystemExit(1)

    frame.run(work, json_output=json_output)


@click.command(epilog="Example:  keystead policy template phishing-resistant-everybody")
@click.argument("key", required=False)
@kind_option
@as_json
@click.pass_obj
def template(frame: Frame, key: str | None, kind: str, json_output: bool) -> None:
    """List ready-made policies, or save the one called KEY in report-only mode."""

    async def work(system: System) -> None:
        if key is None:
            tell(words.templates_data(), words.templates_text(), json_output=json_output)
            return
        found = next((each for each in TEMPLATES if each.key == key), None)
        if found is None:
            raise Failed("template_unknown", f"there is no template {key!r}; list them with: keystead policy template")
        tenant = await frame.tenant_of(system)
        now = system.services.clock.now()
        new_id = partial(system.services.entropy.new_id, now)
        made = body(found)

        def edit(rules: AccessRules) -> AccessRules:
            if any(policy.template_id == found.id for policy in rules.set.policies):
                raise Invalid("template_taken", "there is a policy from this template already", target="templateId")
            return laid_rules(read_bundle([(found.key, made)], rules, new_id), rules, now, whole=False)

        saved = await system.services.manage_access.change(tenant.id, edit, by=OPERATOR, about=f"template {found.key}")
        tell(
            {"name": found.name, "saved": saved.version},
            f"“{found.name}” is saved, and only reports.",
            json_output=json_output,
        )

    frame.run(work, json_output=json_output)


VERBS = (export, import_, replay, what_if, analyse, template)
