"""Sign in with a passkey: the page, the challenge, and the answer.

The two JSON addresses are the warm path of the server: no template, no reads but the flow's.
"""

import msgspec
from starlette.responses import Response

from keystead_server.domain.sign_in import Method
from keystead_server.flows.attempts import Refused
from keystead_server.flows.foresee import leads_in
from keystead_server.flows.sign_in import SignedIn
from keystead_server.http import cookies
from keystead_server.http.access_problems import blocked_early, told_whole
from keystead_server.http.call import Call
from keystead_server.http.continuation import Continuation
from keystead_server.http.pages import words
from keystead_server.http.pages.next_page import (
    after_sign_in,
    asking_app,
    continuation,
    printable,
    visitor,
    with_continue,
)
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.pages.this_device import on_from_sign_in, this_device
from keystead_server.http.problems import MALFORMED, TENANT_UNKNOWN, Refuse
from keystead_server.policy.access.early import MayContinue
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.methods.offered import is_offered

_encode = msgspec.json.Encoder().encode


class _Asked(msgspec.Struct):
    username: str | None = None


_read_asked = msgspec.json.Decoder(_Asked).decode


async def show(call: Call) -> Response:
    going = continuation(call)
    # A held session leads nowhere but here: its owner may have a passkey, and must use it.
    if going is None and call.owner is not None and not await call.services.duty.holds(call.owner):
        return see_other(after_sign_in(call, None))
    version = await _policy_version(call)
    early = await call.services.foresee(call.tenant.id, visitor(call, going), call.owner, policy_version=version)
    if isinstance(early, Refused):
        # Whoever it is and whatever they prove: nobody is asked for anything.
        raise Refuse(blocked_early(early.attempt_id))
    app = await asking_app(call, going)
    base = f"/{call.tenant.name}/sign-in"
    return page(
        call,
        "sign-in.html",
        app_name=None if app is None else app.name,
        sealed=call.query("continue") if going is not None else "",
        options_address=f"{base}/options",
        assertion_address=with_continue(call, f"{base}/assertion", going),
        other_ways=_other_ways(call, going, early, await call.services.methods.at(call.tenant.id, version)),
    )


async def _policy_version(call: Call) -> int:
    """Which policies hold at this request: one small read, and what they say is compiled already."""
    if call.owner is not None:
        return call.owner.policy_version
    tenant = await call.services.store.tenants.by_name(call.tenant.name)
    if tenant is None:
        raise Refuse(TENANT_UNKNOWN)
    return tenant.policy_version


def _other_ways(
    call: Call, going: Continuation | None, early: MayContinue, policy: MethodsPolicy
) -> list[tuple[str, str]]:
    """What the tenant lets anybody use besides passkeys, as far as it can lead in; the same whoever is asking."""
    ways = (
        (Method.PASSWORD, "password", "Use a password"),
        (Method.TEMPORARY_ACCESS_PASS, "pass", "Use a Temporary Access Pass"),
    )
    base = f"/{call.tenant.name}/sign-in"
    return [
        (with_continue(call, f"{base}/{path}", going), said)
        for method, path, said in ways
        if is_offered(policy, method) and leads_in(early, method)
    ]


async def options(call: Call) -> Response:
    try:
        asked = _read_asked(call.body)
    except msgspec.DecodeError:
        raise Refuse(MALFORMED) from None
    username = printable(asked.username or "").strip()
    begun = await call.services.sign_in.begin(call.tenant, call.visitor, username or None)
    return json(begun)


async def assertion(call: Call) -> Response:
    going = continuation(call)
    outcome = await call.services.sign_in.finish(call.tenant, visitor(call, going), call.body)
    match outcome:
        case SignedIn() as signed_in:
            call.cookies_to_set.append(cookies.set_session(call.services, call.tenant, signed_in.session))
            known = this_device(call, signed_in.passkey.id if signed_in.in_this_device else None)
            return json({"redirect": await on_from_sign_in(call, signed_in.owner, known, going)})
        case Refused(code, attempt, policy, access=access):
            message = words.sign_in_refused(code, policy) if access is None else told_whole(access)
            return json({"code": code, "message": message, "correlationId": attempt}, status=401)


def json(body: object, *, status: int = 200) -> Response:
    return Response(_encode(body), status, media_type="application/json")
