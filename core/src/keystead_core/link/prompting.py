"""What the service of a whole computer asks a person, through the prompter in that person's session.

    Question  {"question": number, "way": "pin" | "new_pin" | "choose" | "confirm", "asks": {…}}
    Dismiss   {"dismiss": number}                   nobody waits for the answer any more: put the window away

Both go from the service to the prompter; what comes back is the verb `answer` with one of

    {"pin": text}   {"account": index}   {"confirmed": true or false}
    {"cancelled": "declined" | "timed_out"}         nothing was approved
    {"unavailable": sentence}                       there is no way to ask here
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from keystead_core.link.errors import MessageMalformed

Way: TypeAlias = Literal["pin", "new_pin", "choose", "confirm"]
_WAYS: Final[Mapping[str, Way]] = {way: way for way in get_args(Way)}


@dataclass(frozen=True, slots=True)
class Question:
    """Attributes:
    number: of this question on this connection.
    asks: what the window says; the agent's room `gesture` writes and reads it.
    """

    number: int
    way: Way
    asks: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        return {"question": self.number, "way": self.way, "asks": dict(self.asks)}


@dataclass(frozen=True, slots=True)
class Dismiss:
    number: int

    def to_json(self) -> dict[str, object]:
        return {"dismiss": self.number}


def question_from_json(message: Mapping[str, object]) -> Question | Dismiss | None:
    """Return what *message* asks, or None if it is to be read as a reply.

    Raises:
        MessageMalformed: it is a question that nobody can ask.
    """
    match message:
        case {"question": int() as number, "way": str() as way, "asks": dict() as asks, **others} if not others:
            if way in _WAYS:
                return Question(number, _WAYS[way], asks)
        case {"dismiss": int() as number, **others} if not others:
            return Dismiss(number)
    if "question" in message or "dismiss" in message:
        raise MessageMalformed("no such question")
    return None
