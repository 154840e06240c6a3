"""Who says yes: a token that the client holds, our own prompt for the PIN, or a button.

Consent   for one command: proves the token first, asks where the token does not show a person
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from keystead_core.ctap.commands import Permission
from keystead_core.ctap.entities import Authorisation
from keystead_core.ctap.status import CtapError, Status

from keystead_agent.authenticator.approval import Approval
from keystead_agent.authenticator.ctap.session import Session, Token
from keystead_agent.authenticator.errors import NotApproved
from keystead_agent.container.errors import PinNotSet
from keystead_agent.container.pin import hash_pin
from keystead_agent.gesture.interface import Prompt, Purpose
from keystead_agent.keystore.values import GesturePass, Opening

T = TypeVar("T")

_TOUCH = "A program asks which security key to use. Use the passkeys on this computer?"


@dataclass(frozen=True, slots=True)
class Consent:
    """Attributes:
    token: None when the client came without one, and our own prompt is to ask.
    """

    approval: Approval
    session: Session
    prompt: Prompt
    token: Token | None

    @property
    def shows_person(self) -> bool:
        """Whether a person has approved exactly this already."""
        return self.token is not None and self.token.shows_presence(self.prompt.purpose, self.session.monotonic())

    async def confirm(self, question: str) -> None:
        """Ask with a button. Raises NotApproved."""
        if not await self.approval.gesture.confirm(self.prompt, question):
            raise NotApproved

    async def spend(self, account: str, act: Callable[[str | Opening], T]) -> T:
        """Return what *act* makes of the gesture, which is used up.

        Raises:
            NotApproved, NobodyAnswered, PinNotSet, GestureRefused, PinLocked
        """
        if self.token is None:
            return await self.approval.with_gesture(replace(self.prompt, account=account), act)
        pin = self.token.pin
        self.session.spend()
        if pin is None:
            raise CtapError(Status.PIN_AUTH_INVALID, "the token signs nothing")
        return await self.approval.offload(partial(act, pin))


async def prove(
    approval: Approval,
    session: Session,
    prompt: Prompt,
    permission: Permission,
    authorisation: Authorisation | None,
    message: bytes,
) -> Consent:
    """Check the client's proof that it holds a token for *prompt*'s site.

    Raises:
        CtapError: it does not, or only wanted a touch.
    """
    if authorisation is None:
        return Consent(approval, session, prompt, None)
    if authorisation.is_touch:
        await touch(approval, prompt.requester)
        # §6.1.2 step 1: "return either CTAP2_ERR_PIN_NOT_SET … or CTAP2_ERR_PIN_INVALID".
        raise CtapError(Status.PIN_INVALID if approval.container.has_pin else Status.PIN_NOT_SET, "only a touch")
    token = session.authorised(permission, message, authorisation, pin_changes=approval.container.pin_changes)
    if token.rp_id is None:
        # §6.1.2: "If the pinUvAuthToken does not have a permissions RP ID associated: Associate the request's rp.id."
        token.rp_id = prompt.site
    if token.rp_id != prompt.site:
        raise CtapError(Status.PIN_AUTH_INVALID, "the token is for another site")
    return Consent(approval, session, prompt, token)


async def touch(approval: Approval, requester: str) -> None:
    """Ask whether this authenticator is meant. Raises NotApproved."""
    if not await approval.gesture.confirm(Prompt(Purpose.SELECT, requester=requester), _TOUCH):
        raise NotApproved


async def verified_gesture(approval: Approval, prompt: Prompt) -> Opening:
    """Ask at our own prompt, and return the PIN once the keystore has found it right, or the pass of a gesture.

    Raises:
        NotApproved, NobodyAnswered, PinNotSet, GestureRefused, PinLocked
    """
    if not approval.container.has_pin:
        raise PinNotSet

    def check(pin: str | GesturePass) -> Opening:
        if isinstance(pin, GesturePass):
            return pin
        approval.container.check_pin(pin)
        return hash_pin(pin)

    return await approval.with_gesture(prompt, check)
