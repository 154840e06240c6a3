"""The editor of one policy: a form that reads as its sentence, and the same policy as JSON.

Every button sends the whole form here: to save it (which first shows what it would do), to check it, to find
somebody, or to see it as JSON. So nothing typed is lost, and no script is needed; with one, what `check`
answers is put into the page while somebody types.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from keystead_server.domain.user import User
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_change import CHANGES, Put, digest, the_policy
from keystead_server.http.pages.admin.access_check import Checked, check_form, check_json, principals
from keystead_server.http.pages.admin.access_choices import offered
from keystead_server.http.pages.admin.access_desk import Standing, standing
from keystead_server.http.pages.admin.access_form import AccessForm
from keystead_server.http.pages.admin.access_item_change import PutItem
from keystead_server.http.pages.admin.access_items import ItemPages
from keystead_server.http.pages.admin.access_locations import LOCATIONS
from keystead_server.http.pages.admin.access_preview import preview_page
from keystead_server.http.pages.admin.access_strengths import STRENGTHS
from keystead_server.http.pages.admin.policy_draft import Draft, opened
from keystead_server.http.pages.next_page import printable
from keystead_server.http.pages.render import page, see_other
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.templates import BY_ID, body
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.access.writing import policy_to_json

_FOUND = 10
# Of contexts no policy means something else when they change, so that there is nothing to look at before.
_ITEMS: dict[str, ItemPages[Any]] = {pages.kind.noun: pages for pages in (LOCATIONS, STRENGTHS)}


@dataclass(frozen=True, slots=True)
class Desk:
    """What is edited.

    Attributes:
        policy: as it is now; None for a new one.
    """

    now: Standing
    policy: Policy | None = None

    @property
    def path(self) -> str:
        return "new" if self.policy is None else f"policies/{self.policy.id}"


async def show_new(call: Call) -> Response:
    now = await standing(call)
    template = BY_ID.get(call.query("template"))
    if template is None:
        form = AccessForm({"state": (State.REPORT_ONLY.value,), "effect": ("grant",), "operator": ("AND",)})
        return await _editor(call, Desk(now), form, Checked(None))
    policy = read_policy(body(template, sparing=[call.user.id]), new_id="template").policy
    return await _opened(call, Desk(now), policy, "")


async def show(call: Call) -> Response:
    now = await standing(call)
    policy = the_policy(call, now.rules)
    return await _opened(call, Desk(now, policy), policy, digest(policy))


async def submit_new(call: Call) -> Response:
    return await _submit(call, Desk(await standing(call)))


async def submit(call: Call) -> Response:
    now = await standing(call)
    return await _submit(call, Desk(now, the_policy(call, now.rules)))


async def back(call: Call) -> Response:
    """From the preview to the editor, with everything as it was typed."""
    draft = opened(call, CHANGES)
    if draft is not None and isinstance(draft.policy, PutItem):
        return await _ITEMS[draft.policy.noun].reopened(call, draft.policy)
    if draft is None or not isinstance(draft.policy, Put):
        return see_other(f"/{call.tenant.name}/admin/access")
    now, put = await standing(call), draft.policy
    known = next((one for one in now.rules.set.policies if one.id == put.policy.id), None)
    seen = put.seen
    if call.field("over") == "yes":
        # Its author was told that somebody else changed it, and goes on all the same.
        seen = "" if known is None else digest(known)
    return await _opened(call, Desk(now, known), put.policy, seen, unsaved=True)


async def _submit(call: Call, desk: Desk) -> Response:
    if call.field("view") == "json":
        return await _submit_json(call, desk)
    form, action = AccessForm.typed(call), call.field("action")
    side, _, username = action.partition(":")
    if side in ("include", "exclude"):
        form = form.with_user(side, printable(username))
    checked = await check_form(call, form, desk.now, _id_of(call, desk))
    if action == "json" and not checked.errors.at("include-users") and not checked.errors.at("exclude-users"):
        return _json_view(call, desk, await _as_json(call, form, checked), form.seen)
    if action == "save" and checked.policy is not None:
        return await preview_page(call, Draft(Put(checked.policy, form.seen), desk.now.saved.version), desk.now)
    return await _editor(call, desk, form, checked, status=422 if action == "save" else 200, unsaved=True)


async def _submit_json(call: Call, desk: Desk) -> Response:
    text, seen, action = call.field("json"), call.field("seen"), call.field("action")
    checked = await check_json(call, text, desk.now, _id_of(call, desk))
    if checked.policy is None or action == "check":
        return _json_view(call, desk, text, seen, checked, status=200 if checked.policy else 422)
    if action == "save":
        return await preview_page(call, Draft(Put(checked.policy, seen), desk.now.saved.version), desk.now)
    return await _opened(call, desk, checked.policy, seen, unsaved=True)


def _id_of(call: Call, desk: Desk) -> str:
    """Of a new policy one that nothing else has."""
    return desk.policy.id if desk.policy else call.services.entropy.new_id(call.services.clock.now())


async def _opened(call: Call, desk: Desk, policy: Policy, seen: str, *, unsaved: bool = False) -> Response:
    form = AccessForm.of(policy_to_json(policy, {}), await desk.now.names_with(call, policy), seen)
    return await _editor(call, desk, form, await check_form(call, form, desk.now, policy.id), unsaved=unsaved)


async def _editor(
    call: Call, desk: Desk, form: AccessForm, checked: Checked, *, status: int = 200, unsaved: bool = False
) -> Response:
    looked_for = printable(call.field("find")).strip() if call.field("action") == "find" else ""
    found: Sequence[User] = ()
    if looked_for:
        found = await call.services.store.users.page(call.tenant.id, limit=_FOUND, search=looked_for)
    return page(
        call,
        "admin/access-editor.html",
        status=status,
        desk=desk,
        form=form,
        checked=checked,
        errors=checked.errors,
        refused=status == 422,
        offered=await offered(call, form, desk.now),
        looked_for=looked_for,
        found=found,
        unsaved=unsaved,
    )


def _json_view(
    call: Call, desk: Desk, text: str, seen: str, checked: Checked | None = None, *, status: int = 200
) -> Response:
    return page(
        call,
        "admin/access-json.html",
        status=status,
        desk=desk,
        text=text,
        seen=seen,
        checked=checked or Checked(None),
    )


async def _as_json(call: Call, form: AccessForm, checked: Checked) -> str:
    """What was typed, though it is no policy yet."""
    who, _ = await principals(call, form)
    body = form.to_json(who) if checked.policy is None else policy_to_json(checked.policy, {})
    return json.dumps(body, indent=2, ensure_ascii=False)
