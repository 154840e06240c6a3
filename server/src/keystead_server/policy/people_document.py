"""How documents name people: Graph's targets, `{"targetType": …, "id": …}`, and roles, which are ours."""

from collections.abc import Iterable, Mapping
from typing import Any

from keystead_server.domain.user import Role
from keystead_server.policy.passkeys.reading import a_choice, a_list, a_text, an_object
from keystead_server.policy.people import Principal, PrincipalType


def principal_to_json(principal: Principal) -> dict[str, str]:
    return {"targetType": principal.type.value, "id": principal.id}


def principal(target: Mapping[str, Any], where: str) -> Principal:
    """Read a target.

    Raises:
        Invalid: its type is unknown, it has no id, or it names a role that does not exist.
    """
    kind = a_choice(PrincipalType, target.get("targetType", "group"), f"{where}.targetType")
    named = a_text(target, "id", where)
    if kind is PrincipalType.ROLE:
        a_choice(Role, named, f"{where}.id")
    return Principal(kind, named)


def principals(value: Mapping[str, Any], name: str, where: str, more: Iterable[str] = ()) -> frozenset[Principal]:
    """Read a list of targets; *more* are properties that each may have besides.

    Raises:
        Invalid: as `principal`, or there is another property.
    """
    place = f"{where}.{name}" if where else name
    allowed = {"id", "targetType", *more}
    return frozenset(
        principal(an_object(item, f"{place}[{i}]", allowed), f"{place}[{i}]")
        for i, item in enumerate(a_list(value, name, where))
    )
