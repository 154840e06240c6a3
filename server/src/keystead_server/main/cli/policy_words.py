"""What `keystead policy` prints: a preview, an explanation, a history; as data and as text."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keystead_server.flows.explain_passkey import Explained
from keystead_server.flows.preview_methods_policy import MethodsPreview
from keystead_server.flows.preview_passkey_policy import Preview
from keystead_server.flows.suggest_passkey import CampaignExplained
from keystead_server.main.cli.frame import printable, table
from keystead_server.policy.methods import effect as methods
from keystead_server.policy.methods.campaign import NAMES, Ask, says
from keystead_server.policy.passkeys.decide import NotAdmitted
from keystead_server.policy.passkeys.effect import Affected
from keystead_server.policy.passkeys.explain import not_asked, verdict

SHOWN = 20
_AFFECTED = ("username", "passkey", "why")


def preview_data(preview: Preview, changes: Sequence[str]) -> dict[str, Any]:
    """Complete: every passkey that is affected."""
    refusal = preview.refusal
    return {
        "version": preview.version,
        "changes": list(changes),
        "passkeys": preview.passkeys,
        "warnings": list(preview.warnings),
        "newly_refused": [_affected(each) for each in preview.newly_refused],
        "newly_accepted": [_affected(each) for each in preview.newly_accepted],
        "left_without_passkey": [user.username for user in preview.stranded],
        "refused": None if refusal is None else {"code": refusal.code, "message": refusal.message},
    }


def _affected(one: Affected) -> dict[str, object]:
    return {
        "user_id": one.user.id,
        "username": one.user.username,
        "passkey_id": one.passkey.id,
        "passkey": one.passkey.name,
        "aaguid": str(one.passkey.aaguid),
        "code": one.refusal.code,
        "why": one.refusal.says,
    }


def preview_text(preview: Preview, changes: Sequence[str]) -> str:
    lines = [printable(change) for change in changes] or ["Nothing changes: it is the policy in force."]
    lines += ["", f"Decided about {preview.passkeys} passkeys."]
    lines += _listed("Refused from now on", preview.newly_refused, preview.people_refused)
    lines += _listed("Accepted again", preview.newly_accepted, preview.people_accepted)
    if preview.stranded:
        who = ", ".join(user.username for user in preview.stranded[:SHOWN])
        lines.append(f"Left without a passkey that works: {len(preview.stranded)} ({printable(who)}).")
    return "\n".join([*lines, *_traps(preview)])


def _traps(preview: Preview | MethodsPreview) -> Iterable[str]:
    for warning in preview.warnings:
        yield f"Mind: {printable(warning)}"
    if preview.refusal is not None:
        yield f"It cannot be saved: {preview.refusal.message}."


def passkeys_taken_away(preview: Preview) -> str:
    return f"{len(preview.newly_refused)} passkeys would be refused" if preview.newly_refused else ""


def methods_preview_data(preview: MethodsPreview, changes: Sequence[str]) -> dict[str, Any]:
    """Complete: everybody who is affected."""
    refusal = preview.refusal
    return {
        "version": preview.version,
        "changes": list(changes),
        "people": preview.people,
        "warnings": list(preview.warnings),
        "newly_refused": [_method(each) for each in preview.refused],
        "newly_allowed": [_method(each) for each in preview.allowed],
        "must_register": [user.username for user in preview.held],
        "must_and_cannot": [user.username for user in preview.unable],
        "refused": None if refusal is None else {"code": refusal.code, "message": refusal.message},
    }


def _method(one: methods.Affected) -> dict[str, object]:
    return {
        "user_id": one.user.id,
        "username": one.user.username,
        "method": one.method.value,
        "code": one.refusal.code,
        "why": one.refusal.says,
    }


def methods_preview_text(preview: MethodsPreview, changes: Sequence[str]) -> str:
    lines = [printable(change) for change in changes] or ["Nothing changes: it is the policy in force."]
    lines += ["", f"Decided about {preview.people} people."]
    for title, affected, people in (
        ("Have it and may not use it from now on", preview.refused, preview.people_refused),
        ("Have it and may use it again", preview.allowed, preview.people_allowed),
    ):
        lines.append(f"{title}: {people} people.")
        if affected:
            lines.append(table([_method(each) for each in affected[:SHOWN]], ("username", "method", "why"), empty=""))
        if len(affected) > SHOWN:
            lines.append(f"… and {len(affected) - SHOWN} more; --json lists all.")
    if preview.held:
        who = ", ".join(user.username for user in preview.held[:SHOWN])
        lines.append(f"Must register a passkey at their next sign-in: {len(preview.held)} ({printable(who)}).")
    return "\n".join([*lines, *_traps(preview)])


def methods_taken_away(preview: MethodsPreview) -> str:
    taken = []
    if preview.refused:
        taken.append(f"{preview.people_refused} people would lose a method they have")
    if preview.held:
        taken.append(f"{len(preview.held)} people would have to register a passkey first")
    return ", ".join(taken)


def _listed(title: str, affected: Sequence[Affected], people: int) -> Iterable[str]:
    yield f"{title}: {len(affected)}" + (f", of {people} people." if affected else ".")
    if affected:
        yield table([_affected(each) for each in affected[:SHOWN]], _AFFECTED, empty="")
    if len(affected) > SHOWN:
        yield f"… and {len(affected) - SHOWN} more; --json lists all."


def history_text(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "The policy was never changed: it is what every organisation begins with."
    lines = []
    for row in rows:
        lines.append(printable(f"Version {row['version']}, {row['changed_at']}, by {row['changed_by']}"))
        lines += [printable(f"  {change}") for change in row["changes"]] or ["  Nothing that decides anything."]
    return "\n".join(lines)


def explained_data(explained: Explained) -> dict[str, Any]:
    told, names = explained.explanation, explained.names
    refused = told.admission if isinstance(told.admission, NotAdmitted) else None
    return {
        "operation": told.operation.value,
        "accepted": told.accepted,
        "verdict": verdict(told, names),
        "code": None if refused is None else refused.code,
        "remedy": None if refused is None else refused.remedy,
        "combination": told.combination.value,
        "profiles": [
            {
                "id": judged.profile.id,
                "name": judged.profile.name,
                "accepts": not judged.broken,
                "broken": [
                    {"code": rule.code, "says": rule.says, "remedy": rule.remedy, "change": rule.change}
                    for rule in judged.broken
                ],
            }
            for judged in told.in_scope
        ],
        "not_asked": [
            {"id": profile.id, "name": profile.name, "why": not_asked(told, meant_for, names)}
            for profile, meant_for in told.out_of_scope
        ],
    }


def explained_text(explained: Explained) -> str:
    data = explained_data(explained)
    lines = [data["verdict"]]
    if data["remedy"]:
        lines.append(data["remedy"])
    lines += [f"Administrator: {rule.change}" for rule in explained.explanation.beyond_profiles]
    for profile in data["profiles"]:
        lines.append(f"{profile['name']}: {'accepts it' if profile['accepts'] else 'refuses it'}")
        for rule in profile["broken"]:
            lines.append(f"  {rule['code']}: {rule['says']}")
            lines.append(f"    Person: {rule['remedy']} Administrator: {rule['change']}")
    lines += [f"{profile['name']}: not asked. {profile['why']}" for profile in data["not_asked"]]
    return "\n".join(map(printable, lines))


def campaign_data(explained: CampaignExplained) -> dict[str, Any]:
    decided = [(platform.value, f"On {NAMES[platform]}", each) for platform, each in explained.on.items()]
    if explained.where_one_lives is not None:
        decided.append(("own", "On a device that keeps one of their passkeys", explained.where_one_lives))
    rows = [
        {
            "kind": kind,
            "device": device,
            "asked": isinstance(each, Ask),
            "code": None if isinstance(each, Ask) else each.value,
            "says": says(each),
        }
        for kind, device, each in decided
    ]
    return {"devices": rows, "asked_so_far": explained.asked}
