"""Conditional Access behind `keystead policy plan`, `apply`, `rollback` and `history`: foreseen by a replay, then saved."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import click

from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.ids import TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.flows.access_names import names_for
from keystead_server.flows.replay_access import Foreseen
from keystead_server.main.cli.frame import printable, table
from keystead_server.main.wiring import System
from keystead_server.policy.access.differences import differences
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.replay import Affected, Change
from keystead_server.policy.access.terms import Terms

DAYS = 7
SHOWN = 20
TITLES = {
    Change.BLOCKED: "Newly kept out",
    Change.PROMPTED: "Newly asked for more",
    Change.LET_IN: "Newly let in",
}


@dataclass(frozen=True, slots=True)
class AccessPreview:
    """Attributes:
    refusal: why it cannot be saved at all, or None.
    warnings: what is worth a thought before it is saved.
    """

    version: int
    before: AccessRules
    after: AccessRules
    foreseen: Foreseen
    names: Names
    refusal: Invalid | None
    warnings: tuple[str, ...] = ()


async def preview(system: System, tenant: TenantId, after: AccessRules) -> AccessPreview:
    services = system.services
    saved = await services.access_policies.saved(tenant)
    before = saved.at(services.clock.now())
    after = replace(after, pending=None)
    with progress() as told:
        foreseen = await services.replay_access(tenant, after.set, days=DAYS, progress=told)
    names = await names_for(
        services.store, tenant, before.rules.set, after.set, terms=(*before.rules.terms, *after.terms)
    )
    refusal = await services.manage_access.against(tenant, after, by=OPERATOR)
    findings = await services.analyse_access.out_of_reach(tenant, after.set)
    warnings = tuple(f"{', '.join(map(names.of, one.policies))}: {one.says}" for one in findings)
    return AccessPreview(saved.version, before.rules, after, foreseen, names, refusal, warnings)


@contextmanager
def progress() -> Iterator[Callable[[float], None]]:
    """A bar on the terminal for what takes longer; silent where nobody looks at one."""
    done = 0
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1000, label="Replaying", file=sys.stderr, hidden=hidden) as bar:

        def step(part: float) -> None:
            nonlocal done
            now = min(int(part * 1000), 1000)
            bar.update(now - done)
            done = now

        yield step


async def save(
    system: System,
    tenant: TenantId,
    rules: AccessRules,
    *,
    by: Actor,
    expected: int,
    restores: int | None = None,
) -> PolicyDocument:
    """Save over version *expected* and no other.

    Raises:
        Invalid: it cannot be, or somebody else saved meanwhile.
    """
    services = system.services
    saved = await services.access_policies.saved(tenant)
    seen = saved.at(services.clock.now()).rules

    def edit(before: AccessRules) -> AccessRules:
        if saved.version != expected or before != seen:
            raise Invalid("policy_changed_meanwhile", "somebody else changed the policy; read it again and try again")
        return replace(rules, pending=None)

    about = "files applied" if restores is None else f"version {restores} restored"
    return await services.manage_access.change(tenant, edit, by=by, about=about)


def changes(before: AccessRules, after: AccessRules, names: Names) -> tuple[str, ...]:
    told = (*differences(before.set, after.set, names), *_texts(before.terms, after.terms))
    if before.contexts == after.contexts:
        return told
    listed = ", ".join(f"{one.id} {one.name}" for one in after.contexts) or "none"
    return (*told, f"Authentication contexts: {listed}")


def _texts(before: Sequence[Terms], after: Sequence[Terms]) -> Iterator[str]:
    was = {one.id: one for one in before}
    for one in after:
        old = was.get(one.id, one)
        if one.digest != old.digest:
            yield f"Terms “{one.name}” have another text, which is asked for again: version {one.version}."
        if (one.name, one.good_for) != (old.name, old.good_for):
            days = "as long as the text stays" if one.good_for is None else f"for {one.good_for.days} days"
            yield f"Terms “{old.name}” are called “{one.name}”, and an acceptance is good {days}."


def data(preview: AccessPreview, told: Sequence[str]) -> dict[str, Any]:
    """Complete: everybody who is affected."""
    refusal = preview.refusal
    return {
        "version": preview.version,
        "changes": list(told),
        "replay": foreseen_data(preview.foreseen, preview.names),
        "warnings": list(preview.warnings),
        "refused": None if refusal is None else {"code": refusal.code, "message": refusal.message},
    }


def foreseen_data(foreseen: Foreseen, names: Names) -> dict[str, Any]:
    effect = foreseen.effect
    return {
        "since": foreseen.since.isoformat(timespec="seconds"),
        "until": foreseen.until.isoformat(timespec="seconds"),
        "sign_ins": effect.sign_ins,
        "people": effect.people,
        "left_out": foreseen.left_out,
        **{change.value: effect.changed[change] for change in Change},
        "affected": [_affected(one, change, foreseen, names) for change in TITLES for one in effect.affected[change]],
        "not_known": effect.lacking,
        "by_policy": {
            policy: {result.value: count for result, count in results.items()}
            for policy, results in effect.by_policy.items()
        },
    }


def _affected(one: Affected, change: Change, foreseen: Foreseen, names: Names) -> dict[str, Any]:
    return {
        "change": change.value,
        "user_id": one.person,
        "username": foreseen.names.get(one.person, one.person),
        "sign_ins": one.times,
        "latest": one.at.isoformat(timespec="seconds"),
        "policies": [names.of(policy) for policy in one.policies],
        "certain": one.surely,
        "examples": list(one.witnesses),
    }


def text(preview: AccessPreview, told: Sequence[str]) -> str:
    lines = [printable(change) for change in told] or ["Nothing changes: it is the policy in force."]
    lines += ["", *foreseen_lines(preview.foreseen, preview.names)]
    lines += [f"Mind: {printable(one)}." for one in preview.warnings]
    if preview.refusal is not None:
        lines.append(f"It cannot be saved: {printable(preview.refusal.message)}.")
    return "\n".join(lines)


def foreseen_lines(foreseen: Foreseen, names: Names) -> list[str]:
    effect = foreseen.effect
    days = (foreseen.until - foreseen.since).days
    lines = [f"Replayed {effect.sign_ins} sign-ins of {effect.people} people in the last {days} days."]
    for change, title in TITLES.items():
        affected = effect.affected[change]
        lines.append(f"{title}: {effect.changed[change]} sign-ins of {len(affected)} people.")
        if affected:
            rows = [_affected(one, change, foreseen, names) for one in affected[:SHOWN]]
            lines.append(table(rows, ("username", "sign_ins", "latest", "policies", "certain"), empty=""))
        if len(affected) > SHOWN:
            lines.append(f"… and {len(affected) - SHOWN} more; --json lists all.")
    for condition, count in effect.lacking.items():
        lines.append(
            f"Mind: of {count} of these sign-ins the log does not have what {condition} asks; it counts as matching."
        )
    if foreseen.left_out:
        lines.append(f"Mind: {foreseen.left_out} sign-ins are of people who are not there any more, and are left out.")
    return lines


def takes_away(preview: AccessPreview) -> str:
    changed = preview.foreseen.effect.changed
    taken = []
    if changed[Change.BLOCKED]:
        taken.append(f"{changed[Change.BLOCKED]} of the replayed sign-ins would be kept out")
    if changed[Change.PROMPTED]:
        taken.append(f"{changed[Change.PROMPTED]} would be asked for more")
    return ", ".join(taken)
