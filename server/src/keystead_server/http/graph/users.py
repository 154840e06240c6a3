"""`users` and `me`: accounts. An account is made without a password; a pass lets its owner in the first time."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from keystead_server.domain.ids import UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User, fold
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import (
    Source,
    body_of,
    count_of,
    list_of,
    list_page,
    named,
    no_content,
    query_of,
    single,
    text,
    wanted,
)
from keystead_server.http.graph.odata.filter import Compare, Each, Fields
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection, Query
from keystead_server.http.graph.odata.paging import SCANNED_AT_MOST, Entity
from keystead_server.http.graph.problem import NOT_THERE, refused
from keystead_server.http.problems import Problem, Refuse
from keystead_server.ports.store import NameOrder

_FIELDS: Fields = {
    "id": Kind.TEXT,
    "userPrincipalName": Kind.TEXT,
    "displayName": Kind.TEXT,
    "accountEnabled": Kind.FLAG,
    "createdDateTime": Kind.MOMENT,
    "userType": Kind.TEXT,
    "keystead/roles": Each(Kind.TEXT),
}
_PROPERTIES = frozenset(
    {"id", "userPrincipalName", "displayName", "accountEnabled", "createdDateTime", "userType", "keystead"}
)
COLLECTION = Collection(_PROPERTIES, _FIELDS, ("id", "userPrincipalName", "displayName"), countable=True, kind="User")
KEYS: Mapping[str, Callable[[User], list[str]]] = {
    "id": lambda user: [user.id],
    "userPrincipalName": lambda user: [fold(user.username), user.id],
    "displayName": lambda user: [fold(user.display_name), user.id],
}
_BY_NAME = {"userPrincipalName": NameOrder.USERNAME, "displayName": NameOrder.DISPLAY_NAME}
# What the domain calls otherwise.
_NAMES = {"username": "userPrincipalName", "display_name": "displayName"}
_ME_NEEDS_A_PERSON = Problem(400, "me_needs_a_person", "/me is for tokens of a person, and this is an app's own.")
_NO_PASSWORD = Problem(
    400, "password_not_taken", "Accounts are made without a password; issue a pass instead.", target="passwordProfile"
)


def user_entity(user: User) -> Entity:
    return {
        "id": user.id,
        "userPrincipalName": user.username,
        "displayName": user.display_name,
        "accountEnabled": user.enabled,
        "createdDateTime": user.created_at,
        "userType": "Member",
        "keystead": {"roles": sorted(role.value for role in user.roles)},
    }


def directory_object(user: User) -> Entity:
    return {"@odata.type": "#microsoft.graph.user", **user_entity(user)}


async def the_user(call: Call) -> User:
    """Whom the address names, by id or by userPrincipalName."""
    users, name = call.services.store.users, named(call, "user")
    user = await users.get(call.tenant.id, UserId(name)) or await users.by_username(call.tenant.id, name)
    if user is None:
        raise Refuse(NOT_THERE)
    return user


async def list_users(call: Call) -> Response:
    query = query_of(call, COLLECTION)
    return await list_page(call, "users", query, await _source(call, query))


async def count_users(call: Call) -> Response:
    query = query_of(call, COLLECTION)
    return text(call, str(await count_of(query, await _source(call, query))))


async def _source(call: Call, query: Query) -> Source[User]:
    users, tenant = call.services.store.users, call.tenant.id
    match query.filter:
        case Compare("userPrincipalName", "eq", str(name)):
            return list_of(_those([await users.by_username(tenant, name)]), lambda user: user.id, user_entity)
        case Compare("id", "eq", str(name)):
            found = await users.get(tenant, UserId(name.lower()))
            return list_of(_those([found]), lambda user: user.id, user_entity)

    name, descending = query.order_by
    if name in _BY_NAME:
        return _by_name(call, name, descending)

    async def read(after: list[Any] | None, size: int) -> Any:
        return await users.page(tenant, limit=size, after=None if after is None else UserId(after[0]))

    return Source(read, KEYS[name], user_entity, whole=lambda: users.count(tenant))


def _by_name(call: Call, name: str, descending: bool) -> Source[User]:
    users, tenant = call.services.store.users, call.tenant.id

    async def read(after: list[Any] | None, size: int) -> Any:
        place = None if after is None else (after[0], UserId(after[1]))
        return await users.by_name(tenant, _BY_NAME[name], limit=size, descending=descending, after=place)

    # By display name each read puts all accounts in order, so a filter takes as many at once as a request may look at.
    return Source(read, KEYS[name], user_entity, batch=SCANNED_AT_MOST, whole=lambda: users.count(tenant))


def _those(users: list[User | None]) -> list[User]:
    return [user for user in users if user is not None]


async def get_user(call: Call) -> Response:
    return single(call, "users", user_entity(await the_user(call)), _PROPERTIES)


async def get_me(call: Call) -> Response:
    user = call.caller.user
    if user is None:
        raise Refuse(_ME_NEEDS_A_PERSON)
    return single(call, "users", user_entity(user), _PROPERTIES)


async def create_user(call: Call) -> Response:
    body = body_of(
        call, "accountEnabled", "displayName", "userPrincipalName", "mailNickname", "passwordProfile", "userType"
    )
    if "passwordProfile" in body:
        raise Refuse(_NO_PASSWORD)
    try:
        user = await call.services.manage_user.create(
            call.tenant.id,
            username=wanted(body, "userPrincipalName", str) or "",
            display_name=wanted(body, "displayName", str) or "",
            enabled=wanted(body, "accountEnabled", bool) is not False,
            by=call.actor,
        )
    except Invalid as invalid:
        raise refused(invalid, names=_NAMES) from None
    return single(call, "users", user_entity(user), _PROPERTIES, status=201)


async def change_user(call: Call) -> Response:
    body = body_of(call, "accountEnabled", "displayName", "userPrincipalName")
    try:
        await call.services.manage_user.change(
            await the_user(call),
            username=wanted(body, "userPrincipalName", str),
            display_name=wanted(body, "displayName", str),
            enabled=wanted(body, "accountEnabled", bool),
            by=call.actor,
        )
    except Invalid as invalid:
        raise refused(invalid, names=_NAMES) from None
    return no_content(call)


async def remove_user(call: Call) -> Response:
    try:
        await call.services.manage_user.remove(await the_user(call), by=call.actor)
    except Invalid as invalid:
        raise refused(invalid) from None
    return no_content(call)
