"""Terms of use: read them, accept them or decline them, and go on."""

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.access_facts import ADMINISTRATION, Target, app_target
from keystead_server.http.call import Call
from keystead_server.http.continuation import Continuation
from keystead_server.http.pages.next_page import after_sign_in, asking_app, continuation, with_continue
from keystead_server.http.pages.render import page, see_other


async def show(call: Call) -> Response:
    return await _page(call)


async def decide(call: Call) -> Response:
    going = continuation(call)
    if call.field("verdict") != "accept":
        refused = await call.services.accept_terms.decline(call.signed_in, call.visitor, _target(call, going))
        return await _page(call, declined=refused.attempt_id, status=403)
    read = dict(one.split(":", 1) for one in call.fields("read") if ":" in one)
    try:
        await call.services.accept_terms.accept(call.signed_in, read)
    except Invalid as invalid:
        return await _page(call, problem=invalid.message, status=409)
    return see_other(after_sign_in(call, going))


async def _page(call: Call, *, declined: str | None = None, problem: str | None = None, status: int = 200) -> Response:
    going = continuation(call)
    app = await asking_app(call, going)
    return page(
        call,
        "terms.html",
        status=status,
        due=await call.services.accept_terms.due(call.signed_in, call.visitor, _target(call, going)),
        action=with_continue(call, f"/{call.tenant.name}/terms", going),
        on=after_sign_in(call, going),
        app_name=None if app is None else app.name,
        declined=declined,
        problem=problem,
    )


def _target(call: Call, going: Continuation | None) -> Target:
    """What they were going to when the terms came between."""
    if going is not None and going.app_id is None and going.to.startswith(f"/{call.tenant.name}/admin"):
        return ADMINISTRATION
    return app_target(None if going is None else going.app_id)
