"""Unlock a computer of one's own: the code it shows, typed where one is signed in anew."""

from starlette.responses import Response

from keystead_server.flows.allow_unlock import Allowed
from keystead_server.flows.attempts import Refused
from keystead_server.http.call import Call
from keystead_server.http.pages import words
from keystead_server.http.pages.next_page import printable, sign_in_address
from keystead_server.http.pages.render import page

_SIGN_IN_AGAIN = frozenset({"sign_in_not_fresh", "stronger_method_needed", "signed_in_by_this_device"})


async def show(call: Call) -> Response:
    fresh = call.signed_in.session.is_fresh(call.services.clock.now())
    return _page(call, obstacle=None if fresh else "sign_in_not_fresh")


async def allow(call: Call) -> Response:
    typed = printable(call.field("code"))
    match await call.services.allow_unlock.allow(call.signed_in, call.visitor, typed):
        case Allowed(device):
            return _page(call, unlocked=device.name)
        case Refused(code) if code in _SIGN_IN_AGAIN:
            return _page(call, obstacle=code, status=422)
        case Refused(code):
            return _page(call, typed=typed, wrong=words.unlock_refused(code), status=422)


def _page(
    call: Call,
    *,
    unlocked: str | None = None,
    typed: str = "",
    wrong: str | None = None,
    obstacle: str | None = None,
    status: int = 200,
) -> Response:
    return page(
        call,
        "unlock-device.html",
        status=status,
        unlocked=unlocked,
        typed=typed,
        wrong=wrong,
        why_not=None if obstacle is None else words.unlock_refused(obstacle),
        sign_in_again=None if obstacle is None else sign_in_address(call, call.scope["path"]),
    )
