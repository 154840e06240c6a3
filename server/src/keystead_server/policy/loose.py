"""Reading Graph's JSON as exports really have it, without guessing what was meant.

Exports differ from the documentation in ways that say nothing: names in another case (PowerShell writes
`Conditions`), lists left out or null, objects all of whose members are null, annotations. Those are
read, and what was changed is noted. Whatever could change what a policy means is refused with the
name of the property.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from keystead_server.domain.invalid import Invalid

_Word = TypeVar("_Word", bound=StrEnum)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FRACTION = re.compile(r"\.(\d{6})\d*")
MAX_LIST = 20_000


@dataclass(frozen=True, slots=True)
class Note:
    """What was read otherwise than it stands there.

    Attributes:
        target: the property.
    """

    target: str
    says: str


class Notes:
    """What one import changed, each said once."""

    def __init__(self) -> None:
        self._kept: dict[Note, None] = {}

    def add(self, target: str, says: str) -> None:
        self._kept[Note(target, says)] = None

    def __iter__(self) -> Iterator[Note]:
        return iter(self._kept)


def malformed(message: str, target: str) -> Invalid:
    return Invalid("policy_malformed", message, target=target or None)


def is_void(value: object) -> bool:
    """Whether *value* says nothing: null, an empty text, list or object, or an object of such."""
    if isinstance(value, dict):
        return all(is_void(member) for name, member in value.items() if not is_annotation(name))
    return value is None or value == "" or value == []


def is_annotation(name: object) -> bool:
    return "@" in str(name)


class Members:
    """The members of a JSON object, by name in any case; each is asked for once, and `left` are those that nobody asked for."""

    def __init__(self, value: object, where: str, notes: Notes) -> None:
        if not isinstance(value, dict):
            raise malformed(f"{where or 'it'} must be an object", where or "$")
        self.where = where
        self.notes = notes
        self._by_name: dict[str, tuple[str, Any]] = {}
        for name, member in value.items():
            if is_annotation(name):
                continue
            if name.casefold() in self._by_name:
                raise malformed(f"{name} stands there twice, in two cases", self.at(name))
            self._by_name[name.casefold()] = (name, member)
        self.type = str(value.get("@odata.type", "")).rpartition(".")[2].removeprefix("#")

    def at(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def take(self, name: str) -> Any:
        written, value = self._by_name.pop(name.casefold(), (name, None))
        if written != name and not is_void(value):
            self.notes.add(self.where, "names of properties are in another case than Graph's")
        return value

    def left(self) -> Iterator[tuple[str, Any]]:
        """What nobody took and says something."""
        return ((name, value) for name, value in self._by_name.values() if not is_void(value))

    def refuse_left(self) -> None:
        for name, _ in self.left():
            raise malformed(f"no such property: {name}", self.at(name))

    def object(self, name: str) -> "Members | None":
        value = self.take(name)
        return None if is_void(value) else Members(value, self.at(name), self.notes)

    def text(self, name: str) -> str | None:
        value = self.take(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise malformed(f"{name} must be text", self.at(name))
        return value

    def must_text(self, name: str) -> str:
        text = self.text(name)
        if text is None or not text.strip():
            raise malformed(f"{name} must be text", self.at(name))
        return text

    def flag(self, name: str) -> bool | None:
        value = self.take(name)
        if isinstance(value, str) and value.casefold() in ("true", "false"):
            self.notes.add(self.at(name), f"the text {value!r} was read as a boolean")
            return value.casefold() == "true"
        if value is not None and not isinstance(value, bool):
            raise malformed(f"{name} must be true or false", self.at(name))
        return value

    def number(self, name: str) -> int | None:
        value = self.take(name)
        # A JSON true is the number 1 to Python.
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise malformed(f"{name} must be a whole number", self.at(name))
        return value

    def moment(self, name: str) -> datetime | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(_FRACTION.sub(r".\1", text).replace("Z", "+00:00"))
        except ValueError:
            raise malformed(f"{name} must be a moment in ISO 8601", self.at(name)) from None
        if at.tzinfo is None:
            raise malformed(f"{name} must say its offset from UTC", self.at(name))
        return at

    def items(self, name: str) -> list[Any]:
        value = self.take(name)
        if value is None or value == "":
            return []
        if isinstance(value, str):
            self.notes.add(self.at(name), "one text was read as a list of one")
            return [value]
        if not isinstance(value, list):
            raise malformed(f"{name} must be a list", self.at(name))
        if len(value) > MAX_LIST:
            raise malformed(f"{name} has more than {MAX_LIST} entries", self.at(name))
        return value

    def texts(self, name: str) -> list[str]:
        items = self.items(name)
        for number, item in enumerate(items):
            if not isinstance(item, str) or not item.strip():
                raise malformed(f"{name} holds something that is not text", f"{self.at(name)}[{number}]")
        return [item.strip() for item in items]

    def ids(self, name: str, *special: str) -> frozenset[str]:
        """Ids as Graph writes them, and *special* words in their own spelling."""
        words = {word.casefold(): word for word in special}
        return frozenset(self._id(text, words, self.at(name)) for text in self.texts(name))

    def id(self, name: str) -> str | None:
        text = self.text(name)
        return None if text is None else self._id(text.strip(), {}, self.at(name))

    def _id(self, text: str, words: Mapping[str, str], target: str) -> str:
        word = words.get(text.casefold())
        known = word if word is not None else text.casefold() if _GUID.fullmatch(text) else text
        if known != text:
            self.notes.add(target, f"{text!r} was read as {known!r}")
        return known

    def words(self, name: str, kind: type[_Word], *also: str) -> list[_Word | str]:
        """Entries of an enumeration, in any case; *also* are words beside it."""
        return [self.word_of(text, kind, self.at(name), *also) for text in self.texts(name)]

    def flags(self, name: str, kind: type[_Word]) -> frozenset[_Word]:
        """An enumeration of flags: one text with commas, or a list."""
        value = self.take(name)
        texts = value.split(",") if isinstance(value, str) else value or []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise malformed(f"{name} must be text", self.at(name))
        stripped = [text.strip() for text in texts]
        known = (self.word_of(text, kind, self.at(name), "none") for text in stripped if text)
        return frozenset(word for word in known if isinstance(word, kind))

    def word(self, name: str, kind: type[_Word]) -> _Word | None:
        text = self.text(name)
        if text is None:
            return None
        word = self.word_of(text, kind, self.at(name))
        return word if isinstance(word, kind) else None

    def word_of(self, text: str, kind: type[_Word], target: str, *also: str) -> _Word | str:
        known: _Word | str | None = _WORDS.find(kind, text)
        if known is None:
            known = next((word for word in also if word.casefold() == text.casefold()), None)
        if known is None:
            raise malformed(f"{text!r} is not one of: {', '.join([*also, *kind])}", target)
        if str(known) != text:
            self.notes.add(target, f"{text!r} was read as {str(known)!r}")
        return known


class _Words:
    """Members of enumerations by their folded spelling."""

    def __init__(self) -> None:
        self._kinds: dict[type[StrEnum], dict[str, StrEnum]] = {}

    def find(self, kind: type[_Word], text: str) -> _Word | None:
        if kind not in self._kinds:
            self._kinds[kind] = {member.value.casefold(): member for member in kind}
        found = self._kinds[kind].get(text.casefold())
        return found if isinstance(found, kind) else None


_WORDS = _Words()


def refuse(names: Iterable[str], members: Members, why: str) -> None:
    """Refuse *names* where they say something: to leave them out would change what the policy means."""
    for name in names:
        if not is_void(members.take(name)):
            raise Invalid("policy_not_supported", f"{name}: {why}", target=members.at(name))
