"""RP-initiated logout: an app asks, the session ends, the person goes back or stays with us."""

from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from keystead_server.flows.end_session import AskThePerson, NotSafe, SignedOut
from keystead_server.http import cookies
from keystead_server.http.call import FORM_FIELD, Call
from keystead_server.http.problems import Problem, Refuse


async def logout(call: Call) -> Response:
    """By GET, or by POST from the app's page."""
    pairs = call.form_pairs() if call.scope["method"] == "POST" else call.query_pairs()
    return await _end(call, pairs, confirmed=False)


async def confirm_logout(call: Call) -> Response:
    """The person pressed the button on our page; the form carries our token."""
    pairs = [(name, value) for name, value in call.form_pairs() if name != FORM_FIELD]
    return await _end(call, pairs, confirmed=True)


async def _end(call: Call, pairs: list[tuple[str, str]], *, confirmed: bool) -> Response:
    outcome = await call.services.end_session(call.tenant, pairs, call.owner, confirmed=confirmed)
    match outcome:
        case SignedOut(return_to):
            call.cookies_to_set.append(cookies.clear_session(call.services, call.tenant))
            return RedirectResponse(return_to or f"/{call.path['tenant']}/signed-out", 303)
        case AskThePerson(return_to):
            return _ask(call, pairs, return_to)
        case NotSafe(code, detail):
            raise Refuse(Problem(400, code, f"The app asked to sign you out in a way we cannot follow. ({detail})"))


def _ask(call: Call, pairs: list[tuple[str, str]], return_to: str | None) -> Response:
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in [*pairs, (FORM_FIELD, call.form_token())]
    )
    # Chromium applies form-action to where the answer redirects to as well.
    after = urlsplit(return_to or "")
    targets = f"'self' {after.scheme}://{after.netloc}" if return_to else "'self'"
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Sign out?</title>'
        f"</head><body><main><h1>Sign out?</h1><p>You are signed in as {escape(call.user.username)}.</p>"
        f'<form method="post" action="logout/confirm">{fields}<button>Sign out</button></form></main></body></html>'
    )
    policy = f"default-src 'none'; form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(page, headers={"content-security-policy": policy})
