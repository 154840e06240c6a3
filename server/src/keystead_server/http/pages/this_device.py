"""Which passkeys live in the device somebody sits at, and the question whether to add one to it.

The question comes after a sign-in that a person has just done by hand. Once "not now" is not offered any
more it comes before an app gets its code as well, until it has an answer: a passkey, or that it does not
work here. That answer counts for the session, so that nobody is led in a circle.
"""

from starlette.responses import Response

from keystead_server.domain.ids import PasskeyId
from keystead_server.domain.session import Session
from keystead_server.flows.register_passkey import NotOffered
from keystead_server.http import cookies
from keystead_server.http.call import Call
from keystead_server.http.continuation import Continuation
from keystead_server.http.pages.next_page import after_sign_in, asking_app, continuation, with_continue
from keystead_server.http.pages.render import page, see_other
from keystead_server.policy.methods.campaign import Ask
from keystead_server.ports.store import SessionOwner


def this_device(call: Call, one_more: PasskeyId | None = None) -> frozenset[PasskeyId]:
    """The passkeys that this browser's cookie knows; *one_more* is remembered in it from now on."""
    services, tenant, browser = call.services, call.tenant, call.visitor.browser
    known = cookies.read_device(services, tenant, browser, call.cookies)
    if one_more is not None and one_more not in known:
        known = (one_more, *known)
        call.cookies_to_set.append(cookies.set_device(services, tenant, browser, known))
    return frozenset(known)


def let_by(call: Call) -> None:
    """The campaign has its answer: no app waits for another one in this session."""
    call.cookies_to_set.append(cookies.set_let_by(call.services, call.tenant, call.signed_in.session.id))


async def on_from_sign_in(
    call: Call, owner: SessionOwner, known_here: frozenset[PasskeyId], going: Continuation | None
) -> str:
    """Where to go on after a sign-in: to the question, when the campaign asks it now."""
    asked = await call.services.suggest_passkey.begin(owner, known_here, call.visitor.user_agent)
    if isinstance(asked, Ask):
        return with_continue(call, f"/{call.tenant.name}/account/passkeys/suggested", going)
    return after_sign_in(call, going)


async def on_from_typing(
    call: Call, session: Session, going: Continuation | None, *, to_first_passkey: bool = False
) -> str:
    """Where to go on after a sign-in with something typed: to a passkey first, where security defaults ask for one.

    *to_first_passkey* is for whoever was let in to add one, and goes nowhere in particular.
    """
    store = call.services.store
    owner = await store.sessions.owner_of(call.tenant.id, session.id)
    if owner is None:
        return after_sign_in(call, going)
    first = to_first_passkey and going is None and not await store.passkeys.of_user(call.tenant.id, session.user_id)
    if first or await call.services.duty.holds(owner):
        return with_continue(call, f"/{call.tenant.name}/account/passkeys/new", going)
    return await on_from_sign_in(call, owner, this_device(call), going)


async def suggest(call: Call) -> Response:
    going = continuation(call)
    known_here = this_device(call)
    offer = await call.services.register_passkey.begin(call.tenant, call.visitor, call.signed_in, known_here=known_here)
    if isinstance(offer, NotOffered):
        # The page was open for too long, or the policy changed: nobody is kept from going on by that. Only
        # where another sign-in helps, `authorize` still asks for it.
        if offer.code != "sign_in_not_fresh":
            let_by(call)
        return see_other(after_sign_in(call, going))
    app = await asking_app(call, going)
    base = f"/{call.tenant.name}/account/passkeys"
    return page(
        call,
        "suggested-passkey.html",
        finish=with_continue(call, base, going),
        failed=with_continue(call, f"{base}/suggested/failed", going),
        on=after_sign_in(call, going),
        forced=await call.services.suggest_passkey.is_forced(call.signed_in),
        app_name=None if app is None else app.name,
        ends_at=() if app is None else app.redirect_uris,
    )


async def failed(call: Call) -> Response:
    """It could not be added here: it costs nobody a "not now"."""
    await call.services.suggest_passkey.failed(call.user)
    let_by(call)
    return see_other(after_sign_in(call, continuation(call)))
