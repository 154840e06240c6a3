"""Who is at the other end of the socket, as the kernel says it."""

import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CREDENTIALS: Final = struct.Struct("3i")
_BROWSER_HOST: Final = b"keystead_agent.browser_host"


class PeerRefused(Exception):
    """Another user's process; root's as well, unless we are root ourselves."""

    code = "peer_refused"
    says = "This agent is another person's."

    def __init__(self, uid: int) -> None:
        super().__init__(self.says)
        self.uid = uid


class NoSession(PeerRefused):
    """Nobody of that user is logged in, as far as logind knows, so nobody could be asked."""

    code = "no_session"
    says = "You have no session on this computer, as far as systemd-logind knows: log in, at its screen or by ssh."


class NoRoom(PeerRefused):
    """The folder of that person cannot be made or read: a full disk, or somebody changed what it is."""

    code = "container_not_kept"
    says = "The service cannot keep a container for you"

    def __init__(self, uid: int, why: str) -> None:
        super().__init__(uid)
        self.args = (f"{self.says}: {why}",)


class TooManyConnections(PeerRefused):
    """One person's programs hold as many as there may be; the others keep theirs."""

    code = "too_many_connections"
    says = "Your programs hold too many connections to the agent: close some."


@dataclass(frozen=True, slots=True)
class Peer:
    pid: int
    uid: int

    @property
    def program(self) -> str:
        """The program that asks, for the person to see.

        Any program of the same user can call itself anything; it is a help
        against surprises, and no proof.
        """
        asking = _parent(self.pid) if _BROWSER_HOST in _read(self.pid, "cmdline") else self.pid
        return f"{_read(asking, 'comm').decode('utf-8', 'replace').strip() or 'unknown program'} ({asking})"


def peer_of(connection: socket.socket) -> Peer:
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _gid = _CREDENTIALS.unpack(packed)
    return Peer(pid, uid)


def admit_uid(peer: Peer, *, own: int) -> Peer:
    """Raises PeerRefused."""
    if peer.uid != own:
        raise PeerRefused(peer.uid)
    return peer


def _parent(pid: int) -> int:
    for line in _read(pid, "status").splitlines():
        if line.startswith(b"PPid:"):
            return int(line.split()[1])
    return pid


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
