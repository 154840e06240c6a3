"""What is answered: Done or Failed, and before it Progress."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from keystead_core.link import members
from keystead_core.link.members import ErrorName, required


@dataclass(frozen=True, slots=True)
class Done:
    id: str
    ok: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        return {"id": self.id, "ok": dict(self.ok)}


@dataclass(frozen=True, slots=True)
class Failed:
    """A refusal.

    Attributes:
        code: stable, for logs and programs.
        message: one sentence for the person.
        name: the DOMException that the page's promise rejects with.
    """

    id: str = required(members.identifier)
    code: str = required(members.identifier)
    message: str = required(members.text)
    name: ErrorName = "NotAllowedError"

    def to_json(self) -> dict[str, object]:
        return {"id": self.id, "error": {"code": self.code, "message": self.message, "name": self.name}}


Reply: TypeAlias = Done | Failed


@dataclass(frozen=True, slots=True)
class Progress:
    """Not yet a reply: a person is asked from now on, or not any more."""

    id: str
    asking: bool

    def to_json(self) -> dict[str, object]:
        return {"id": self.id, "asking": self.asking}


def progress_from_json(message: Mapping[str, object]) -> Progress | None:
    """Return *message* if it is Progress, None if it is to be read as a reply."""
    match message:
        case {"id": str() as request, "asking": bool() as asking, **others} if not others:
            return Progress(request, asking)
    return None


def reply_from_json(message: Mapping[str, object]) -> Reply:
    """Parse a reply.

    Raises:
        LinkError: it is neither Done nor Failed.
    """
    if "error" not in message:
        parts = members.checked(message, {"id": members.identifier, "ok": members.json_object}, where="reply")
        return Done(**parts)
    outer = members.checked(message, {"id": members.identifier, "error": members.json_object}, where="reply")
    error = members.checked(
        outer["error"],
        {"code": members.identifier, "message": members.text, "name": members.error_name},
        where="reply.error",
    )
    return Failed(id=outer["id"], **error)


def id_of(message: Mapping[str, object]) -> str | None:
    """The id of a message that could not be parsed further, so that its sender can be told."""
    try:
        return members.identifier(message.get("id"))
    except ValueError:
        return None
