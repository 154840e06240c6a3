"""A change on trial: what it is, until when, and the yes or no to it."""

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.people import author_name
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_desk import Standing, standing
from keystead_server.http.pages.admin.asked import Errors
from keystead_server.http.pages.next_page import sign_in_address
from keystead_server.http.pages.render import page, see_other
from keystead_server.policy.access.differences import differences
from keystead_server.policy.access.document import FIRST_ACCESS


@dataclass(frozen=True, slots=True)
class Trial:
    """Attributes:
    minutes: that are left, begun ones counted.
    by: who saved it; None is the operator at the command line.
    may_confirm: whoever asks has signed in since it was saved.
    """

    until: datetime
    minutes: int
    by: str | None
    may_confirm: bool


async def show(call: Call) -> Response:
    return await _show(call, await standing(call))


async def confirm(call: Call) -> Response:
    try:
        await call.services.manage_access.confirm(call.signed_in)
    except Invalid as invalid:
        return await _show(call, await standing(call), Errors.of(invalid).at(""))
    return see_other(f"/{call.tenant.name}/admin/access?done=confirmed")


async def take_back(call: Call) -> Response:
    try:
        await call.services.manage_access.take_back(call.tenant.id, by=call.actor)
    except Invalid as invalid:
        return await _show(call, await standing(call), Errors.of(invalid).at(""))
    return see_other(f"/{call.tenant.name}/admin/access?done=taken_back")


async def trial_of(call: Call, now: Standing) -> Trial | None:
    pending = now.rules.pending
    written = await call.services.store.policies.current(call.tenant.id, call.services.manage_access.kind.kind)
    if pending is None or written is None:
        return None
    left = pending.until - call.services.clock.now()
    by = None
    if written.changed_by is not None:
        name = await author_name(call.services.store, call.tenant.id, written.changed_by)
        by = name or str(written.changed_by)
    may_confirm = call.signed_in.session.signed_in_at > written.changed_at
    return Trial(pending.until, -(-int(left.total_seconds()) // 60), by, may_confirm)


async def _show(call: Call, now: Standing, error: str | None = None) -> Response:
    trial = await trial_of(call, now)
    before = FIRST_ACCESS if now.now.fallback is None else now.now.fallback.rules
    return page(
        call,
        "admin/access-trial.html",
        status=200 if error is None else 422,
        trial=trial,
        error=error,
        changes=() if trial is None else differences(before.set, now.rules.set, now.names),
        sign_in_again=sign_in_address(call, f"/{call.tenant.name}/admin/access/trial"),
    )
