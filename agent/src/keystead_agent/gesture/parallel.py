"""The PIN's window and other ways at once: whichever comes first, the rest is put away.

    Recogniser    a way to know a person without a PIN
    AnyOfThese    the Gesture of `asked`, with recognisers beside its PIN window

A recogniser that fails, is unknown or has had enough leaves the window where it
is. One that is only a convenience, as a camera is, approves nothing by itself: a
face is there without its owner meaning anything by it. It brings a question, and
only the button approves.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from keystead_agent.gesture.interface import Cancelled, Gesture, Prompt, Verified


class Recogniser(Protocol):
    @property
    def name(self) -> str:
        """For the log."""
        ...

    @property
    def hint(self) -> str:
        """What the PIN's window says about it."""
        ...

    @property
    def question(self) -> str:
        """What is to be confirmed with a button before it counts; "" if the gesture itself is deliberate."""
        ...

    async def is_ready(self) -> bool:
        """Whether it could recognise this person now. Answers soon: the PIN's window waits for it."""
        ...

    async def verify(self, prompt: Prompt) -> bool:
        """Return whether it has recognised the person. Cancelling it lets go of its device."""
        ...


@dataclass(frozen=True, slots=True)
class AnyOfThese:
    """The Protocol `Gesture`.

    Attributes:
        is_watched: whether we would be told that the session is locked or left. If not, it is the
            PIN each time: nobody would forget what it opened.
        noted: told what has recognised the person.
    """

    asked: Gesture
    recognisers: Sequence[Recogniser]
    is_watched: Callable[[], bool]
    noted: Callable[[str], None]

    @property
    def offers_more(self) -> bool:
        return bool(self.recognisers) and self.is_watched()

    async def ways(self) -> list[dict[str, object]]:
        """Each way besides the PIN, and whether it could recognise somebody now."""
        watched = self.is_watched()
        return [{"name": one.name, "ready": await one.is_ready() and watched} for one in self.recognisers]

    async def ask_pin(self, prompt: Prompt) -> str | Verified | Cancelled:
        if not prompt.other_gestures or not self.offers_more:
            return await self.asked.ask_pin(prompt)
        ready = await asyncio.gather(*(recogniser.is_ready() for recogniser in self.recognisers))
        usable = [recogniser for recogniser, is_ready in zip(self.recognisers, ready, strict=True) if is_ready]
        prompt = replace(prompt, hints=tuple(recogniser.hint for recogniser in usable))
        recognised = await self._first(prompt, usable)
        if not isinstance(recognised, _Recognised):
            return recognised
        by = recognised.by
        # Saying no to this leads back to the PIN, and nowhere else.
        if by.question and not await self.asked.confirm(replace(prompt, other_ways=False), by.question):
            return Cancelled()
        self.noted(by.name)
        return Verified(by.name)

    async def _first(self, prompt: Prompt, usable: Sequence[Recogniser]) -> "str | Verified | Cancelled | _Recognised":
        window = asyncio.create_task(self.asked.ask_pin(prompt))
        looking = {asyncio.create_task(recogniser.verify(prompt)): recogniser for recogniser in usable}
        try:
            while True:
                done, _ = await asyncio.wait({window, *looking}, return_when=asyncio.FIRST_COMPLETED)
                if window in done:
                    return await window
                for task in done:
                    recogniser = looking.pop(task)  # type: ignore[arg-type]  # not the window: see above
                    if task.result() is True:
                        return _Recognised(recogniser)
        finally:
            await _put_away(window, *looking)

    async def ask_new_pin(self, prompt: Prompt) -> str | Cancelled:
        return await self.asked.ask_new_pin(prompt)

    async def choose(self, prompt: Prompt, accounts: Sequence[str]) -> int | Cancelled:
        return await self.asked.choose(prompt, accounts)

    async def confirm(self, prompt: Prompt, question: str) -> bool:
        return await self.asked.confirm(prompt, question)


@dataclass(frozen=True, slots=True)
class _Recognised:
    by: Recogniser


async def _put_away(*tasks: asyncio.Task[str | Verified | Cancelled] | asyncio.Task[bool]) -> None:
    for task in tasks:
        task.cancel()
    # Until the window is closed and the reader released; what they still say is of no use.
    await asyncio.gather(*tasks, return_exceptions=True)
