"""When the person leaves: logind says that the session is locked or over, or that the computer falls asleep.

LoginWatch   calls `leave` at each of these, and knows whether it would be told
has_session  whether somebody is logged in at all

Falling asleep waits for us: an inhibitor delays it until the reader is released and
what was open is closed.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from jeepney import DBusAddress, HeaderFields, Message, new_method_call
from jeepney.io.blocking import open_dbus_connection

from keystead_agent.gesture.system_bus import SYSTEM, Bus, BusRefused, BusUnreachable, connected

Leave = Callable[[str], Awaitable[None]]

_NAME: Final = "org.freedesktop.login1"
_MANAGER: Final = DBusAddress("/org/freedesktop/login1", _NAME, _NAME + ".Manager")
_SESSION: Final = _NAME + ".Session"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_AGAIN_SECONDS: Final = 10.0
# polkit may have to start first, on a computer that has just started itself.
_INHIBIT_SECONDS: Final = 20.0


@dataclass(slots=True)
class LoginWatch:
    """Attributes:
    uid: whose sessions are watched; a fast switch to another person's leaves theirs alone.
    bus: the address of the system's bus.
    is_watching: whether `leave` would be called now.
    """

    uid: int
    bus: str = SYSTEM
    is_watching: bool = False
    _sessions: frozenset[str] = frozenset()
    _inhibitor: "_Inhibitor" = field(default_factory=lambda: _Inhibitor())  # noqa: PLW0108 (defined below)

    async def run(self, leave: Leave) -> None:
        """Watch until cancelled. While there is nobody to tell us, what was open is closed."""
        try:
            while True:
                with suppress(BusRefused, BusUnreachable):
                    await self._watch(leave)
                if self.is_watching:
                    self.is_watching = False
                    await leave("logind is gone")
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            self.is_watching = False
            self._inhibitor.release()

    async def _watch(self, leave: Leave) -> None:
        async with connected(self.bus) as bus, _said_by_logind(bus) as said:
            self._sessions = await self._own_sessions(bus)
            await self._inhibitor.take(self.bus)
            self.is_watching = True
            while True:
                message = await _next(bus, said)
                because = await self._leaving(bus, message)
                if because:
                    await leave(because)
                await self._mind_inhibitor(message)

    async def _leaving(self, bus: Bus, message: Message) -> str:
        """Why the person leaves, or ""."""
        member, path, body = _parts(message)
        match member:
            case "PrepareForSleep":
                return "the computer falls asleep" if body[0] else ""
            case "Lock":
                return "the session is locked" if path in await self._own_sessions(bus) else ""
            case "PropertiesChanged":
                is_locked = body[0] == _SESSION and body[1].get("LockedHint") == ("b", True)
                return "the session is locked" if is_locked and path in await self._own_sessions(bus) else ""
            case _:
                before, self._sessions = self._sessions, await self._own_sessions(bus)
                return "a session has ended" if before - self._sessions else ""

    async def _mind_inhibitor(self, message: Message) -> None:
        member, _, body = _parts(message)
        if member == "PrepareForSleep":
            if body[0]:
                self._inhibitor.release()
            else:
                await self._inhibitor.take(self.bus)

    async def _own_sessions(self, bus: Bus) -> frozenset[str]:
        sessions = (await bus.call(_MANAGER, "ListSessions"))[0]
        return frozenset(str(path) for _, uid, _, _, path in sessions if uid == self.uid)


async def has_session(uid: int, bus: str = SYSTEM) -> bool:
    """Whether logind knows of a session of that user; False as well when nobody can say."""
    with suppress(BusRefused, BusUnreachable):
        async with connected(bus) as connection:
            return any(uid == theirs for _, theirs, *_ in (await connection.call(_MANAGER, "ListSessions"))[0])
    return False


def _parts(message: Message) -> tuple[str, str, Any]:
    fields = message.header.fields
    return str(fields[HeaderFields.member]), str(fields[HeaderFields.path]), message.body


@asynccontextmanager
async def _said_by_logind(bus: Bus) -> AsyncIterator[asyncio.Queue[Message]]:
    # A call first: it starts logind where it is started on demand, and a name without an owner says nothing.
    await bus.call(_MANAGER, "ListSessions")
    owner = await bus.owner_of(_NAME)
    said: asyncio.Queue[Message] = asyncio.Queue()
    async with (
        bus.signals(owner, _MANAGER.interface, "PrepareForSleep", said),
        bus.signals(owner, _MANAGER.interface, "SessionNew", said),
        bus.signals(owner, _MANAGER.interface, "SessionRemoved", said),
        bus.signals(owner, _SESSION, "Lock", said),
        bus.signals(owner, _PROPERTIES, "PropertiesChanged", said),
    ):
        yield said


async def _next(bus: Bus, said: asyncio.Queue[Message]) -> Message:
    """The next signal; raises BusUnreachable when the bus is gone, which says nothing by itself."""
    while True:
        try:
            async with asyncio.timeout(_AGAIN_SECONDS):
                return await said.get()
        except TimeoutError:
            await bus.owner_of(_NAME)


@dataclass(slots=True)
class _Inhibitor:
    """Holds up sleep as long as its file is open."""

    _file: int | None = None

    async def take(self, address: str) -> None:
        if self._file is None:
            # jeepney passes file descriptors only where it blocks.
            self._file = await asyncio.to_thread(partial(_inhibit, address))

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _inhibit(address: str) -> int | None:
    what = ("sleep", "Keystead", "Passkeys are closed first", "delay")
    try:
        with open_dbus_connection(address, enable_fds=True) as connection:
            reply = connection.send_and_get_reply(
                new_method_call(_MANAGER, "Inhibit", "ssss", what), timeout=_INHIBIT_SECONDS
            )
            if reply.header.fields.get(HeaderFields.signature) != "h":
                return None
            descriptor: int = reply.body[0].to_raw_fd()
            return descriptor
    except (OSError, EOFError, TimeoutError):
        # Not ours to have: falling asleep then does not wait, and is told all the same.
        return None
