"""What detections look at of one row of the sign-in log."""

from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.place import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class Trace:
    """Attributes:
    granted: they were let in; a first factor that was right and waits for the second is neither.
    reason: the row's stable code.
    credential: what was used, as hexadecimal digits; None where nothing was known.
    is_bound: something speaks for that credential not leaving its device.
    system: the operating system, by the browser's own account; None for none that anybody recognises.
    """

    id: str
    at: datetime
    granted: bool
    reason: str
    address: str
    credential: str | None = None
    is_bound: bool = False
    system: str | None = None
    place: Place = NOWHERE
