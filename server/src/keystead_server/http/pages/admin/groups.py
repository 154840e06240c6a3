"""Groups, and who is in them."""

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Group
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors, the_group, the_user
from keystead_server.http.pages.next_page import printable
from keystead_server.http.pages.render import page, see_other

_NOTICES = {"created": "The group was added.", "added": "They are in the group.", "left": "They left the group."}


async def show_all(call: Call) -> Response:
    return await _list(call)


async def create(call: Call) -> Response:
    try:
        group = await call.services.manage_group.create(call.tenant.id, name=call.field("name"), by=call.actor)
    except Invalid as invalid:
        return await _list(call, Errors.of(invalid), status=422)
    return _done(call, group, "created")


async def show(call: Call) -> Response:
    return await _group(call, await the_group(call))


async def add_member(call: Call) -> Response:
    group = await the_group(call)
    typed = printable(call.field("username"))
    user = await call.services.store.users.by_username(call.tenant.id, typed)
    if user is None:
        return await _group(call, group, Errors({"username": "There is nobody with this username."}), status=422)
    await call.services.manage_group.add_member(group, user, by=call.actor)
    return _done(call, group, "added")


async def remove_member(call: Call) -> Response:
    group, user = await the_group(call), await the_user(call)
    await call.services.manage_group.remove_member(group, user, by=call.actor)
    return _done(call, group, "left")


async def remove(call: Call) -> Response:
    await call.services.manage_group.remove(await the_group(call), by=call.actor)
    return see_other(f"/{call.tenant.name}/admin/groups?done=removed")


def _done(call: Call, group: Group, what: str) -> Response:
    return see_other(f"/{call.tenant.name}/admin/groups/{group.id}?done={what}")


async def _list(call: Call, errors: Errors = NO_ERRORS, *, status: int = 200) -> Response:
    return page(
        call,
        "admin/groups.html",
        status=status,
        groups=await call.services.store.groups.all(call.tenant.id),
        errors=errors,
        name=call.field("name"),
        removed=call.query("done") == "removed",
    )


async def _group(call: Call, group: Group, errors: Errors = NO_ERRORS, *, status: int = 200) -> Response:
    return page(
        call,
        "admin/group.html",
        status=status,
        group=group,
        members=await call.services.store.groups.members(call.tenant.id, group.id),
        errors=errors,
        username=call.field("username"),
        notice=_NOTICES.get(call.query("done")),
    )
