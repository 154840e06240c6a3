"""Add a passkey: the page, the challenge, the answer, and what the browser said when it had none."""

import msgspec
from keystead_core.wire import WireError, b64url_decode
from starlette.responses import Response

from keystead_server.flows.attempts import Refused
from keystead_server.flows.register_passkey import NotOffered, Offered, Registered, may_be_conditional
from keystead_server.http.call import Call
from keystead_server.http.continuation import Continuation
from keystead_server.http.pages import words
from keystead_server.http.pages.next_page import (
    after_sign_in,
    asking_app,
    continuation,
    printable,
    sign_in_address,
    with_continue,
)
from keystead_server.http.pages.render import page
from keystead_server.http.pages.sign_in import json
from keystead_server.http.pages.this_device import let_by, this_device
from keystead_server.http.problems import MALFORMED, Refuse

# Refused, and kept all the same: by this account or another, or by the answer that came first.
_KEPT_ALL_THE_SAME = frozenset({"passkey_already_registered", "challenge_spent"})


class _Asked(msgspec.Struct):
    conditional: bool = False
    elsewhere: bool = False


class _Abandoned(msgspec.Struct):
    challenge: str
    error: str


_read_asked = msgspec.json.Decoder(_Asked).decode
_read_abandoned = msgspec.json.Decoder(_Abandoned).decode


async def show(call: Call) -> Response:
    going = continuation(call)
    known_here = this_device(call)
    offer = await call.services.register_passkey.begin(call.tenant, call.visitor, call.signed_in, known_here=known_here)
    refusal = offer if isinstance(offer, NotOffered) else None
    stale = refusal is not None and refusal.code == "sign_in_not_fresh"
    elsewhere = refusal is not None and refusal.code == "hello_key_on_this_device"
    existing = await call.services.store.passkeys.of_user(call.tenant.id, call.user.id)
    held = await call.services.duty.holds(call.signed_in)
    app = await asking_app(call, going)
    return page(
        call,
        "new-passkey.html",
        why_not=None if refusal is None else words.not_offered(refusal.code, refusal.policy),
        sign_in_again=_sign_in(call, going, back_here=True) if stale else None,
        sign_in_with_it=_sign_in(call, going) if held and existing else None,
        finish=with_continue(call, f"/{call.tenant.name}/account/passkeys", going),
        held=held,
        app_name=None if app is None else app.name,
        first=not existing,
        elsewhere=elsewhere,
        conditional=not elsewhere and may_be_conditional(call.signed_in, existing),
    )


def _sign_in(call: Call, going: Continuation | None, *, back_here: bool = False) -> str:
    """The sign-in page, which leads on to where the person was going, or back to this page."""
    if going is not None:
        return with_continue(call, f"/{call.tenant.name}/sign-in", going)
    return sign_in_address(call, call.scope["path"] if back_here else f"/{call.tenant.name}/account")


async def options(call: Call) -> Response:
    try:
        asked = _read_asked(call.body)
    except msgspec.DecodeError:
        raise Refuse(MALFORMED) from None
    begin = call.services.register_passkey.begin
    offer = await begin(
        call.tenant,
        call.visitor,
        call.signed_in,
        conditional=asked.conditional,
        known_here=this_device(call),
        elsewhere=asked.elsewhere,
    )
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
        case Registered(passkey, in_this_device):
            this_device(call, passkey.id if in_this_device else None)
            let_by(call)
            return json({"redirect": await _on(call)}, status=201)
        case Refused(code, attempt, policy):
            message = words.registration_refused(code, policy)
            # The device has made it already; without this it would go on offering what nobody takes.
            forget = code not in _KEPT_ALL_THE_SAME
            return json({"code": code, "message": message, "correlationId": attempt, "forget": forget}, status=422)


async def abandon(call: Call) -> Response:
    """Nothing to show for it: the page has said already what the browser said."""
    try:
        said = _read_abandoned(call.body)
        challenge = b64url_decode(said.challenge)
    except (msgspec.DecodeError, WireError):
        raise Refuse(MALFORMED) from None
    await call.services.abandon_registration(call.tenant, call.visitor, call.signed_in, challenge, said.error)
    return Response(status_code=204)


async def _on(call: Call) -> str:
    """Where to go on: for whom security defaults still hold, to signing in with the new passkey."""
    going = continuation(call)
    if await call.services.duty.holds(call.signed_in):
        return _sign_in(call, going)
    return f"/{call.tenant.name}/account?done=passkey_added" if going is None else after_sign_in(call, going)
