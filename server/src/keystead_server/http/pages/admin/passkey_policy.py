"""The editor of the passkey policy.

"Save" first shows whom the change touches when anybody would be refused (policy_preview).
"""

from starlette.responses import Response

from keystead_server.domain import policy_document
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.preview_passkey_policy import Preview
from keystead_server.http.call import Call
from keystead_server.http.pages.admin import policy_preview
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors
from keystead_server.http.pages.admin.policy_choices import CHOICES
from keystead_server.http.pages.admin.policy_desk import PASSKEYS
from keystead_server.http.pages.admin.policy_draft import Draft, opened
from keystead_server.http.pages.admin.policy_form import PolicyForm, errors_of
from keystead_server.http.pages.admin.policy_people import ids_of
from keystead_server.http.pages.render import page, see_other
from keystead_server.policy.passkeys import document
from keystead_server.policy.passkeys.model import ALL_USERS, PasskeyPolicy

_REMOVE = "remove-"
_MEANWHILE = "Somebody else changed the policy while you edited. Open the page again and compare."


async def show(call: Call) -> Response:
    policy = await call.services.policies.at(call.tenant.id, call.signed_in.policy_version)
    return await _editor(call, await _form(call, policy, await _version(call)))


async def save(call: Call) -> Response:
    """Save, or add or take away a profile in the form without saving: so the editor needs no script."""
    form, action = PolicyForm.typed(call), call.field("action")
    if action == "add-profile":
        return await _editor(call, form.with_profile(call.services.entropy.new_id(call.services.clock.now())))
    if action.startswith(_REMOVE):
        return await _editor(call, form.without_profile(action.removeprefix(_REMOVE)))
    tried = await _try(call, form)
    if isinstance(tried, Errors):
        return await _editor(call, form, tried, status=422)
    if tried.newly_refused:
        return await policy_preview.preview_page(call, Draft(tried.after, tried.version), tried)
    return await policy_preview.saved(call, Draft(tried.after, tried.version))


async def edit(call: Call) -> Response:
    """Back from the preview, with everything as it was typed."""
    draft = opened(call, PASSKEYS.kind(call.services))
    if draft is None:
        return see_other(f"/{call.tenant.name}/admin/passkey-policy")
    return await _editor(call, await _form(call, draft.policy, draft.version), unsaved=True)


async def _try(call: Call, form: PolicyForm) -> Preview | Errors:
    """What the policy that was typed would do, or what stands against it."""
    wrong = form.wrong()
    if wrong.by_field:
        return wrong
    ids, unknown = await ids_of(call, form.usernames)
    if unknown.by_field:
        return unknown
    try:
        policy = document.from_json(form.to_json(ids))
    except Invalid as invalid:
        return errors_of(invalid)
    if form.version != str(await _version(call)):
        return Errors({"": _MEANWHILE})
    preview = await call.services.preview_passkey_policy(call.tenant.id, policy)
    return preview if preview.refusal is None else errors_of(preview.refusal)


async def _form(call: Call, policy: PasskeyPolicy, version: int) -> PolicyForm:
    names = await call.services.explain_passkey.names(call.tenant.id, [policy])
    return PolicyForm.of(policy, version, names, call.services.metadata)


async def _version(call: Call) -> int:
    written = await call.services.store.policies.current(call.tenant.id, policy_document.PASSKEYS)
    return 0 if written is None else written.version


async def _editor(
    call: Call, form: PolicyForm, errors: Errors = NO_ERRORS, *, status: int = 200, unsaved: bool = False
) -> Response:
    groups = [(group.id, group.name) for group in await call.services.store.groups.all(call.tenant.id)]
    return page(
        call,
        "admin/passkey-policy.html",
        status=status,
        form=form,
        errors=errors,
        groups=groups,
        targets=[(ALL_USERS.id, "Everyone"), *groups],
        choices=CHOICES,
        saved=call.query("done") == "saved",
        unsaved=unsaved or call.field("action").startswith((_REMOVE, "add-")),
    )
