"""Sign in with a password and then a code: two plain forms, which work in any browser."""

from keystead_core.wire import WireError, b64url_decode, b64url_encode
from starlette.responses import Response

from keystead_server.domain.sign_in import Method
from keystead_server.flows.access_gate import Ruling
from keystead_server.flows.attempts import Refused
from keystead_server.flows.finish_sign_in import SignedInWithTwo
from keystead_server.flows.sign_in_with_password import SecondFactorNeeded
from keystead_server.http import cookies
from keystead_server.http.access_problems import BLOCKED, told_whole
from keystead_server.http.call import Call
from keystead_server.http.continuation import Continuation
from keystead_server.http.pages import method_words
from keystead_server.http.pages.door import door
from keystead_server.http.pages.next_page import (
    continuation,
    printable,
    visitor,
    with_continue,
)
from keystead_server.http.pages.render import see_other
from keystead_server.http.pages.this_device import on_from_typing
from keystead_server.policy.methods.offered import is_offered

_PARTIAL_FIELD = "partial"
_METHODS_FIELD = "methods"
_GOES_ON = (Method.SOFTWARE_OATH, Method.RECOVERY_CODE, Method.PASSKEY)
# To these there is no second try with another code: it starts again with the password.
_START_AGAIN = frozenset({"partial_not_ours", "partial_expired", "challenge_spent", "user_unknown", "user_disabled"})


async def show(call: Call) -> Response:
    going = continuation(call)
    if not is_offered(await call.services.methods.now(call.tenant.id), Method.PASSWORD):
        return see_other(with_continue(call, f"/{call.tenant.name}/sign-in", going))
    return await _password_form(call, going, username=call.query("user"))


async def submit_password(call: Call) -> Response:
    going = continuation(call)
    username = printable(call.field("user"))
    # As it was typed: a space at the end is part of a password.
    typed = next((value for key, value in call.form_pairs() if key == "password"), "")
    outcome = await call.services.sign_in_with_password(call.tenant, visitor(call, going), username, typed)
    match outcome:
        case SecondFactorNeeded(sealed, methods):
            return await _code_form(call, going, sealed=sealed, methods=[method.value for method in methods])
        case Refused(code, attempt, against=against):
            # Only who typed the right password learns what the policies say about its owner.
            refused = BLOCKED if code == "access_blocked" else method_words.password_refused(against)
            return await _password_form(call, going, username=username, refused=refused, attempt=attempt, status=401)


async def submit_code(call: Call) -> Response:
    going = continuation(call)
    try:
        sealed = b64url_decode(call.field(_PARTIAL_FIELD))
    except WireError:
        sealed = b""
    outcome = await call.services.finish_sign_in(
        call.tenant, visitor(call, going), sealed, printable(call.field("code"))
    )
    match outcome:
        case SignedInWithTwo(session):
            call.cookies_to_set.append(cookies.set_session(call.services, call.tenant, session))
            return see_other(await on_from_typing(call, session, going))
        case Refused(code, attempt) if code in _START_AGAIN:
            return await _password_form(
                call, going, username="", refused=method_words.code_refused(code), attempt=attempt, status=401
            )
        case Refused(_, attempt, access=Ruling() as ruling):
            return await _password_form(
                call, going, username="", refused=told_whole(ruling), attempt=attempt, status=401
            )
        case Refused(code, attempt, against=against):
            return await _code_form(
                call, going, sealed=sealed, methods=call.fields(_METHODS_FIELD),
                refused=method_words.code_refused(code, against), attempt=attempt, status=401,
            )  # fmt: skip


async def _password_form(
    call: Call,
    going: Continuation | None,
    *,
    username: str,
    refused: str | None = None,
    attempt: str | None = None,
    status: int = 200,
) -> Response:
    return await door(
        call,
        "password.html",
        going,
        status=status,
        action=with_continue(call, f"/{call.tenant.name}/sign-in/password", going),
        username=username,
        refused=refused,
        attempt=attempt,
    )


async def _code_form(
    call: Call,
    going: Continuation | None,
    *,
    sealed: bytes,
    methods: list[str],
    refused: str | None = None,
    attempt: str | None = None,
    status: int = 200,
) -> Response:
    """*methods* only chooses the words; what is accepted is decided by what was sealed."""
    base = f"/{call.tenant.name}/sign-in"
    return await door(
        call,
        "code.html",
        going,
        status=status,
        action=with_continue(call, f"{base}/code", going),
        again=with_continue(call, f"{base}/password", going),
        partial=b64url_encode(sealed),
        methods=[method for method in methods if method in _GOES_ON],
        refused=refused,
        attempt=attempt,
    )
