"""Prove you are here: what a gesture is asked, and what it can answer.

Prompt     which site, which account, for what, at whose request
Verified   something else than the PIN has recognised the person
Cancelled  the person said no, or did not answer in time
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol


class Purpose(Enum):
    CREATE = "create a passkey"
    SIGN_IN = "sign in"
    SET_PIN = "set a PIN"
    CHANGE_PIN = "change your PIN"
    MANAGE = "manage your passkeys"
    SELECT = "choose a security key"
    RESET = "delete everything"
    UNLOCK_PIN = "have your PIN unlocked"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a person needs to know before they approve.

    Attributes:
        site: the relying-party id, and the page when it is another one.
        account: as the site calls it; not to be believed more than the site is.
        requester: the program that asked.
        tries_left: wrong PINs that are still possible; None when nobody asked the keystore.
        error: why they are asked again.
        other_gestures: a finger or a face will do in the PIN's place.
        hints: how to give one, a sentence each.
        other_ways: declining leads to other authenticators, and the button says so.
    """

    purpose: Purpose
    site: str = ""
    account: str = ""
    requester: str = ""
    tries_left: int | None = None
    error: str = ""
    other_gestures: bool = False
    hints: tuple[str, ...] = ()
    other_ways: bool = False

    def again(self, error: str, tries_left: int | None = None) -> "Prompt":
        return replace(self, error=error, tries_left=tries_left)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """No approval.

    Attributes:
        timed_out: nobody answered, as opposed to somebody who said no.
    """

    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """A gesture other than the PIN was made and verified. Only who verified it makes one.

    Attributes:
        by: what did so, such as "fingerprint"; for the log.
    """

    by: str


class GestureUnavailable(Exception):
    """There is no way to ask a person: no program for it, or it fails."""

    code = "gesture_unavailable"


class Gesture(Protocol):
    """Ways to ask. Cancelling the task closes what is on the screen."""

    @property
    def offers_more(self) -> bool:
        """Whether there are ways besides the PIN, once `Prompt.other_gestures` allows them."""
        ...

    async def ask_pin(self, prompt: Prompt) -> str | Verified | Cancelled:
        """Return what was typed; Verified only if *prompt* allows other gestures."""
        ...

    async def ask_new_pin(self, prompt: Prompt) -> str | Cancelled:
        """Ask for a PIN to be, twice; what is returned was typed the same both times."""
        ...

    async def choose(self, prompt: Prompt, accounts: Sequence[str]) -> int | Cancelled:
        """Return the index of the account that the person chose."""
        ...

    async def confirm(self, prompt: Prompt, question: str) -> bool: ...
