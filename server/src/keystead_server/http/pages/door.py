"""A page at the door: it says which app sent the person there, and lets a form end at that app."""

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.continuation import Continuation
from keystead_server.http.pages.next_page import asking_app, with_continue
from keystead_server.http.pages.render import page


async def door(
    call: Call, template: str, going: Continuation | None, *, status: int = 200, **content: object
) -> Response:
    app = await asking_app(call, going)
    return page(
        call,
        template,
        status=status,
        ends_at=() if app is None else app.redirect_uris,
        app_name=None if app is None else app.name,
        passkey_address=with_continue(call, f"/{call.tenant.name}/sign-in", going),
        **content,
    )
