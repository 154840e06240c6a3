"""The people of a tenant: found, listed, added."""

from urllib.parse import urlencode

from starlette.responses import Response

from keystead_server.domain.ids import UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import NO_ERRORS, PAGE_SIZE, Errors
from keystead_server.http.pages.next_page import printable
from keystead_server.http.pages.render import page, see_other


async def show(call: Call) -> Response:
    return await _list(call)


async def create(call: Call) -> Response:
    try:
        user = await call.services.manage_user.create(
            call.tenant.id, username=call.field("username"), display_name=call.field("display_name"), by=call.actor
        )
    except Invalid as invalid:
        return await _list(call, Errors.of(invalid), status=422)
    return see_other(f"/{call.tenant.name}/admin/users/{user.id}?done=created")


async def _list(call: Call, errors: Errors = NO_ERRORS, *, status: int = 200) -> Response:
    search, after = printable(call.query("search")).strip(), printable(call.query("after"))
    found = await call.services.store.users.page(
        call.tenant.id, limit=PAGE_SIZE + 1, after=UserId(after) if after else None, search=search
    )
    users = found[:PAGE_SIZE]
    more = None
    if len(found) > PAGE_SIZE:
        more = "?" + urlencode({"search": search, "after": users[-1].id})
    return page(
        call,
        "admin/people.html",
        status=status,
        users=users,
        search=search,
        first=not after,
        more=more,
        errors=errors,
        username=call.field("username"),
        display_name=call.field("display_name"),
        removed=call.query("done") == "removed",
    )
