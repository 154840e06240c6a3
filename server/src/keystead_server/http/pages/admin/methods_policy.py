"""The Authentication methods policy: its editor, what a change would do, and the yes to it."""

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User
from keystead_server.flows.policy_kinds import in_force
from keystead_server.flows.preview_methods_policy import MethodsPreview
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import NO_ERRORS, PAGE_SIZE, Errors
from keystead_server.http.pages.admin.methods_form import TITLES, MethodsForm, errors_of
from keystead_server.http.pages.admin.policy_choices import CHOICES
from keystead_server.http.pages.admin.policy_desk import METHODS
from keystead_server.http.pages.admin.policy_draft import Draft, opened, still_open
from keystead_server.http.pages.admin.policy_people import ids_of
from keystead_server.http.pages.admin.policy_preview import first_of
from keystead_server.http.pages.render import page, see_other
from keystead_server.policy.methods import document
from keystead_server.policy.methods.differences import differences
from keystead_server.policy.methods.model import MethodsPolicy, Preference
from keystead_server.policy.people import ALL_USERS

_MEANWHILE = "Somebody else changed the policy while you edited. Open the page again and compare."
_PREFERENCES = (
    (Preference.DEFAULT.value, "For the first and the second factor"),
    (Preference.ENABLED.value, "For the second factor only"),
    (Preference.DISABLED.value, "Nowhere: people see their own order"),
)


async def show(call: Call) -> Response:
    return await _editor(call, await _form(call, *await _in_force(call)))


async def save(call: Call) -> Response:
    form = MethodsForm.typed(call)
    tried = await _try(call, form)
    if isinstance(tried, Errors):
        return await _editor(call, form, tried, status=422)
    draft = Draft(tried.after, tried.version)
    return await preview_page(call, draft, tried) if tried.takes_away else await _saved(call, draft)


async def edit(call: Call) -> Response:
    """Back from the preview, with everything as it was typed."""
    draft = opened(call, METHODS.kind(call.services))
    if draft is None:
        return see_other(f"/{call.tenant.name}/admin/methods-policy")
    return await _editor(call, await _form(call, draft.version, draft.policy), unsaved=True)


async def turn(call: Call) -> Response:
    """Another page of the list, decided anew: people come and go meanwhile."""
    draft = _the_draft(call)
    return await preview_page(call, draft, await call.services.preview_methods_policy(call.tenant.id, draft.policy))


async def confirm(call: Call) -> Response:
    return await _saved(call, _the_draft(call))


def _the_draft(call: Call) -> Draft[MethodsPolicy]:
    return still_open(call, METHODS.kind(call.services))


async def _saved(call: Call, draft: Draft[MethodsPolicy]) -> Response:
    """Put *draft* into force, or say on its preview why that can no longer be."""
    save = call.services.save_methods_policy
    try:
        await save(call.tenant.id, draft.policy, by=call.actor, expected=draft.version, restores=draft.restores)
    except Invalid as invalid:
        preview = await call.services.preview_methods_policy(call.tenant.id, draft.policy)
        return await preview_page(call, draft, preview, invalid)
    return see_other(f"/{call.tenant.name}/admin/methods-policy?done=saved")


async def _try(call: Call, form: MethodsForm) -> MethodsPreview | Errors:
    """What the policy that was typed would do, or what stands against it."""
    ids, unknown = await ids_of(call, form.usernames)
    if unknown.by_field:
        return unknown
    try:
        policy = document.from_json(form.to_json(ids))
    except Invalid as invalid:
        return errors_of(invalid)
    preview = await call.services.preview_methods_policy(call.tenant.id, policy)
    if form.version != str(preview.version):
        return Errors({"": _MEANWHILE})
    return preview if preview.refusal is None else errors_of(preview.refusal)


async def _in_force(call: Call) -> tuple[int, MethodsPolicy]:
    return await in_force(call.services.store, METHODS.kind(call.services), call.tenant.id)


async def _form(call: Call, version: int, policy: MethodsPolicy) -> MethodsForm:
    names = await call.services.explain_passkey.names(call.tenant.id, [policy])
    return MethodsForm.of(policy, version, names)


async def _editor(
    call: Call, form: MethodsForm, errors: Errors = NO_ERRORS, *, status: int = 200, unsaved: bool = False
) -> Response:
    groups = [(group.id, group.name) for group in await call.services.store.groups.all(call.tenant.id)]
    return page(
        call,
        "admin/methods-policy.html",
        status=status,
        form=form,
        errors=errors,
        targets=[(ALL_USERS.id, "Everyone"), *groups],
        roles=CHOICES["roles"],
        preferences=_PREFERENCES,
        saved=call.query("done") == "saved",
        unsaved=unsaved,
    )


async def preview_page(
    call: Call,
    draft: Draft[MethodsPolicy],
    preview: MethodsPreview,
    invalid: Invalid | None = None,
    *,
    left_out: int = 0,
) -> Response:
    names = await call.services.explain_passkey.names(call.tenant.id, [preview.before, preview.after])
    affected: list[tuple[str, str, User, str | None]]
    affected = [("bad", f"Loses: {TITLES[each.method]}", each.user, each.refusal.says) for each in preview.refused]
    affected += [("warn", "Must register a passkey first", user, None) for user in preview.held]
    affected += [("good", f"Gets: {TITLES[each.method]}", each.user, None) for each in preview.allowed]
    first = first_of(call, len(affected))
    refusal = invalid or preview.refusal
    return page(
        call,
        "admin/methods-preview.html",
        status=200 if refusal is None else 422,
        preview=preview,
        draft=draft.seal(call, METHODS.kind(call.services)),
        restores=draft.restores,
        left_out=left_out,
        changes=differences(preview.before, preview.after, names),
        affected=affected[first : first + PAGE_SIZE],
        total=len(affected),
        first=first,
        size=PAGE_SIZE,
        refusal=None if refusal is None else Errors.of(refusal).by_field[refusal.target or ""],
    )
