"""The page that says what went wrong and what to do."""

from typing import NamedTuple

from starlette.responses import Response

from keystead_server.http.access_problems import SIGN_IN
from keystead_server.http.call import Call
from keystead_server.http.pages.next_page import password_address, register_address, sign_in_address, terms_address
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.problems import NOT_SIGNED_IN, REGISTER_FIRST, Problem


class _Advice(NamedTuple):
    title: str
    what_to_do: str


_BY_CODE = {
    "not_signed_in": _Advice("You are not signed in", "Your session has ended. Sign in and repeat what you did."),
    "tenant_unknown": _Advice(
        "No such organisation", "Addresses here begin with the name of your organisation; a letter may be wrong."
    ),
    "form_stale": _Advice("This form is too old", "Nothing was changed. Open the page again and repeat."),
    "cross_site_request": _Advice(
        "This did not come from our page", "Nothing was changed. If you did not press anything, close this page."
    ),
}
_UNDER_POLICY = {
    "access_blocked": _Advice("You cannot get in here now", "Ask an administrator and quote the number below."),
    "access_controls_required": _Advice("Your organisation asks for more", "Sign in again."),
    "terms_not_accepted": _Advice("There are terms to accept", "Read them, and accept them to go on."),
    "password_change_needed": _Advice("Your password must be changed", "Change it to go on."),
    "access_needs_passkey": _Advice("Your organisation asks for more", "Add a passkey, and sign in with it."),
}
_BY_STATUS = {
    403: _Advice("You may not do this", "If you need to, ask an administrator and quote the number below."),
    404: _Advice("Nothing is here", "It may have been removed, or a letter of the address may be wrong."),
    405: _Advice("This address works differently", "Go back and use the links on the page."),
    413: _Advice("This is too large", "Send less at once."),
    429: _Advice("Too many requests", "Wait for a moment, then try again. Nothing is lost."),
    503: _Advice("Out of order for a moment", "Nothing is lost. Wait for a moment, then try again."),
    500: _Advice("Something broke", "It is not your fault. Try again; if it stays, quote the number below."),
}
_OTHERWISE = _Advice("This did not work", "Go back and try again; if it stays, quote the number below.")


async def problem_page(call: Call, problem: Problem) -> Response:
    """Answer with *problem* as a page; somebody who only has to sign in is sent to do so."""
    if problem is NOT_SIGNED_IN and call.scope["method"] in ("GET", "HEAD"):
        return see_other(sign_in_address(call, _here(call)))
    if problem is REGISTER_FIRST and call.scope["method"] in ("GET", "HEAD"):
        return see_other(register_address(call, _here(call)))
    if problem.code == "terms_not_accepted" and call.scope["method"] in ("GET", "HEAD"):
        return see_other(terms_address(call, _here(call)))
    if problem.code == "password_change_needed" and call.scope["method"] in ("GET", "HEAD"):
        return see_other(password_address(call, _here(call)))
    advice = _BY_CODE.get(problem.code) or _UNDER_POLICY.get(problem.code) or _BY_STATUS.get(problem.status, _OTHERWISE)
    return page(
        call,
        "problem.html",
        status=problem.status,
        title=advice.title,
        message=problem.message,
        what_to_do=problem.what_to_do or advice.what_to_do,
        number=problem.number or call.number,
        way_on=_way_on(call, problem),
    )


def _here(call: Call) -> str:
    path = (call.scope.get("raw_path") or call.scope["path"].encode()).split(b"?")[0].decode("latin-1")
    return f"{path}?{call.query_string}" if call.query_string else path


def _way_on(call: Call, problem: Problem) -> tuple[str, str] | None:
    """The address and words of the one link that helps most."""
    if problem.status in (429, 503) and call.scope["method"] == "GET":
        return "/" + _here(call).lstrip("/"), "Try again"
    if call.maybe_tenant is None:
        return "/", "Go to the start"
    if problem is NOT_SIGNED_IN:
        return sign_in_address(call, f"/{call.tenant.name}/account"), "Sign in"
    if problem.code == "access_needs_passkey":
        return register_address(call, f"/{call.tenant.name}/account"), "Add a passkey"
    if problem.code == "terms_not_accepted":
        return terms_address(call, f"/{call.tenant.name}/account"), "Read the terms"
    if problem.code == "password_change_needed":
        return password_address(call, f"/{call.tenant.name}/account"), "Change the password"
    if problem.code == "access_controls_required":
        here = "/" + _here(call).lstrip("/") if call.scope["method"] == "GET" else f"/{call.tenant.name}/account"
        # Where signing in otherwise is in vain, what they do elsewhere may have helped.
        in_vain = problem.what_to_do not in ("", SIGN_IN)
        return (here, "Try again") if in_vain else (sign_in_address(call, here), "Sign in again")
    if problem.code == "access_blocked":
        return None
    return f"/{call.tenant.name}/account", "Go to your account"
