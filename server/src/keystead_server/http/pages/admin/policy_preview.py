"""What a change of the passkey policy would do, before it is saved; and the yes to it."""

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.preview_passkey_policy import Preview
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import PAGE_SIZE, Errors, place_in
from keystead_server.http.pages.admin.policy_desk import PASSKEYS
from keystead_server.http.pages.admin.policy_draft import Draft, still_open
from keystead_server.http.pages.lines import model
from keystead_server.http.pages.render import page, see_other
from keystead_server.policy.passkeys.differences import differences
from keystead_server.policy.passkeys.model import PasskeyPolicy


async def turn(call: Call) -> Response:
    """Another page of the list, decided anew: people go on registering meanwhile."""
    draft = _the_draft(call)
    return await preview_page(call, draft, await call.services.preview_passkey_policy(call.tenant.id, draft.policy))


async def confirm(call: Call) -> Response:
    return await saved(call, _the_draft(call))


def _the_draft(call: Call) -> Draft[PasskeyPolicy]:
    return still_open(call, PASSKEYS.kind(call.services))


async def saved(call: Call, draft: Draft[PasskeyPolicy]) -> Response:
    """Put *draft* into force, or say on its preview why that can no longer be."""
    save = call.services.save_passkey_policy
    try:
        await save(call.tenant.id, draft.policy, by=call.actor, expected=draft.version, restores=draft.restores)
    except Invalid as invalid:
        preview = await call.services.preview_passkey_policy(call.tenant.id, draft.policy)
        return await preview_page(call, draft, preview, invalid)
    return see_other(f"/{call.tenant.name}/admin/passkey-policy?done=saved")


async def preview_page(
    call: Call, draft: Draft[PasskeyPolicy], preview: Preview, invalid: Invalid | None = None, *, left_out: int = 0
) -> Response:
    names = await call.services.explain_passkey.names(call.tenant.id, [preview.before, preview.after])
    affected = [(True, each) for each in preview.newly_refused] + [(False, each) for each in preview.newly_accepted]
    first = first_of(call, len(affected))
    refusal = invalid or preview.refusal
    return page(
        call,
        "admin/policy-preview.html",
        status=200 if refusal is None else 422,
        preview=preview,
        draft=draft.seal(call, PASSKEYS.kind(call.services)),
        restores=draft.restores,
        left_out=left_out,
        changes=differences(preview.before, preview.after, names),
        affected=[
            (refused, each, model(each.passkey, call.services.metadata))
            for refused, each in affected[first : first + PAGE_SIZE]
        ],
        stranded={user.id for user in preview.stranded},
        total=len(affected),
        first=first,
        size=PAGE_SIZE,
        refusal=None if refusal is None else Errors.of(refusal).by_field[refusal.target or ""],
    )


def first_of(call: Call, total: int) -> int:
    """Where the asked page of the list begins; what is no such place is the beginning."""
    return place_in(call.field("first"), total)
