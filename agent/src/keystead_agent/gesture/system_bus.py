"""The system's D-Bus, as far as gestures need it: a connection, a call, signals of one sender alone.

connected   a Bus for the length of a block
Bus.call    one method; what it answers, or BusRefused with the error's name
Bus.signals what one *owner* says from then on
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from jeepney import DBusAddress, MatchRule, Message, MessageType, new_method_call
from jeepney.io.asyncio import DBusRouter, open_dbus_router
from jeepney.wrappers import DBusErrorResponse

SYSTEM: Final = "SYSTEM"
_CALL_SECONDS: Final = 10.0


class BusRefused(Exception):
    """A service answered with an error, or there is none of that name.

    Attributes:
        name: such as "net.reactivated.Fprint.Error.NoSuchDevice".
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class BusUnreachable(Exception):
    """No bus at that address, or it does not answer."""


@dataclass(frozen=True, slots=True)
class Bus:
    router: DBusRouter

    async def call(self, to: DBusAddress, method: str, signature: str = "", *arguments: object) -> Any:
        """Return the tuple that *method* answers. Raises BusRefused, BusUnreachable."""
        message = new_method_call(to, method, signature or None, arguments)
        reply = await self._reply(message)
        if reply.header.message_type is MessageType.error:
            raise BusRefused(str(DBusErrorResponse(reply).name))
        return reply.body

    async def owner_of(self, name: str) -> str:
        """The connection that *name* belongs to now; who may own it is the bus's own rule."""
        return str((await self.call(_BUS, "GetNameOwner", "s", name))[0])

    @asynccontextmanager
    async def signals(
        self, owner: str, interface: str, member: str, into: asyncio.Queue[Message] | None = None
    ) -> AsyncIterator[asyncio.Queue[Message]]:
        """What *owner*, a connection's own name, says; *into* a queue that is shared, if one is given.

        Every user of the computer may send a signal to whom they like, so one that only
        looks like a reader's word must not be read: the bus vouches for the sender.
        """
        rule = MatchRule(type="signal", sender=owner, interface=interface, member=member)
        await self.call(_BUS, "AddMatch", "s", rule.serialise())
        with self.router.filter(rule, queue=asyncio.Queue() if into is None else into) as queue:
            yield queue

    async def _reply(self, message: Message) -> Message:
        try:
            # Not `wait_for`: in Python 3.11 it swallows a cancellation that comes together with the reply.
            async with asyncio.timeout(_CALL_SECONDS):
                return await self.router.send_and_get_reply(message)
        except (OSError, EOFError, TimeoutError, RuntimeError) as error:
            raise BusUnreachable(str(error)) from error


_BUS: Final = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")


@asynccontextmanager
async def connected(address: str = SYSTEM) -> AsyncIterator[Bus]:
    """Raises BusUnreachable."""
    opening = open_dbus_router(address)
    try:
        router = await _open(opening)
    except (OSError, EOFError, TimeoutError, RuntimeError, ValueError) as error:
        raise BusUnreachable(f"no D-Bus answers ({error})") from error
    try:
        yield Bus(router)
    finally:
        await asyncio.shield(asyncio.ensure_future(_close(opening)))


# jeepney swallows a cancellation that comes while it greets the bus or leaves it, and who was cancelled would go on
# waiting; so it does both in tasks of their own, which nobody cancels.


async def _open(opening: open_dbus_router) -> DBusRouter:
    greeting = asyncio.ensure_future(opening.__aenter__())
    try:
        async with asyncio.timeout(_CALL_SECONDS):
            return await asyncio.shield(greeting)
    except BaseException:
        greeting.add_done_callback(partial(_close_late, opening))
        raise


def _close_late(opening: open_dbus_router, greeting: "asyncio.Future[DBusRouter]") -> None:
    if not greeting.cancelled() and greeting.exception() is None:
        closing = asyncio.ensure_future(_close(opening))
        _CLOSING.add(closing)
        closing.add_done_callback(_CLOSING.discard)


async def _close(opening: open_dbus_router) -> None:
    # A router whose bus has gone says so on leaving; who leaves is not interested.
    with suppress(OSError, EOFError):
        await opening.__aexit__(None, None, None)


# The loop itself keeps no task alive.
_CLOSING: Final[set["asyncio.Future[None]"]] = set()
