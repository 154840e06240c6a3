"""Rename and remove what one signs in with besides passkeys."""

from starlette.responses import Response

from keystead_server.domain.ids import TotpId
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.manage_methods import Done
from keystead_server.flows.method_gate import NotDone
from keystead_server.http.call import Call
from keystead_server.http.pages.account import show_account
from keystead_server.http.pages.method_lines import method_lines
from keystead_server.http.pages.next_page import named
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.pages.set_up import obstacle
from keystead_server.http.pages.uses import NO_USES
from keystead_server.http.problems import NOT_FOUND, Refuse


async def rename(call: Call) -> Response:
    method_id, name = named(call, "method"), call.field("name")
    try:
        outcome = await call.services.manage_methods.rename_totp(call.signed_in, TotpId(method_id), name)
    except Invalid as invalid:
        return await show_account(call, wrong_name=(method_id, name, invalid.message), status=422)
    if isinstance(outcome, NotDone):
        raise Refuse(NOT_FOUND)
    return see_other(f"/{call.tenant.name}/account?done=totp_renamed")


async def ask_to_remove(call: Call) -> Response:
    method_id = named(call, "method")
    return await _removal(
        call, method_id, await call.services.manage_methods.against_removing(call.signed_in, method_id)
    )


async def remove(call: Call) -> Response:
    method_id = named(call, "method")
    outcome = await call.services.manage_methods.remove_own(
        call.signed_in, method_id, even_the_last=call.field("even_the_last") == "yes"
    )
    match outcome:
        case Done():
            return see_other(f"/{call.tenant.name}/account?done=method_removed")
        case NotDone():
            return await _removal(call, method_id, outcome, unconfirmed=outcome.code == "last_method", status=422)


async def _removal(
    call: Call, method_id: str, against: NotDone | None, *, unconfirmed: bool = False, status: int = 200
) -> Response:
    held = await call.services.held_methods.of(call.user, call.signed_in.groups)
    line = next((each for each in method_lines(held, NO_USES) if each.id == method_id), None)
    if line is None:
        raise Refuse(NOT_FOUND)
    last = against is not None and against.code == "last_method"
    return page(
        call, "remove-method.html", status=status, line=line, last=last, unconfirmed=unconfirmed,
        obstacle=None if last else obstacle(call, against),
    )  # fmt: skip
