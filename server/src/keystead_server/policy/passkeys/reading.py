"""Reading JSON that somebody wrote: what is wrong is said with the property's name."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from keystead_server.domain.invalid import Invalid

_Choice = TypeVar("_Choice", bound=StrEnum)


def an_object(value: object, where: str, allowed: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Invalid("policy_malformed", f"{where or 'the policy'} must be an object", target=where or None)
    for name in value:
        if name not in allowed:
            raise Invalid("policy_malformed", f"no such property: {name}", target=at(where, name))
    return value


def a_list(value: Mapping[str, Any], name: str, where: str) -> list[object]:
    items = value.get(name, [])
    if not isinstance(items, list):
        raise Invalid("policy_malformed", f"{name} must be a list", target=at(where, name))
    return items


def a_text(value: Mapping[str, Any], name: str, where: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not text:
        raise Invalid("policy_malformed", f"{name} must be text", target=at(where, name))
    return text


def a_flag(value: Mapping[str, Any], name: str, where: str) -> bool:
    flag = value.get(name)
    if not isinstance(flag, bool):
        raise Invalid("policy_malformed", f"{name} must be true or false", target=at(where, name))
    return flag


def a_choice(kind: type[_Choice], value: object, where: str) -> _Choice:
    try:
        return kind(str(value))
    except ValueError:
        allowed = ", ".join(kind)
        raise Invalid("policy_malformed", f"{value!r} is not one of: {allowed}", target=where) from None


def at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
