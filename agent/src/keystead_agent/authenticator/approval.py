"""Approval: ask, act, and ask again a few times when the PIN was wrong.

with_gesture   the PIN, or once it was typed since the start, a finger or a face
with_pin       the PIN and nothing else
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NoReturn, Protocol, TypeVar

from keystead_agent.authenticator.errors import NobodyAnswered, NotApproved
from keystead_agent.container.container import Container
from keystead_agent.container.errors import PinAlreadySet, PinDue, PinNotSet, PinUnfit
from keystead_agent.gesture.interface import Cancelled, Gesture, Prompt, Purpose, Verified
from keystead_agent.keystore.errors import GesturePassVoid, GestureRefused, KeystoreError, PinLocked
from keystead_agent.keystore.values import GesturePass, Tries

T = TypeVar("T")
Opening = TypeVar("Opening", str, str | GesturePass)

_ATTEMPTS_PER_CEREMONY: Final = 3


class Offload(Protocol):
    """Run what blocks where it does not block the loop, and wait for its end, even when cancelled."""

    async def __call__(self, work: Callable[[], T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class Approval:
    """Asks on behalf of one container.

    Every method raises NotApproved or NobodyAnswered when the person does not.
    """

    container: Container
    gesture: Gesture
    offload: Offload

    async def with_gesture(self, prompt: Prompt, act: Callable[[str | GesturePass], T]) -> T:
        """Return what *act* makes of the right PIN, or of a verified gesture.

        Raises:
            PinNotSet, PinLocked: there is nothing to ask for.
            GestureRefused: the PIN was wrong too often for one question.
        """

        async def ask(prompt: Prompt) -> str | GesturePass:
            # Without a PIN since the start there is no pass, and then nobody's finger is asked for.
            held = self.container.gesture_pass
            answer = await self.gesture.ask_pin(replace(prompt, other_gestures=held is not None))
            match answer:
                case Cancelled():
                    not_approved(answer)
                case Verified() if held is not None:
                    return held
                case Verified():
                    raise NotApproved
                case pin:
                    return pin

        opening, result = await self._until_right(prompt, ask, act)
        if isinstance(opening, str):
            # What the person approved is done; that one of these is done at the next PIN takes nothing from it.
            with suppress(KeystoreError):
                await self.offload(partial(self.container.settle_unlock, opening))
            await self._admit_gestures(opening)
        return result

    async def with_pin(self, prompt: Prompt, act: Callable[[str], T]) -> T:
        """The same with the PIN alone."""
        _, result = await self._until_right(prompt, self.typed_pin, act)
        return result

    async def _until_right(
        self, prompt: Prompt, ask: Callable[[Prompt], Awaitable[Opening]], act: Callable[[Opening], T]
    ) -> tuple[Opening, T]:
        tries, attempts = await self._tries(), 0
        prompt = replace(prompt, tries_left=tries.left)
        while True:
            opening = await ask(prompt)
            try:
                return opening, await self.offload(partial(act, opening))
            except PinDue as due:
                if not isinstance(opening, str):
                    raise
                opening = await self._another_pin(opening, str(due), prompt.requester)
                return opening, await self.offload(partial(act, opening))
            except GesturePassVoid as void:
                prompt = prompt.again(str(void), prompt.tries_left)
            except GestureRefused as refused:
                attempts += 1
                if attempts == _ATTEMPTS_PER_CEREMONY:
                    raise
                prompt = prompt.again(str(refused), refused.tries_left)

    async def _another_pin(self, old: str, why: str, requester: str) -> str:
        """Have another PIN chosen in the place of *old*, which is right; return it."""
        new = await self._new_pin(Prompt(Purpose.SET_PIN, requester=requester).again(why))
        await self.offload(lambda: self.container.change_pin(old=old, new=new))
        return new

    async def _admit_gestures(self, pin: str) -> None:
        if not self.gesture.offers_more or self.container.gesture_pass is not None:
            return
        # What the person approved is done; that the PIN is asked for next time, too, takes nothing from it.
        with suppress(KeystoreError):
            await self.offload(partial(self.container.admit_gestures, pin))

    async def typed_pin(self, prompt: Prompt) -> str:
        """Return what was typed, whatever it is. Raises NotApproved, NobodyAnswered."""
        pin = await self.gesture.ask_pin(prompt)
        if isinstance(pin, Cancelled):
            not_approved(pin)
        if isinstance(pin, Verified):
            # Nobody asked for a finger here.
            raise NotApproved
        return pin

    async def set_pin(self, requester: str) -> None:
        """Raises PinAlreadySet."""
        if self.container.has_pin:
            raise PinAlreadySet
        new = await self._new_pin(Prompt(Purpose.SET_PIN, requester=requester))
        await self.offload(partial(self.container.set_pin, new))

    async def change_pin(self, requester: str) -> None:
        """Raises PinNotSet, PinLocked, GestureRefused."""
        prompt = Prompt(Purpose.CHANGE_PIN, requester=requester)
        old = await self._present_pin(prompt)
        new = await self._new_pin(Prompt(Purpose.SET_PIN, requester=requester))

        def change(present: str) -> None:
            self.container.change_pin(old=present, new=new)

        try:
            await self.offload(partial(change, old))
        except GestureRefused as refused:
            await self.with_pin(prompt.again(str(refused)), change)

    async def _present_pin(self, prompt: Prompt) -> str:
        tries = await self._tries()
        return await self.typed_pin(replace(prompt, tries_left=tries.left))

    async def _tries(self) -> Tries:
        """Raises PinNotSet, PinLocked: then nobody needs to be asked."""
        if not self.container.has_pin:
            raise PinNotSet
        tries = await self.offload(self.container.tries)
        if not tries.left:
            raise PinLocked(tries.back_after)
        return tries

    async def _new_pin(self, prompt: Prompt) -> str:
        while True:
            pin = await self.gesture.ask_new_pin(prompt)
            if isinstance(pin, Cancelled):
                not_approved(pin)
            try:
                self.container.admit_pin(pin)
            except PinUnfit as unfit:
                prompt = prompt.again(str(unfit))
            else:
                return pin


def not_approved(cancelled: Cancelled) -> NoReturn:
    raise NobodyAnswered if cancelled.timed_out else NotApproved
