"""The link of a pass that was mailed: a page with a button.

Mail servers open links to look at them. So opening it does nothing; the button signs in, once.
"""

from starlette.responses import Response

from keystead_server.flows.attempts import Refused
from keystead_server.flows.pass_links import open_link
from keystead_server.flows.sign_in_with_pass import SignedInWithPass
from keystead_server.http import cookies
from keystead_server.http.call import Call
from keystead_server.http.pages import words
from keystead_server.http.pages.next_page import named
from keystead_server.http.pages.render import page, see_other


async def show(call: Call) -> Response:
    return await _door(call)


async def sign_in(call: Call) -> Response:
    outcome = await call.services.sign_in_with_pass.by_link(call.tenant, call.visitor, named(call, "link"))
    match outcome:
        case SignedInWithPass(session):
            call.cookies_to_set.append(cookies.set_session(call.services, call.tenant, session))
            # What such a link is for.
            return see_other(f"/{call.tenant.name}/account/passkeys/new")
        case Refused(_, attempt):
            return await _door(call, attempt=attempt, status=401)


async def _door(call: Call, *, attempt: str | None = None, status: int = 200) -> Response:
    """Says whose account it is, so that nobody is signed in to somebody else's without seeing it."""
    link = named(call, "link")
    opened = open_link(call.services.sealer, call.tenant.id, link)
    user = None if opened is None else await call.services.store.users.get(call.tenant.id, opened[1])
    return page(
        call,
        "pass-link.html",
        status=status,
        action=f"/{call.tenant.name}/sign-in/link/{link}" if user is not None and attempt is None else None,
        username=None if user is None else user.username,
        refused=words.LINK_REFUSED,
        attempt=attempt,
        passkey_address=f"/{call.tenant.name}/sign-in",
    )
