"""The daemon's socket: where it lies, who may connect, and one daemon at a time."""

import asyncio
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from keystead_agent.daemon.connection import Connection
from keystead_agent.daemon.login import LoginWatch
from keystead_agent.daemon.peer import PeerRefused, peer_of
from keystead_agent.daemon.service import Service
from keystead_agent.keystore.private_file import ensure_private_directory


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
    service: Service
    socket_path: Path
    watch: LoginWatch | None = None
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until *stop*; then close what is open, windows included.

        Raises:
            FileNotPrivate: the socket's directory is open to others.
        """
        server = await asyncio.start_unix_server(self._connected, sock=self._listen())
        watching = asyncio.create_task(self.watch.run(self.service.leave)) if self.watch else None
        await self.service.open_early()
        self.service.log.event("daemon.started", socket=str(self.socket_path), pid=os.getpid())
        try:
            await stop.wait()
        finally:
            if watching is not None:
                watching.cancel()
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            with suppress(FileNotFoundError):
                self.socket_path.unlink()
            self.service.close()
            self.service.log.event("daemon.stopped")

    def _listen(self) -> socket.socket:
        ensure_private_directory(self.socket_path.parent)
        # What a killed daemon left behind; nobody serves it, as we hold the lock.
        with suppress(FileNotFoundError):
            self.socket_path.unlink()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.socket_path))
        self.socket_path.chmod(0o600)
        return listener

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a coroutine that runs has a task)
        self._connections.add(task)
        try:
            peer = peer_of(writer.get_extra_info("socket"))
            await Connection(self.service, peer, reader, writer).serve()
        except PeerRefused as refused:
            self.service.log.event("connection.refused", code=refused.code, uid=refused.uid)
            writer.close()
        except asyncio.CancelledError:
            # The daemon stops; what was open on this connection has been given up.
            pass
        finally:
            self._connections.discard(task)
