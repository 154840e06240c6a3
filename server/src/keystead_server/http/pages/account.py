"""Security info: everything that one signs in with, what changed lately, recent sign-ins, and the way out."""

from dataclasses import replace

from starlette.responses import Response

from keystead_server.domain.ids import PasskeyId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.sign_in import Method
from keystead_server.flows.manage_passkey import Done, NotDone
from keystead_server.http import cookies
from keystead_server.http.call import Call, parse_pairs
from keystead_server.http.continuation import Continuation
from keystead_server.http.pages.addable import addable
from keystead_server.http.pages.lines import attempt_lines, device_line, passkey_lines
from keystead_server.http.pages.method_lines import method_lines, pass_line
from keystead_server.http.pages.next_page import named, sign_in_address
from keystead_server.http.pages.own_events import own_events
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.pages.uses import LOOKED_THROUGH, uses
from keystead_server.http.problems import NOT_FOUND, Problem, Refuse

RECENT = 10

_NOTICES = {
    "passkey_added": "Your passkey was added. From now on you can sign in with it.",
    "passkey_renamed": "The passkey has a new name.",
    "passkey_acknowledged": "Noted: you know of this passkey.",
    "passkey_removed": "The passkey was removed. If your device still offers it, delete it there too.",
    "password_set": "Your password was set.",
    "totp_added": "Your authenticator app was added.",
    "totp_renamed": "The authenticator app has a new name.",
    "method_removed": "It was removed.",
}
_OTHER_PASSKEY = "Sign in with a passkey that you added yourself, and say it again: this one cannot speak for itself."
_NOT_REMOVED = {
    "sign_in_not_fresh": "To remove a passkey you must have signed in within the last five minutes.",
    "stronger_method_needed": (
        "You signed in with a Temporary Access Pass. To remove a passkey, sign in with a passkey first."
    ),
}


async def show(call: Call) -> Response:
    return await show_account(call)


async def show_account(
    call: Call, *, wrong_name: tuple[str, str, str] | None = None, alert: str | None = None, status: int = 200
) -> Response:
    """The page; *wrong_name* is a name that was refused: whose, what was typed, and why."""
    owner, store = call.signed_in, call.services.store
    held = await call.services.held_methods.of(owner.user, owner.groups)
    attempts = await store.logs.attempts(call.tenant.id, limit=LOOKED_THROUGH, user=owner.user.id)
    used = await uses(call, attempts)
    lines = await passkey_lines(call, held.passkeys, owner.user, owner.groups, used)
    access_pass = pass_line(call, await store.passes.of_user(call.tenant.id, owner.user.id), held, used)
    devices = await store.devices.of_user(call.tenant.id, owner.user.id)
    return page(
        call,
        "account.html",
        status=status,
        user=owner.user,
        passkeys=lines,
        devices=[device_line(device) for device in devices],
        stranded=bool(lines) and all(line.quarantine or line.out for line in lines),
        others=[*([] if access_pass is None else [access_pass]), *method_lines(held, used)],
        addable=await addable(call, held),
        events=await own_events(call),
        attempts=await attempt_lines(call, attempts[:RECENT], held.passkeys),
        with_pass=owner.session.used(Method.TEMPORARY_ACCESS_PASS),
        session=owner.session,
        rp_id=call.services.relying_party.rp_id,
        notice=_NOTICES.get(call.query("done")),
        wrong_name=wrong_name,
        alert=alert,
    )


async def rename(call: Call) -> Response:
    passkey_id, name = PasskeyId(named(call, "passkey")), call.field("name")
    try:
        outcome = await call.services.manage_passkey.rename(call.signed_in, passkey_id, name)
    except Invalid as invalid:
        return await show_account(call, wrong_name=(passkey_id, name, invalid.message), status=422)
    if isinstance(outcome, NotDone):
        raise Refuse(NOT_FOUND)
    return see_other(f"/{call.tenant.name}/account?done=passkey_renamed")


async def acknowledge(call: Call) -> Response:
    passkey = await _own(call)
    match await call.services.manage_passkey.acknowledge(call.signed_in, passkey.id):
        case Done():
            return see_other(f"/{call.tenant.name}/account?done=passkey_acknowledged")
        case NotDone("other_passkey_needed"):
            return await show_account(call, alert=_OTHER_PASSKEY, status=422)
        case NotDone():
            raise Refuse(NOT_FOUND)


async def ask_to_remove(call: Call) -> Response:
    return await _removal(call, await _own(call))


async def remove(call: Call) -> Response:
    passkey = await _own(call)
    outcome = await call.services.manage_passkey.remove_own(
        call.signed_in, passkey.id, even_the_last=call.field("even_the_last") == "yes"
    )
    match outcome:
        case Done():
            return see_other(f"/{call.tenant.name}/account?done=passkey_removed")
        case NotDone("passkey_not_found"):
            raise Refuse(NOT_FOUND)
        case NotDone(code):
            return await _removal(call, passkey, code=code, status=422)


async def _own(call: Call) -> Passkey:
    """The passkey that the address names, when it is the asking person's own."""
    passkey = await call.services.store.passkeys.get(call.tenant.id, PasskeyId(named(call, "passkey")))
    if passkey is None or passkey.user_id != call.user.id:
        raise Refuse(NOT_FOUND)
    return passkey


async def _removal(call: Call, passkey: Passkey, *, code: str | None = None, status: int = 200) -> Response:
    owner = call.signed_in
    if not owner.session.is_fresh(call.services.clock.now()):
        code = "sign_in_not_fresh"
    elif not owner.session.used(Method.PASSKEY):
        code = "stronger_method_needed"
    held = await call.services.held_methods.of(owner.user, owner.groups)
    (line,) = await passkey_lines(call, [passkey], owner.user, owner.groups)
    return page(
        call,
        "remove-passkey.html",
        status=status,
        line=line,
        last=await call.services.manage_passkey.is_last(owner, passkey),
        only=len(held.passkeys) == 1,
        other_way=replace(held, usable=()).way_in,
        unconfirmed=code == "last_passkey",
        why_not=_NOT_REMOVED.get(code or ""),
        sign_in_again=sign_in_address(call, f"/{call.tenant.name}/account/passkeys/{passkey.id}/remove"),
    )


async def sign_out(call: Call) -> Response:
    await call.services.sign_out.here(call.signed_in)
    return _signed_out(call)


async def sign_out_everywhere(call: Call) -> Response:
    await call.services.sign_out.everywhere(call.signed_in)
    return _signed_out(call)


def _signed_out(call: Call) -> Response:
    call.cookies_to_set.append(cookies.clear_session(call.services, call.tenant))
    return see_other(f"/{call.tenant.name}/signed-out")


async def signed_out(call: Call) -> Response:
    return page(call, "signed-out.html")


async def ask_to_sign_out(call: Call) -> Response:
    """An app asked that the person be signed out, and could not show that it may."""
    asked = Continuation.open(call.services, call.tenant, call.query("request"))
    if asked is None:
        raise Refuse(Problem(400, "continuation_stale", "This took too long. Go back to the app and start again."))
    pairs = parse_pairs(asked.to.partition("?")[2])
    return page(
        call,
        "sign-out.html",
        username=call.user.username,
        pairs=pairs,
        ends_at=[value for name, value in pairs if name == "post_logout_redirect_uri"],
    )
