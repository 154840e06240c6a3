"""Add a passkey: the page, the challenge, and the answer."""

from starlette.responses import Response

from keystead_server.flows.attempts import Refused
from keystead_server.flows.register_passkey import NotOffered, Offered, Registered
from keystead_server.http.call import Call
from keystead_server.http.pages import words
from keystead_server.http.pages.next_page import printable, sign_in_address
from keystead_server.http.pages.render import page
from keystead_server.http.pages.sign_in import json


async def show(call: Call) -> Response:
    offer = await call.services.register_passkey.begin(call.tenant, call.visitor, call.signed_in)
    refusal = offer if isinstance(offer, NotOffered) else None
    stale = refusal is not None and refusal.code == "sign_in_not_fresh"
    again = sign_in_address(call, call.scope["path"]) if stale else None
    existing = await call.services.store.passkeys.of_user(call.tenant.id, call.user.id)
    return page(
        call,
        "new-passkey.html",
        why_not=None if refusal is None else words.not_offered(refusal.code, refusal.policy),
        sign_in_again=again,
        first=not existing,
    )


async def options(call: Call) -> Response:
    offer = await call.services.register_passkey.begin(call.tenant, call.visitor, call.signed_in)
    match offer:
        case Offered(wanted):
            return json(wanted)
        case NotOffered(code, policy):
            message = words.not_offered(code, policy)
            return json({"code": code, "message": message, "correlationId": call.number}, status=403)


async def register(call: Call) -> Response:
    outcome = await call.services.register_passkey.finish(
        call.tenant, call.visitor, call.signed_in, call.body, printable(call.query("name"))
    )
    match outcome:
        case Registered():
            return json({"redirect": f"/{call.tenant.name}/account?done=passkey_added"}, status=201)
        case Refused(code, attempt, policy):
            message = words.registration_refused(code, policy)
            return json({"code": code, "message": message, "correlationId": attempt}, status=422)
