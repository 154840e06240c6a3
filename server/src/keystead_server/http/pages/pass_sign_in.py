"""Sign in with a Temporary Access Pass: a plain form, so that it works in any browser."""

from starlette.responses import Response

from keystead_server.flows.access_gate import Ruling
from keystead_server.flows.attempts import Refused
from keystead_server.flows.sign_in_with_pass import SignedInWithPass
from keystead_server.http import cookies
from keystead_server.http.access_problems import told_whole
from keystead_server.http.call import Call
from keystead_server.http.continuation import Continuation
from keystead_server.http.pages import words
from keystead_server.http.pages.door import door
from keystead_server.http.pages.next_page import (
    continuation,
    printable,
    visitor,
    with_continue,
)
from keystead_server.http.pages.render import see_other
from keystead_server.http.pages.this_device import on_from_typing


async def show(call: Call) -> Response:
    """The form, filled in by the link that an administrator handed over."""
    return await _form(call, continuation(call), username=call.query("user"), code=call.query("pass"))


async def submit(call: Call) -> Response:
    going = continuation(call)
    username = printable(call.field("user"))
    outcome = await call.services.sign_in_with_pass(
        call.tenant, visitor(call, going), username, printable(call.field("pass"))
    )
    match outcome:
        case SignedInWithPass(session):
            call.cookies_to_set.append(cookies.set_session(call.services, call.tenant, session))
            return see_other(await on_from_typing(call, session, going, to_first_passkey=True))
        case Refused(_, attempt, access=Ruling() as ruling):
            # Only who typed the right pass gets here.
            return await _form(call, going, username=username, attempt=attempt, refused=told_whole(ruling), status=401)
        case Refused(_, attempt):
            # One answer for every reason: which one it was would tell which names are known.
            return await _form(call, going, username=username, attempt=attempt, status=401)


async def _form(
    call: Call,
    going: Continuation | None,
    *,
    username: str,
    code: str = "",
    attempt: str | None = None,
    refused: str = words.PASS_REFUSED,
    status: int = 200,
) -> Response:
    return await door(
        call,
        "pass.html",
        going,
        status=status,
        action=with_continue(call, f"/{call.tenant.name}/sign-in/pass", going),
        username=username,
        code=code,
        refused=refused if attempt else None,
        attempt=attempt,
    )
