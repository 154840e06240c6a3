"""What an organisation asks of a PIN: written by its server, read by the containers that are enrolled there.

    {"minimum": 6, "digits": "allow", "lowercase": "allow", "uppercase": "allow", "special": "allow",
     "history": 0, "expiryDays": 0}

Whether some PIN meets it is the container's to say; no PIN goes anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, Self

SHORTEST: Final = 4  # CTAP 2.1: "minimum PIN length … 4 code points"
LONGEST: Final = 127
DEFAULT_MINIMUM: Final = 6
LONGEST_HISTORY: Final = 50
LONGEST_EXPIRY: Final = timedelta(days=730)
CLASSES: Final = ("digits", "lowercase", "uppercase", "special")
MEMBERS: Final = ("minimum", *CLASSES, "history", "expiryDays")


class Presence(StrEnum):
    ALLOW = "allow"
    REQUIRE = "require"
    DISALLOW = "disallow"


class PinPolicyImpossible(ValueError):
    """No PIN could meet it, or it is outside what is possible.

    Attributes:
        member: which is wrong; "" where no single one is.
    """

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True, slots=True)
class PinPolicy:
    """Attributes:
    history: how many former PINs are refused; 0 remembers none.
    expiry: how long a PIN is good; zero is for ever.

    Raises:
        PinPolicyImpossible
    """

    minimum: int = DEFAULT_MINIMUM
    digits: Presence = Presence.ALLOW
    lowercase: Presence = Presence.ALLOW
    uppercase: Presence = Presence.ALLOW
    special: Presence = Presence.ALLOW
    history: int = 0
    expiry: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if not SHORTEST <= self.minimum <= LONGEST:
            raise PinPolicyImpossible(
                "minimum", f"a PIN's minimum length must be {SHORTEST} to {LONGEST}, not {self.minimum}"
            )
        if not 0 <= self.history <= LONGEST_HISTORY:
            raise PinPolicyImpossible("history", f"a PIN's history must be 0 to {LONGEST_HISTORY}, not {self.history}")
        if not timedelta(0) <= self.expiry <= LONGEST_EXPIRY:
            raise PinPolicyImpossible(
                "expiryDays", f"a PIN's expiry must be 0 to {LONGEST_EXPIRY.days} days, not {self.expiry.days}"
            )
        if all(getattr(self, name) is Presence.DISALLOW for name in CLASSES):
            raise PinPolicyImpossible("", "no character may be in a PIN: allow at least one class")

    def to_json(self) -> dict[str, str | int]:
        classes = {name: str(getattr(self, name).value) for name in CLASSES}
        return {"minimum": self.minimum, **classes, "history": self.history, "expiryDays": self.expiry.days}

    @classmethod
    def from_json(cls, said: Mapping[Any, object]) -> Self:
        """Read what `to_json` wrote; every member has to be there, and no other.

        Raises:
            PinPolicyImpossible
        """
        if set(said) != set(MEMBERS):
            raise PinPolicyImpossible("", f"the rules for PINs have the members {', '.join(MEMBERS)}")
        numbers = {name: _number(name, said[name]) for name in ("minimum", "history", "expiryDays")}
        classes = {name: _presence(name, said[name]) for name in CLASSES}
        expiry = timedelta(days=min(numbers["expiryDays"], LONGEST_EXPIRY.days + 1))
        return cls(minimum=numbers["minimum"], **classes, history=numbers["history"], expiry=expiry)


def _number(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise PinPolicyImpossible(name, f"{name} must be a number")
    return value


def _presence(name: str, value: object) -> Presence:
    try:
        return Presence(str(value))
    except ValueError:
        raise PinPolicyImpossible(name, f"{name} must be one of {', '.join(Presence)}") from None
