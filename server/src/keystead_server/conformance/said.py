"""What a record says of a sign-in, wherever it stands and in whatever case.

Graph's `evaluate` has its facts in `signInIdentity`, `signInContext` and `signInConditions`; some write the type
of such a part as one more name around it. A directory's facts stand beside them.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from keystead_server.conformance.record import RecordMalformed, moment

_Word = TypeVar("_Word", bound=StrEnum)
_NESTED = ("signinconditions", "signinidentity", "signincontext", "facts", "directory", "user")
_WRAPPERS = (
    "usersignin",
    "externalusersignin",
    "serviceprincipalsignin",
    "applicationcontext",
    "useractioncontext",
    "authcontext",
    "authenticationcontext",
)


def _without_case(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name.casefold(): value for name, value in members.items() if value is not None}


def _unwrapped(part: Any) -> dict[str, Any]:
    members = _without_case(part) if isinstance(part, dict) else {}
    for name in _WRAPPERS:
        if isinstance(members.get(name), dict):
            members |= _without_case(members.pop(name))
    return members


class Said:
    """What is said of a sign-in, wherever it stands."""

    def __init__(self, sign_in: Mapping[str, Any], record: Mapping[str, object]) -> None:
        beside = _without_case(sign_in)
        nested = [_unwrapped(beside.get(name)) for name in _NESTED]
        self._members: dict[str, Any] = _without_case(record) | beside
        for source in reversed(nested):
            self._members |= source

    def find(self, *names: str) -> Any:
        """What is said under the first of *names* that says anything, or None."""
        return next((found for name in names if (found := self._members.get(name.casefold())) is not None), None)

    def text(self, *names: str) -> str | None:
        value = self.find(*names)
        if value is not None and not isinstance(value, str):
            raise RecordMalformed(f"{names[0]} is not text")
        return value or None

    def ids(self, *names: str) -> frozenset[str]:
        return frozenset(folded(one) for one in self.list(*names))

    def list(self, *names: str) -> list[Any]:
        value = self.find(*names)
        if isinstance(value, str | dict):
            return [value]
        if value is not None and not isinstance(value, list):
            raise RecordMalformed(f"{names[0]} is not a list")
        return value or []

    def word(self, kind: type[_Word], *names: str) -> _Word | None:
        """A member of an enumeration, in any case; None where nothing, or nothing in particular, is said."""
        text = self.text(*names)
        if text is None or text.casefold() in ("unknown", "unknownfuturevalue", "all", ""):
            return None
        found = next((member for member in kind if member.value.casefold() == text.casefold()), None)
        if found is None and text.casefold() != "none":
            raise RecordMalformed(f"{names[0]}: {text!r} is not one of: {', '.join(kind)}")
        return found

    def at(self, *names: str) -> datetime | None:
        return moment({names[0]: self.find(*names)}, names[0])


def folded(value: object) -> str:
    """Ids as policies have them once they are read."""
    if isinstance(value, dict):
        value = value.get("id") or value.get("appId")
    if not isinstance(value, str):
        raise RecordMalformed("an id is not text")
    try:
        return str(UUID(value))
    except ValueError:
        return value
