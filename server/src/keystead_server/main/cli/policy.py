"""keystead policy …"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from keystead_server.domain import policy_document
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.ids import AppId, UserId
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.tenant import Tenant
from keystead_server.flows.people import author_name
from keystead_server.main.cli import access_verbs, policy_explain
from keystead_server.main.cli import policy_words as words
from keystead_server.main.cli.frame import Failed, Frame, as_json, moment, tell
from keystead_server.main.cli.policy_desks import KINDS, Desk, desk_of
from keystead_server.main.wiring import System

_kind = click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=policy_document.PASSKEYS,
    show_default=True,
    help="Which policy: of passkeys, or of the other Authentication methods.",
)
_file = click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
_yes = click.option("--yes", is_flag=True, help="Do not ask, even when something would be refused from now on.")


@click.group()
def policy() -> None:
    """The passkey policy, that of the other methods, and Conditional Access: show, foresee, change, go back, explain."""


@policy.command(epilog="Example:  keystead policy show --output policy.json")
@click.option("--version", type=click.IntRange(min=0), help="An earlier one; 0 is what every organisation begins with.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it into this file instead.")
@_kind
@as_json
@click.pass_obj
def show(frame: Frame, version: int | None, output: Path | None, kind: str, json_output: bool) -> None:
    """Show the policy in force, as plan and apply read it; with --json its version, date and author too."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        desk = desk_of(system, kind)
        every = [None, *reversed(await system.store.policies.versions(tenant.id, kind))]
        if version is not None and version >= len(every):
            raise Failed("policy_version_unknown", f"the {desk.kind.called} has no version {version}")
        written = every[-1] if version is None else every[version]
        shown = desk.kind.first if written is None else desk.kind.read(written.body)
        described = {**await _described(system, tenant, written), "policy": desk.to_json(shown)}
        text = desk.to_text(shown)
        if output is not None:
            _write(output, text)
            text = f"Wrote version {described['version']} into {output}."
        tell(described, text, json_output=json_output)

    frame.run(work, json_output=json_output)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Failed("file_unusable", f"{file}: {error.strerror}") from None


async def _described(system: System, tenant: Tenant, written: PolicyDocument | None) -> dict[str, object]:
    if written is None:
        return {"version": 0, "changed_at": None, "changed_by": None}
    return {
        "version": written.version,
        "changed_at": moment(written.changed_at),
        "changed_by": await _author(system, tenant, written.changed_by),
    }


async def _author(system: System, tenant: Tenant, author: UserId | AppId | None) -> str:
    if author is None:
        return "operator"
    return await author_name(system.store, tenant.id, author) or author


@policy.command()
@_file
@_kind
@as_json
@click.pass_obj
def plan(frame: Frame, file: Path, kind: str, json_output: bool) -> None:
    """Say what the policy in FILE would change, and for whom; save nothing. "-" reads standard input.

    With --kind access FILE may be a folder, as `export` writes it; the last seven days are replayed.
    """

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        desk = desk_of(system, kind)
        data, text = await _foreseen(
            system, tenant, desk, await desk.preview(tenant.id, await _read(desk, tenant, file))
        )
        tell(data, text, json_output=json_output)

    frame.run(work, json_output=json_output)


@policy.command(epilog="Example:  keystead policy apply policy.json --yes")
@_file
@_kind
@_yes
@as_json
@click.pass_obj
def apply(frame: Frame, file: Path, kind: str, yes: bool, json_output: bool) -> None:
    """Put the policy in FILE into force; asks first when it would refuse anybody what works today.

    With --kind access FILE may be a folder, which then stands for the whole: policies that are not in
    it are removed. Applied twice, nothing changes.
    """

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        desk = desk_of(system, kind)
        await _save(system, tenant, desk, await _read(desk, tenant, file), yes=yes, json_output=json_output)

    frame.run(work, json_output=json_output)


@policy.command()
@click.argument("version", type=click.IntRange(min=0))
@_kind
@_yes
@as_json
@click.pass_obj
def rollback(frame: Frame, version: int, kind: str, yes: bool, json_output: bool) -> None:
    """Save an earlier VERSION again, as a new one; asks first when it would refuse anybody what works today."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        desk = desk_of(system, kind)
        found = await desk.roll_back(tenant.id, version)
        await _save(system, tenant, desk, found.policy, yes=yes, json_output=json_output, restores=version)

    frame.run(work, json_output=json_output)


async def _read(desk: Desk, tenant: Tenant, file: Path) -> Any:
    return _one_file(desk, file) if desk.read is None else await desk.read(tenant.id, file)


def _one_file(desk: Desk, file: Path) -> Any:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return desk.kind.read(content.decode())
    except OSError as error:
        raise Failed("file_unusable", f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Failed("policy_malformed", "the policy is not JSON: it is not UTF-8") from None


async def _foreseen(system: System, tenant: Tenant, desk: Desk, preview: Any) -> tuple[dict[str, Any], str]:
    names = await desk.names(tenant.id, [preview.before, preview.after])
    changes = desk.differences(preview.before, preview.after, names)
    return desk.data(preview, changes), desk.text(preview, changes)


async def _save(
    system: System,
    tenant: Tenant,
    desk: Desk,
    wanted: Any,
    *,
    yes: bool,
    json_output: bool,
    restores: int | None = None,
) -> None:
    """Foresee, ask, save. What is saved is what was foreseen: over that version and no other."""
    preview = await desk.preview(tenant.id, wanted)
    data, text = await _foreseen(system, tenant, desk, preview)
    if preview.refusal is not None:
        raise preview.refusal
    if desk.kind.kind == policy_document.ACCESS and not data["changes"]:
        # A version that changes nothing would only hide the one that did.
        tell({**data, "saved": preview.version}, "Nothing changes: it is the policy in force.", json_output=json_output)
        return
    taken = desk.takes_away(preview)
    if taken and not yes:
        if json_output:
            raise Failed("not_confirmed", f"{taken}; confirm with --yes")
        click.echo(text)
        click.confirm("Save it?", abort=True)
    saved = await desk.save(tenant.id, wanted, by=OPERATOR, expected=preview.version, restores=restores)
    tell({**data, "saved": saved.version}, f"Saved as version {saved.version}.", json_output=json_output)


@policy.command(epilog="Example:  keystead policy defaults on")
@click.argument("wanted", type=click.Choice(["on", "off"]), required=False)
@_yes
@as_json
@click.pass_obj
def defaults(frame: Frame, wanted: str | None, yes: bool, json_output: bool) -> None:
    """Switch security defaults on or off, or say which they are; asks first when somebody must register a passkey."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        now = await system.services.methods.now(tenant.id)
        if wanted is None or (wanted == "on") == now.security_defaults:
            state = "on" if now.security_defaults else "off"
            tell(
                {"security_defaults": now.security_defaults}, f"Security defaults are {state}.", json_output=json_output
            )
            return
        changed = replace(now, security_defaults=wanted == "on")
        desk = desk_of(system, policy_document.METHODS)
        await _save(system, tenant, desk, changed, yes=yes, json_output=json_output)

    frame.run(work, json_output=json_output)


@policy.command()
@_kind
@as_json
@click.pass_obj
def history(frame: Frame, kind: str, json_output: bool) -> None:
    """List every version, newest first: when, by whom, and what it changed."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        desk = desk_of(system, kind)
        every = list(await system.store.policies.versions(tenant.id, kind))
        policies = [desk.kind.read(each.body) for each in every]
        names = await desk.names(tenant.id, policies)
        # What stands before the first version is what every organisation begins with.
        befores = [*policies[1:], desk.kind.first]
        rows = [
            {**await _described(system, tenant, each), "changes": list(desk.differences(before, now, names))}
            for each, now, before in zip(every, policies, befores, strict=False)
        ]
        tell(rows, words.history_text(rows), json_output=json_output)

    frame.run(work, json_output=json_output)


for verb in (*policy_explain.VERBS, *access_verbs.VERBS):
    policy.add_command(verb)
