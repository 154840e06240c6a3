"""`groups`, who is in them, and which ones somebody is in."""

import re
from collections.abc import Callable, Mapping

from starlette.responses import Response

from keystead_server.domain.ids import GroupId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Group, User, fold
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import (
    body_of,
    count_of,
    in_order,
    list_page,
    named,
    no_content,
    object_of,
    query_of,
    single,
    text,
    wanted,
)
from keystead_server.http.graph.odata.filter import Fields
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE, refused
from keystead_server.http.graph.users import COLLECTION as USERS
from keystead_server.http.graph.users import KEYS as KEYS_OF_USERS
from keystead_server.http.graph.users import directory_object, the_user
from keystead_server.http.problems import Problem, Refuse

_FIELDS: Fields = {"id": Kind.TEXT, "displayName": Kind.TEXT, "createdDateTime": Kind.MOMENT}
_PROPERTIES = frozenset({"id", "displayName", "createdDateTime", "securityEnabled", "mailEnabled", "groupTypes"})
COLLECTION = Collection(_PROPERTIES, _FIELDS, ("id", "displayName"), countable=True, kind="Group")
_KEYS: Mapping[str, Callable[[Group], list[str]]] = {
    "id": lambda group: [group.id],
    "displayName": lambda group: [fold(group.name), group.id],
}
_MEMBER = re.compile(r"https?://[^\s?#]+/(?:directoryObjects|users)/([^/\s?#]+)/?")
_MEMBER_MALFORMED = Problem(400, "property_malformed", "@odata.id must be the address of a user.", target="@odata.id")


def _entity(group: Group) -> Entity:
    return {
        "id": group.id,
        "displayName": group.name,
        "createdDateTime": group.created_at,
        "securityEnabled": True,
        "mailEnabled": False,
        "groupTypes": [],
    }


async def the_group(call: Call) -> Group:
    group = await call.services.store.groups.get(call.tenant.id, GroupId(named(call, "group")))
    if group is None:
        raise Refuse(NOT_THERE)
    return group


async def list_groups(call: Call) -> Response:
    query = query_of(call, COLLECTION)
    groups = await call.services.store.groups.all(call.tenant.id)
    return await list_page(call, "groups", query, in_order(groups, query, _KEYS, _entity))


async def count_groups(call: Call) -> Response:
    query = query_of(call, COLLECTION)
    groups = await call.services.store.groups.all(call.tenant.id)
    return text(call, str(await count_of(query, in_order(groups, query, _KEYS, _entity))))


async def get_group(call: Call) -> Response:
    return single(call, "groups", _entity(await the_group(call)), _PROPERTIES)


async def create_group(call: Call) -> Response:
    body = body_of(call, "displayName", "mailNickname", "mailEnabled", "securityEnabled", "groupTypes")
    # Ours decide who may do what; they have no mailbox, and nobody joins them by a rule.
    if wanted(body, "mailEnabled", bool) or wanted(body, "securityEnabled", bool) is False or body.get("groupTypes"):
        raise Refuse(Problem(400, "group_kind_unsupported", "Groups here are security groups without a mailbox."))
    try:
        name = wanted(body, "displayName", str) or ""
        group = await call.services.manage_group.create(call.tenant.id, name=name, by=call.actor)
    except Invalid as invalid:
        raise refused(invalid, names={"name": "displayName"}) from None
    return single(call, "groups", _entity(group), _PROPERTIES, status=201)


async def remove_group(call: Call) -> Response:
    await call.services.manage_group.remove(await the_group(call), by=call.actor)
    return no_content(call)


async def list_members(call: Call) -> Response:
    query = query_of(call, USERS)
    group = await the_group(call)
    members = await call.services.store.groups.members(call.tenant.id, group.id)
    source = in_order(members, query, KEYS_OF_USERS, directory_object)
    return await list_page(call, "directoryObjects", query, source)


async def list_groups_of(call: Call) -> Response:
    query = query_of(call, COLLECTION)
    user = await the_user(call)
    groups = await call.services.store.users.groups_of(call.tenant.id, user.id)
    source = in_order(groups, query, _KEYS, _directory_object)
    return await list_page(call, "directoryObjects", query, source)


def _directory_object(group: Group) -> Entity:
    return {"@odata.type": "#microsoft.graph.group", **_entity(group)}


async def add_member(call: Call) -> Response:
    reference = object_of(call).get("@odata.id")
    written = _MEMBER.fullmatch(reference) if isinstance(reference, str) else None
    if written is None:
        raise Refuse(_MEMBER_MALFORMED)
    await call.services.manage_group.add_member(await the_group(call), await _user(call, written[1]), by=call.actor)
    return no_content(call)


async def remove_member(call: Call) -> Response:
    group, user = await the_group(call), await _user(call, named(call, "member"))
    await call.services.manage_group.remove_member(group, user, by=call.actor)
    return no_content(call)


async def _user(call: Call, name: str) -> User:
    user = await call.services.store.users.get(call.tenant.id, UserId(name))
    if user is None:
        raise Refuse(NOT_THERE)
    return user
