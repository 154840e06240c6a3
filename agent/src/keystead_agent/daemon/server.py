"""The daemon's socket: where it lies, who may connect, and one daemon at a time."""

import asyncio
import fcntl
import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from keystead_core.link.framing import frame
from keystead_core.link.messages import NO_ID, Failed

from keystead_agent.daemon.connection import Connection
from keystead_agent.daemon.peer import Peer, PeerRefused, TooManyConnections, peer_of
from keystead_agent.daemon.people import People
from keystead_agent.daemon.service import Service
from keystead_agent.keystore.private_file import ensure_private_directory

# Of one person. Browsers hold one each; a program that holds hundreds would use up the files of everybody.
MOST_CONNECTIONS: Final = 64
_LAST_WORDS_SECONDS: Final = 1.0
_CHUNK_BYTES: Final = 16 * 1024


class AlreadyRunning(Exception):
    """Another daemon has this container: two writers of one file would undo each other's counters."""

    code = "already_running"

    def __init__(self, lock: Path) -> None:
        super().__init__(f"another keystead-agent daemon holds {lock}")


@contextmanager
def only_daemon(state: Path) -> Iterator[None]:
    """Hold the container in *state* for this process. Raises AlreadyRunning."""
    ensure_private_directory(state)
    lock = state / "daemon.lock"
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(lock) from error
        yield
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class Daemon:
    people: People
    socket_path: Path
    _connections: set[asyncio.Task[None]] = field(default_factory=set)
    _of: Counter[int] = field(default_factory=Counter)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until *stop*; then close what is open, windows included.

        Raises:
            FileNotPrivate: the socket's directory is open to others.
        """
        server = await asyncio.start_unix_server(self._connected, sock=self._listen())
        await self.people.start()
        self.people.log.event("daemon.started", socket=str(self.socket_path), pid=os.getpid())
        try:
            await stop.wait()
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            with suppress(FileNotFoundError):
                self.socket_path.unlink()
            await self.people.stop()
            self.people.log.event("daemon.stopped")

    def _listen(self) -> socket.socket:
        if self.people.is_for_everybody:
            # systemd makes it, for the service's user alone to write in.
            self.socket_path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        else:
            ensure_private_directory(self.socket_path.parent)
        # What a killed daemon left behind; nobody serves it, as we hold the lock.
        with suppress(FileNotFoundError):
            self.socket_path.unlink()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.socket_path))
        # Whoever connects is asked by the kernel who they are.
        self.socket_path.chmod(0o666 if self.people.is_for_everybody else 0o600)
        return listener

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a coroutine that runs has a task)
        self._connections.add(task)
        peer = peer_of(writer.get_extra_info("socket"))
        self._of[peer.uid] += 1
        try:
            service = await self._admitted(peer)
            await Connection(service, peer, reader, writer).serve()
        except PeerRefused as refused:
            self.people.log.event("connection.refused", code=refused.code, uid=refused.uid)
            await _turn_away(reader, writer, refused)
        except asyncio.CancelledError:
            # The daemon stops; what was open on this connection has been given up.
            pass
        finally:
            self._connections.discard(task)
            self._of[peer.uid] -= 1

    async def _admitted(self, peer: Peer) -> Service:
        """Raises PeerRefused."""
        if self._of[peer.uid] > MOST_CONNECTIONS:
            raise TooManyConnections(peer.uid)
        return await self.people.service_of(peer)


async def _turn_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, refused: PeerRefused) -> None:
    writer.write(frame(Failed(NO_ID, refused.code, str(refused)).to_json()))
    if not isinstance(refused, TooManyConnections):
        # To hang up on what was said and not read would take the reason away from them. Not beyond the limit:
        # a flood would hold as many files as there are, and nobody else could connect.
        writer.write_eof()
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                while await reader.read(_CHUNK_BYTES):
                    pass
    writer.close()
