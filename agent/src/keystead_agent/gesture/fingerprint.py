"""A finger on a reader, through fprintd (net.reactivated.Fprint), which compares it.

    Readiness          whether a finger of this person could be recognised: yes, no, unknown
    Fingerprint.verify one question: True only when fprintd itself said "verify-match"

Whatever happens, the reader is released: one that is claimed when the computer
falls asleep answers nobody for half a minute after it wakes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from jeepney import DBusAddress, HeaderFields, Message

from keystead_agent.gesture.interface import Prompt
from keystead_agent.gesture.system_bus import SYSTEM, Bus, BusRefused, BusUnreachable, connected

_NAME: Final = "net.reactivated.Fprint"
_DEVICE: Final = _NAME + ".Device"
_MANAGER: Final = DBusAddress("/net/reactivated/Fprint/Manager", _NAME, _NAME + ".Manager")
# Nobody is named, and fprintd takes the user that asks: naming one is a right of its own, which the service has.
_CALLER: Final = ""
_ANY_FINGER: Final = "any"
_MATCH: Final = "verify-match"
_NO_MATCH: Final = "verify-no-match"
# "There is no such reader, service or print": an answer, where all else is a failure.
_NOTHING_THERE: Final = frozenset(
    {
        _NAME + ".Error.NoSuchDevice",
        _NAME + ".Error.NoEnrolledPrints",
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
    }
)
_RELEASE_SECONDS: Final = 2.0
_READY_SECONDS: Final = 1.5


class Readiness(Enum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The Protocol `Recogniser`.

    Attributes:
        timeout: for one question, however many fingers are tried.
        attempts: fingers that are not this person's, before only the PIN is left.
        bus: the address of the system's bus.
        user: whose finger; "" for the user that we run as.
    """

    timeout: timedelta
    attempts: int = 3
    bus: str = SYSTEM
    user: str = _CALLER

    @property
    def name(self) -> str:
        return "fingerprint"

    @property
    def hint(self) -> str:
        return "Or touch the fingerprint reader."

    @property
    def question(self) -> str:
        """None is asked: who touches the reader means it."""
        return ""

    async def is_ready(self) -> bool:
        return await self.readiness() is Readiness.YES

    async def readiness(self) -> Readiness:
        try:
            async with asyncio.timeout(_READY_SECONDS), connected(self.bus) as bus:
                device = await _default_device(bus)
                fingers = (await bus.call(device, "ListEnrolledFingers", "s", self.user))[0]
                return Readiness.YES if fingers else Readiness.NO
        except BusRefused as refused:
            return Readiness.NO if refused.name in _NOTHING_THERE else Readiness.UNKNOWN
        except (BusUnreachable, TimeoutError):
            return Readiness.UNKNOWN

    async def verify(self, prompt: Prompt) -> bool:
        try:
            async with asyncio.timeout(self.timeout.total_seconds()), connected(self.bus) as bus:
                device = await _default_device(bus)
                async with _claimed(bus, device, self.user):
                    return await self._matches(bus, device)
        except (BusRefused, BusUnreachable, TimeoutError):
            return False

    async def _matches(self, bus: Bus, device: DBusAddress) -> bool:
        owner = await bus.owner_of(_NAME)
        async with bus.signals(owner, _DEVICE, "VerifyStatus") as said:
            for _ in range(self.attempts):
                await bus.call(device, "VerifyStart", "s", _ANY_FINGER)
                result = await _result(said, device)
                await bus.call(device, "VerifyStop")
                if result != _NO_MATCH:
                    return result == _MATCH
        return False


async def _result(said: asyncio.Queue[Message], device: DBusAddress) -> str:
    """The word that ends one comparison; a finger that was too fast or askew does not end it."""
    while True:
        message = await said.get()
        if message.header.fields.get(HeaderFields.path) == device.object_path:
            result, is_done = message.body
            if is_done:
                return str(result)


async def _default_device(bus: Bus) -> DBusAddress:
    path = (await bus.call(_MANAGER, "GetDefaultDevice"))[0]
    return DBusAddress(path, _NAME, _DEVICE)


@asynccontextmanager
async def _claimed(bus: Bus, device: DBusAddress, user: str) -> AsyncIterator[None]:
    claiming = asyncio.create_task(bus.call(device, "Claim", "s", user))
    try:
        await asyncio.shield(claiming)
        yield
    finally:
        # Who gives up while fprintd is about to claim it would leave it claimed.
        await asyncio.wait([claiming])
        if claiming.exception() is None:
            for method in ("VerifyStop", "Release"):
                with suppress(BusRefused, BusUnreachable, TimeoutError):
                    async with asyncio.timeout(_RELEASE_SECONDS):
                        await bus.call(device, method)
