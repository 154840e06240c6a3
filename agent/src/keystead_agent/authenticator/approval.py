"""Approval by PIN: ask, act, and ask again a few times when it was wrong."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NoReturn, Protocol, TypeVar

from keystead_agent.authenticator.errors import NobodyAnswered, NotApproved
from keystead_agent.container.container import Container
from keystead_agent.container.errors import PinAlreadySet, PinNotSet, PinUnfit
from keystead_agent.gesture.interface import Cancelled, Gesture, Prompt, Purpose
from keystead_agent.keystore.errors import GestureRefused, PinLocked
from keystead_agent.keystore.interface import Tries

T = TypeVar("T")

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

    async def with_pin(self, prompt: Prompt, act: Callable[[str], T]) -> T:
        """Return what *act* makes of the right PIN.

        Raises:
            PinNotSet, PinLocked: there is nothing to ask for.
            GestureRefused: it was wrong too often for one question.
        """
        tries, attempts = await self._tries(), 0
        prompt = replace(prompt, tries_left=tries.left)
        while True:
            pin = await self.gesture.ask_pin(prompt)
            if isinstance(pin, Cancelled):
                not_approved(pin)
            try:
                return await self.offload(partial(act, pin))
            except GestureRefused as refused:
                attempts += 1
                if attempts == _ATTEMPTS_PER_CEREMONY:
                    raise
                prompt = prompt.again(str(refused), refused.tries_left)

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
        pin = await self.gesture.ask_pin(replace(prompt, tries_left=tries.left))
        return not_approved(pin) if isinstance(pin, Cancelled) else pin

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
