"""Whom the daemon serves: the one person that it runs as, or everybody who is logged in.

    OnePerson   a daemon of a person's own
    Everybody   the service of a whole computer: for each person a container, a log and questions of their own

Who asks is what the kernel says of the other end of the socket, and nothing else.
Root is a person like any other: it reaches its own container, and nobody else's.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from keystead_agent.daemon.log import Log
from keystead_agent.daemon.login import LoginWatch
from keystead_agent.daemon.peer import NoRoom, NoSession, Peer, PeerRefused, admit_uid
from keystead_agent.daemon.service import Service
from keystead_agent.keystore.private_file import FileNotPrivate


class People(Protocol):
    @property
    def log(self) -> Log:
        """For what concerns none of them."""
        ...

    @property
    def is_for_everybody(self) -> bool:
        """Whether others than the daemon's own user may connect at all."""
        ...

    async def start(self) -> None: ...

    async def service_of(self, peer: Peer) -> Service:
        """Raises PeerRefused."""
        ...

    async def stop(self) -> None: ...


@dataclass(slots=True)
class Resident:
    """One person's service, and the watch that says when they leave."""

    service: Service
    watch: LoginWatch | None = None
    _watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self.watch is not None:
            self._watching = asyncio.create_task(self.watch.run(self.service.leave))
        await self.service.open_early()

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self.service.close()


@dataclass(slots=True)
class OnePerson:
    resident: Resident

    @property
    def log(self) -> Log:
        return self.resident.service.log

    @property
    def is_for_everybody(self) -> bool:
        return False

    async def start(self) -> None:
        await self.resident.start()

    async def service_of(self, peer: Peer) -> Service:
        admit_uid(peer, own=os.getuid())
        return self.resident.service

    async def stop(self) -> None:
        await self.resident.stop()


@dataclass(slots=True)
class Everybody:
    """Attributes:
    make: the service of the person with that user id; raises KeyError when there is no such user.
    is_here: whether a session of theirs is open, as logind says; False when nobody can say.
    """

    log: Log
    make: Callable[[int], Resident]
    is_here: Callable[[int], Awaitable[bool]]
    # Of each person one, for good: who comes while they move in waits for that, and holds up nobody else.
    _residents: dict[int, asyncio.Future[Resident]] = field(default_factory=dict)

    @property
    def is_for_everybody(self) -> bool:
        return True

    async def start(self) -> None:
        """Nobody is known before they come."""

    async def service_of(self, peer: Peer) -> Service:
        # Each time, and not only the first: who has logged out has left nobody here to be asked.
        if not await self.is_here(peer.uid):
            raise NoSession(peer.uid)
        if peer.uid not in self._residents:
            self._residents[peer.uid] = asyncio.ensure_future(self._move_in(peer.uid))
        try:
            # Shielded: whoever hangs up meanwhile must not end it for the others.
            return (await asyncio.shield(self._residents[peer.uid])).service
        except PeerRefused:
            # The next time may go well: a disk has room again, a user was made.
            self._residents.pop(peer.uid, None)
            raise

    async def _move_in(self, uid: int) -> Resident:
        try:
            resident = self.make(uid)
        except KeyError:
            raise NoSession(uid) from None
        except (OSError, FileNotPrivate) as error:
            raise NoRoom(uid, str(error)) from error
        await resident.start()
        self.log.event("person.served", uid=uid)
        return resident

    async def stop(self) -> None:
        for moving_in in self._residents.values():
            await asyncio.gather(moving_in, return_exceptions=True)
            if moving_in.exception() is None:
                await moving_in.result().stop()
