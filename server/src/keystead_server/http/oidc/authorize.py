"""The authorization endpoint: to the app with a code, or to our sign-in page first."""

from datetime import datetime
from html import escape
from urllib.parse import urlsplit

from keystead_core.oidc.reply import Parameters, ReplyTo, ResponseMode, location
from starlette.responses import HTMLResponse, Response

from keystead_server.domain.app import App
from keystead_server.domain.tenant import Tenant
from keystead_server.flows.authorize import (
    AcceptFirst,
    ChangePasswordFirst,
    Denied,
    NotSafe,
    RegisterFirst,
    Reply,
    SignInFirst,
)
from keystead_server.flows.registration_duty import Here
from keystead_server.http import cookies
from keystead_server.http.access_problems import access_problem
from keystead_server.http.call import Call, parse_pairs
from keystead_server.http.continuation import Continuation
from keystead_server.http.oidc.metadata import endpoints
from keystead_server.http.problems import Problem, Refuse

_NOT_SAFE = {
    "client_unknown": "The app that sent you here is not registered with this organisation.",
    "redirect_uri_not_registered": "The app that sent you here wants its answer at an address it has not registered.",
}


async def authorize(call: Call) -> Response:
    return await _judge(call, call.query_pairs(), call.query_string)


async def authorize_by_form(call: Call) -> Response:
    """The same by POST (OpenID Connect Core §3.1.2.1)."""
    return await _judge(call, call.form_pairs(), call.body.decode("ascii"))


async def resume(call: Call) -> Response:
    """Back from the sign-in page: the same request, judged anew."""
    continuation = Continuation.open(call.services, call.tenant, call.query("continue"))
    if continuation is None or continuation.app_id is None:
        raise Refuse(
            Problem(400, "continuation_stale", "This sign-in took too long. Go back to the app and start again.")
        )
    _, _, query = continuation.to.partition("?")
    return await _judge(call, parse_pairs(query), query, asked_at=continuation.asked_at)


async def _judge(call: Call, pairs: list[tuple[str, str]], query: str, *, asked_at: datetime | None = None) -> Response:
    here = _here(call)
    outcome = await call.services.authorize(
        call.tenant,
        pairs,
        call.owner,
        issuer=endpoints(call).issuer,
        visitor=call.visitor,
        asked_at=asked_at,
        here=here,
    )
    match outcome:
        case Reply(reply_to, parameters) if reply_to.response_mode is ResponseMode.FORM_POST:
            return _form_post(reply_to, parameters)
        case Reply(reply_to, parameters):
            return _go_on_to(location(reply_to.redirect_uri, parameters))
        case SignInFirst(app, login_hint):
            continuation = Continuation(
                to=f"{endpoints(call).authorize}?{query}", asked_at=call.services.clock.now(), app_id=app.id
            )
            return _to_sign_in(call, call.tenant, continuation, login_hint)
        case RegisterFirst(app, on_this_device):
            if on_this_device:
                # One asking more than "not now" is offered; the page asks until it has its answer.
                await call.services.suggest_passkey.begin(call.signed_in, here.known, here.user_agent)
            page = "suggested" if on_this_device else "new"
            return _to_our_page(call, f"account/passkeys/{page}", app, query, asked_at)
        case AcceptFirst(app):
            return _to_our_page(call, "terms", app, query, asked_at)
        case ChangePasswordFirst(app):
            return _to_our_page(call, "account/password", app, query, asked_at)
        case Denied(refused, ruling):
            raise Refuse(access_problem(ruling, refused.attempt_id))
        case NotSafe(code, detail):
            words = _NOT_SAFE.get(code, "The app that sent you here made a request that cannot be answered.")
            raise Refuse(Problem(400, code, f"{words} ({detail})"))


def _to_our_page(call: Call, page: str, app: App, query: str, asked_at: datetime | None) -> Response:
    """To *page*, which leads back to this request."""
    # The time of the first asking stays: the sign-in that was made for it still satisfies it.
    first = asked_at or call.services.clock.now()
    waiting = Continuation(f"{endpoints(call).authorize}?{query}", first, app.id)
    sealed = waiting.seal(call.services, call.tenant)
    return _go_on_to(f"/{call.path['tenant']}/{page}?continue={sealed}")


def _here(call: Call) -> Here:
    if call.owner is None:
        return Here()
    known = cookies.read_device(call.services, call.tenant, call.visitor.browser, call.cookies)
    let_by = cookies.is_let_by(call.services, call.tenant, call.owner.session.id, call.cookies)
    return Here(call.visitor.user_agent, frozenset(known), let_by)


def _to_sign_in(call: Call, tenant: Tenant, continuation: Continuation, login_hint: str | None) -> Response:
    parameters = [("continue", continuation.seal(call.services, tenant))]
    if login_hint:
        parameters.append(("user", login_hint))
    return _go_on_to(location(f"/{call.path['tenant']}/sign-in", parameters))


def _go_on_to(address: str) -> Response:
    # Not RedirectResponse: it would encode once more what is encoded.
    return Response(status_code=303, headers={"location": address})


def _form_post(reply_to: ReplyTo, parameters: Parameters) -> Response:
    """A page that posts itself to the app; without JavaScript the person presses the button."""
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in parameters
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Back to the app</title>'
        '<script src="form-post.js" defer></script></head><body>'
        f'<form method="post" action="{escape(reply_to.redirect_uri)}">{fields}'
        "<p>You are signed in.</p><button>Continue to the app</button></form></body></html>"
    )
    policy = f"default-src 'none'; script-src 'self'; form-action {_source(reply_to.redirect_uri)}; base-uri 'none'"
    return HTMLResponse(page, headers={"content-security-policy": f"{policy}; frame-ancestors 'none'"})


def _source(uri: str) -> str:
    """*uri* as a content security policy names where it leads: an origin, or an app's own scheme."""
    target = urlsplit(uri)
    return f"{target.scheme}://{target.netloc}" if target.netloc else f"{target.scheme}:"


async def form_post_script(_: Call) -> Response:
    return Response("document.forms[0].submit();\n", media_type="text/javascript")
