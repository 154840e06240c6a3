"""The editor of the passkey policy."""

from keystead_core.webauthn import KEYSTEAD_SOFTWARE, KEYSTEAD_TPM
from starlette.responses import Response

from keystead_server.domain import policy_document
from keystead_server.domain.invalid import Invalid
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors
from keystead_server.http.pages.admin.policy_form import PolicyForm, choices, errors_of
from keystead_server.http.pages.render import page, see_other
from keystead_server.policy.passkeys import document
from keystead_server.policy.passkeys.model import ALL_USERS

_REMOVE = "remove-"


async def show(call: Call) -> Response:
    policy = await call.services.policies.at(call.tenant.id, call.signed_in.policy_version)
    return await _editor(call, PolicyForm.of(policy, await _version(call), call.services.metadata))


async def save(call: Call) -> Response:
    """Save, or add or take away a profile in the form without saving: so the editor needs no script."""
    form, action = PolicyForm.typed(call), call.field("action")
    if action == "add-profile":
        return await _editor(call, form.with_profile(call.services.entropy.new_id(call.services.clock.now())))
    if action.startswith(_REMOVE):
        return await _editor(call, form.without_profile(action.removeprefix(_REMOVE)))
    errors = await _try(call, form)
    if errors.by_field:
        return await _editor(call, form, errors, status=422)
    return see_other(f"/{call.tenant.name}/admin/passkey-policy?done=saved")


async def _try(call: Call, form: PolicyForm) -> Errors:
    """Put the policy into force, or say what stands against it."""
    wrong = form.wrong()
    if wrong.by_field:
        return wrong
    if form.version != str(await _version(call)):
        return Errors({"": "Somebody else changed the policy while you edited. Open the page again and compare."})
    try:
        await call.services.save_passkey_policy(call.tenant.id, document.from_json(form.to_json()), by=call.actor)
    except Invalid as invalid:
        return errors_of(invalid)
    return NO_ERRORS


async def _version(call: Call) -> int:
    written = await call.services.store.policies.current(call.tenant.id, policy_document.PASSKEYS)
    return 0 if written is None else written.version


async def _editor(call: Call, form: PolicyForm, errors: Errors = NO_ERRORS, *, status: int = 200) -> Response:
    groups = [(group.id, group.name) for group in await call.services.store.groups.all(call.tenant.id)]
    return page(
        call,
        "admin/passkey-policy.html",
        status=status,
        form=form,
        errors=errors,
        groups=groups,
        targets=[(ALL_USERS, "Everyone"), *groups],
        choices=choices(),
        ours=(KEYSTEAD_TPM, KEYSTEAD_SOFTWARE),
        saved=call.query("done") == "saved",
        unsaved=call.field("action").startswith((_REMOVE, "add-")),
    )
