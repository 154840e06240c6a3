"""How often somebody was asked to add a passkey on the device they sat at, and put it off."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Snoozes:
    """Of a person, not of a device: whoever moves on to the next one does not start again.

    Attributes:
        last_at: when they were last asked; None when never.
    """

    count: int = 0
    last_at: datetime | None = None
