"""What may be a PIN, and for how long.

    length      4 to 127 characters, 6 at least by default
    classes     digits, lower case, upper case, everything else: each allowed, required or not allowed
    trivial     one step between neighbours, such as 1111, 1234, 1357 or 9630: the first that anybody tries
    history     none of the last so many
    expiry      after so long another one is asked for

Pure: the caller remembers former PINs, in a form that tells nobody what they were.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final

from keystead_core.link.pin_policy import LONGEST, PinPolicy, Presence

from keystead_agent.container.errors import PinUnfit
from keystead_agent.container.pin import hash_pin, normal_pin
from keystead_agent.keystore.values import PinHash

_MAX_BYTES: Final = 4 * LONGEST


@dataclass(frozen=True, slots=True)
class PinRules(PinPolicy):
    """The rules of one container: what a policy asks, and whether a PIN is that."""

    def admit(self, typed: str) -> PinHash:
        """Return what is kept of a new PIN; its history is another question.

        Raises:
            PinUnfit: with the reason, to be shown to the person.
        """
        pin = normal_pin(typed)
        if len(pin) < self.minimum:
            raise PinUnfit(f"That PIN is too short: at least {self.minimum} characters are needed.")
        if len(pin) > LONGEST or len(pin.encode()) > _MAX_BYTES:
            raise PinUnfit(f"That PIN is too long: at most {LONGEST} characters are possible.")
        for name, spoken, is_one in _spoken_classes():
            self._admit_class(pin, getattr(self, name), spoken, is_one)
        if len(set(pin)) == 1:
            raise PinUnfit("That PIN is one character repeated, the first thing anybody tries.")
        if _is_straight(pin):
            raise PinUnfit("That PIN is a straight sequence, the first thing anybody tries.")
        return hash_pin(typed)

    def _admit_class(self, pin: str, presence: Presence, spoken: str, is_one: Callable[[str], bool]) -> None:
        present = any(map(is_one, pin))
        if presence is Presence.REQUIRE and not present:
            raise PinUnfit(f"That PIN needs {spoken}.")
        if presence is Presence.DISALLOW and present:
            raise PinUnfit(f"That PIN may not have {spoken}.")

    def expired(self, age: timedelta) -> bool:
        return bool(self.expiry) and age >= self.expiry


def strictest(rules: Iterable[PinPolicy]) -> PinRules:
    """The rules that satisfy all of *rules*; the defaults when there are none.

    Raises:
        ValueError: one requires what another does not allow.
    """
    every = tuple(rules) or (PinRules(),)
    expiries = [each.expiry for each in every if each.expiry]
    return PinRules(
        minimum=max(each.minimum for each in every),
        digits=_both("digits", every),
        lowercase=_both("lowercase", every),
        uppercase=_both("uppercase", every),
        special=_both("special", every),
        history=max(each.history for each in every),
        expiry=min(expiries, default=timedelta(0)),
    )


def _both(name: str, every: tuple[PinPolicy, ...]) -> Presence:
    wishes = {getattr(rules, name) for rules in every} - {Presence.ALLOW}
    if len(wishes) > 1:
        raise ValueError(f"{name} are required by one and not allowed by another")
    return wishes.pop() if wishes else Presence.ALLOW


def _spoken_classes() -> tuple[tuple[str, str, Callable[[str], bool]], ...]:
    return (
        ("digits", "a digit", str.isdecimal),
        ("lowercase", "a lower-case letter", str.islower),
        ("uppercase", "an upper-case letter", str.isupper),
        ("special", "a special character", _is_special),
    )


def _is_special(character: str) -> bool:
    return not (character.isdecimal() or character.islower() or character.isupper())


def _is_straight(pin: str) -> bool:
    """Of digits, one step modulo ten between all neighbours; of anything else, one step of one."""
    if pin.isascii() and pin.isdecimal():
        # There are exactly a hundred such PINs of each length, so refusing them costs little.
        return len({(int(after) - int(before)) % 10 for before, after in pairwise(pin)}) == 1
    return {ord(after) - ord(before) for before, after in pairwise(pin)} in ({1}, {-1})
