"""Enrol a computer: the page, and the code that its container is to bring."""

from starlette.responses import Response

from keystead_server.flows.enrol_device import NotOffered, Offered
from keystead_server.http.call import Call
from keystead_server.http.pages import words
from keystead_server.http.pages.next_page import sign_in_address
from keystead_server.http.pages.render import page


async def show(call: Call) -> Response:
    fresh = call.signed_in.session.is_fresh(call.services.clock.now())
    return _page(call, None if fresh else NotOffered("sign_in_not_fresh"))


async def issue(call: Call) -> Response:
    """The one page that shows the code; nothing is kept of it."""
    offer = await call.services.enrol_device.offer(call.signed_in)
    match offer:
        case Offered(code):
            address = f"{call.services.relying_party.public_url}/{call.tenant.name}"
            return page(call, "enrol-device.html", command=f"keystead-agent enrol {address} --code {code}")
        case NotOffered():
            return _page(call, offer, status=422)


def _page(call: Call, refusal: NotOffered | None, *, status: int = 200) -> Response:
    stale = refusal is not None and refusal.code == "sign_in_not_fresh"
    return page(
        call,
        "enrol-device.html",
        status=status,
        command=None,
        why_not=None if refusal is None else words.code_not_offered(refusal.code),
        sign_in_again=sign_in_address(call, call.scope["path"]) if stale else None,
    )
