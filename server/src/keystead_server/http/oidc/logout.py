"""RP-initiated logout: an app asks, the session ends, the person goes back or stays with us."""

from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from keystead_server.flows.end_session import AskThePerson, NotSafe, SignedOut
from keystead_server.http import cookies
from keystead_server.http.call import FORM_FIELD, Call
from keystead_server.http.continuation import Continuation
from keystead_server.http.oidc.metadata import endpoints
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
        case AskThePerson():
            return _ask(call, pairs)
        case NotSafe(code, detail):
            raise Refuse(Problem(400, code, f"The app asked to sign you out in a way we cannot follow. ({detail})"))


def _ask(call: Call, pairs: list[tuple[str, str]]) -> Response:
    """To our own page, which asks the person and sends the same request back with their agreement."""
    asked = Continuation(f"{endpoints(call).logout}?{urlencode(pairs)}", call.services.clock.now())
    query = urlencode({"request": asked.seal(call.services, call.tenant)})
    return RedirectResponse(f"/{call.path['tenant']}/sign-out?{query}", 303)
