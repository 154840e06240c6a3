"""Ask a person in their session, from a service that has no screen: the questions go to their prompter.

    Prompters       whether one person has a prompter, and the questions that are open there
    SessionGesture  the Protocol `Gesture`, by way of it
    ask_here        the prompter's half: one question, put to a gesture of its own

A prompter is a program of the person's. It can say that they declined, or type what it
likes in their stead, as every program of theirs can press their keys: what it cannot do is
guess, for the keystore counts. So a PIN from it is a PIN and no more, and it is never
asked whether a finger or a face was right.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from keystead_core.link.errors import LinkError
from keystead_core.link.prompting import Dismiss, Question, Way

from keystead_agent.gesture.interface import Cancelled, Gesture, GestureUnavailable, Prompt, Purpose, Verified

Answered: TypeAlias = Mapping[str, object]
Send: TypeAlias = Callable[[Question | Dismiss], None]

NOBODY_TO_ASK: Final = (
    "None of your sessions on this computer can ask you. Start what does: systemctl --user start keystead-session "
    "(or keystead-agent session, in a terminal)."
)
_PURPOSES: Final = {purpose.name: purpose for purpose in Purpose}
_MOST_CHARACTERS: Final = 1000


class PrompterRefused(LinkError):
    """Another prompter of this person asks already: a second could show windows of its own in its place."""

    code = "prompter_there"


class QuestionUnknown(LinkError):
    """An answer to what was not asked on this connection, or is not asked any more."""

    code = "question_unknown"


@dataclass(slots=True)
class Prompters:
    """One person's prompter: the first that came, as long as it stays."""

    _send: Send | None = None
    _open: dict[int, asyncio.Future[Answered]] = field(default_factory=dict)
    _last: int = 0

    @property
    def is_there(self) -> bool:
        return self._send is not None

    def register(self, send: Send) -> None:
        """Raises PrompterRefused."""
        if self._send is not None:
            raise PrompterRefused("Another prompter of yours is connected.")
        self._send = send

    def gone(self) -> None:
        """It hung up: what it was asking is declined, for nobody can answer it."""
        self._send = None
        for answer in self._open.values():
            if not answer.done():
                answer.set_result({"cancelled": "declined"})

    def answered(self, number: int, answer: Answered) -> None:
        """Raises QuestionUnknown."""
        waiting = self._open.get(number)
        if waiting is None or waiting.done():
            raise QuestionUnknown("That question is not open.")
        waiting.set_result(answer)

    async def ask(self, way: Way, asks: Mapping[str, object]) -> Answered:
        """Raises GestureUnavailable when there is no prompter, or it cannot ask either."""
        if self._send is None:
            raise GestureUnavailable(NOBODY_TO_ASK)
        self._last += 1
        number, send = self._last, self._send
        self._open[number] = asyncio.get_running_loop().create_future()
        try:
            send(Question(number, way, asks))
            answer = await self._open[number]
        except asyncio.CancelledError:
            if self._send is send:
                send(Dismiss(number))
            raise
        finally:
            del self._open[number]
        if "unavailable" in answer:
            raise GestureUnavailable(str(answer["unavailable"])[:_MOST_CHARACTERS])
        return answer


@dataclass(frozen=True, slots=True)
class SessionGesture:
    """Attributes:
    beware: said below every question: that its keys are in no chip, say.
    """

    prompters: Prompters
    beware: str = ""

    @property
    def offers_more(self) -> bool:
        return False

    async def ask_pin(self, prompt: Prompt) -> str | Verified | Cancelled:
        return await self._pin("pin", prompt)

    async def ask_new_pin(self, prompt: Prompt) -> str | Cancelled:
        return await self._pin("new_pin", prompt)

    async def choose(self, prompt: Prompt, accounts: Sequence[str]) -> int | Cancelled:
        answer = await self.prompters.ask("choose", self._asks(prompt) | {"accounts": list(accounts)})
        match answer.get("account"):
            case int() as index if not isinstance(index, bool) and 0 <= index < len(accounts):
                return index
        return _cancelled(answer)

    async def confirm(self, prompt: Prompt, question: str) -> bool:
        answer = await self.prompters.ask("confirm", self._asks(prompt) | {"sentence": question})
        return answer.get("confirmed") is True

    async def _pin(self, way: Way, prompt: Prompt) -> str | Cancelled:
        answer = await self.prompters.ask(way, self._asks(prompt))
        match answer.get("pin"):
            case str() as pin:
                return pin
        return _cancelled(answer)

    def _asks(self, prompt: Prompt) -> dict[str, object]:
        return {
            "purpose": prompt.purpose.name,
            "site": prompt.site,
            "account": prompt.account,
            "requester": prompt.requester,
            "tries_left": prompt.tries_left,
            "error": prompt.error,
            "hints": list(prompt.hints),
            "other_ways": prompt.other_ways,
            "beware": self.beware,
        }


def _cancelled(answer: Answered) -> Cancelled:
    """Whatever is not an approval is none."""
    return Cancelled(timed_out=answer.get("cancelled") == "timed_out")


async def ask_here(gesture: Callable[[str], Gesture], question: Question) -> Answered:
    """Put *question* to the person, and return what `answer` says of it.

    Args:
        gesture: given what is to be said below every question, the ways to ask here.
    """
    asks = question.asks
    here, prompt = gesture(_text(asks, "beware")), _prompt(asks)
    try:
        match question.way:
            case "pin":
                return _typed(await here.ask_pin(prompt))
            case "new_pin":
                return _typed(await here.ask_new_pin(prompt))
            case "choose":
                chosen = await here.choose(prompt, _texts(asks, "accounts"))
                return _said_no(chosen) if isinstance(chosen, Cancelled) else {"account": chosen}
            case "confirm":
                return {"confirmed": await here.confirm(prompt, _text(asks, "sentence"))}
    except GestureUnavailable as error:
        return {"unavailable": str(error)}


def _typed(answer: str | Verified | Cancelled) -> Answered:
    match answer:
        case str():
            return {"pin": answer}
        case Cancelled():
            return _said_no(answer)
        case Verified():
            raise AssertionError("no other gesture is offered here")


def _said_no(cancelled: Cancelled) -> Answered:
    return {"cancelled": "timed_out" if cancelled.timed_out else "declined"}


def _prompt(asks: Mapping[str, object]) -> Prompt:
    """Raises LinkError: the service is of another version than this program."""
    purpose = _PURPOSES.get(_text(asks, "purpose"))
    tries_left = asks.get("tries_left")
    if purpose is None or not (tries_left is None or isinstance(tries_left, int)):
        raise QuestionUnknown("The service asks what this program does not know: restart both.")
    return Prompt(
        purpose,
        site=_text(asks, "site"),
        account=_text(asks, "account"),
        requester=_text(asks, "requester"),
        tries_left=tries_left,
        error=_text(asks, "error"),
        hints=tuple(_texts(asks, "hints")),
        other_ways=asks.get("other_ways") is True,
    )


def _text(asks: Mapping[str, object], name: str) -> str:
    value = asks.get(name, "")
    if not isinstance(value, str):
        raise QuestionUnknown(f"{name} is no text")
    return value


def _texts(asks: Mapping[str, object], name: str) -> list[str]:
    values = asks.get(name)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise QuestionUnknown(f"{name} are no texts")
    return values
