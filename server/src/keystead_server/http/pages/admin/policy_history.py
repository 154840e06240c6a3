"""Every version of a policy: when, by whom, what changed, and the way back to it."""

from dataclasses import dataclass

from starlette.responses import Response

from keystead_server.domain.ids import AppId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.flows.people import author_name
from keystead_server.flows.policy_kinds import Policy
from keystead_server.flows.rollback_policy import Restorable
from keystead_server.http.call import Call
from keystead_server.http.pages.admin import access_desk, access_preview, methods_policy
from keystead_server.http.pages.admin.access_change import GoBack
from keystead_server.http.pages.admin.policy_desk import ACCESS, METHODS, PASSKEYS, PolicyDesk
from keystead_server.http.pages.admin.policy_draft import Draft
from keystead_server.http.pages.admin.policy_preview import preview_page
from keystead_server.http.pages.next_page import named
from keystead_server.http.pages.render import page
from keystead_server.http.problems import NOT_FOUND, Refuse

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Version:
    """Attributes:
    by: who saved it; None is the operator at the command line.
    changes: against the version before, in sentences.
    """

    document: PolicyDocument
    by: str | None
    changes: tuple[str, ...]
    in_force: bool


async def show(call: Call) -> Response:
    return await _history(call, PASSKEYS)


async def show_methods(call: Call) -> Response:
    return await _history(call, METHODS)


async def show_access(call: Call) -> Response:
    return await _history(call, ACCESS)


async def restore(call: Call) -> Response:
    """Show what going back to a version would do; saving it is the preview's button."""
    version, found = await _restorable(call, PASSKEYS)
    preview = await call.services.preview_passkey_policy(call.tenant.id, found.policy)
    draft = Draft(found.policy, preview.version, restores=version)
    return await preview_page(call, draft, preview, left_out=len(found.left_out))


async def restore_methods(call: Call) -> Response:
    version, found = await _restorable(call, METHODS)
    preview = await call.services.preview_methods_policy(call.tenant.id, found.policy)
    draft = Draft(found.policy, preview.version, restores=version)
    return await methods_policy.preview_page(call, draft, preview, left_out=len(found.left_out))


async def restore_access(call: Call) -> Response:
    version, _ = await _restorable(call, ACCESS)
    now = await access_desk.standing(call)
    return await access_preview.preview_page(call, Draft(GoBack(version), now.saved.version), now)


async def _restorable(call: Call, desk: PolicyDesk[Policy]) -> tuple[int, Restorable[Policy]]:
    typed = named(call, "version")
    if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
        raise Refuse(NOT_FOUND)
    try:
        return int(typed), await desk.roll_back(call.services)(call.tenant.id, int(typed))
    except Invalid:
        raise Refuse(NOT_FOUND) from None


async def _history(call: Call, desk: PolicyDesk[Policy]) -> Response:
    every = list(await call.services.store.policies.versions(call.tenant.id, desk.kind(call.services).kind))
    before = call.query("before")
    found = [d for d in every if not before.isdecimal() or d.version < int(before[:9])]
    shown = found[:SHOWN]
    return page(
        call,
        "admin/policy-history.html",
        desk=desk,
        versions=await _versions(call, desk, shown, found[: SHOWN + 1], newest=every[0].version if every else 0),
        newest=len(found) == len(every),
        older=f"?before={shown[-1].version}" if len(found) > SHOWN else None,
        complete=len(found) <= SHOWN,
        first_in_force=not every,
    )


async def _versions(
    call: Call, desk: PolicyDesk[Policy], shown: list[PolicyDocument], with_before: list[PolicyDocument], *, newest: int
) -> list[Version]:
    kind = desk.kind(call.services)
    policies = [kind.read(each.body) for each in with_before]
    # What stands before the first version is what every organisation begins with.
    befores = [*policies[1:], kind.first]
    changes = await desk.told(call.services, call.tenant.id, list(zip(befores, policies, strict=False))[: len(shown)])
    authors: dict[UserId | AppId, str] = {}
    lines = []
    for each, told in zip(shown, changes, strict=True):
        by = None
        if each.changed_by is not None:
            if each.changed_by not in authors:
                name = await author_name(call.services.store, call.tenant.id, each.changed_by)
                authors[each.changed_by] = name or each.changed_by
            by = authors[each.changed_by]
        lines.append(Version(each, by, told, each.version == newest))
    return lines
