"""The process that a browser starts: the bridge between its pipes and the daemon's socket.

One thread waits for whichever side speaks. The daemon is called when the
browser has something to say, so a daemon that is started later is found, and
one that is restarted is found again. When the browser closes its pipe the
socket is closed, and the daemon gives up what was open on it.
"""

import os
import selectors
import socket
from dataclasses import dataclass, field
from pathlib import Path

from keystead_core.link.errors import LinkError

from keystead_agent.browser_host.bridge import Bridge

_CHUNK_BYTES = 64 * 1024


@dataclass(slots=True)
class Host:
    """Carry messages until the browser hangs up.

    Attributes:
        daemon: the path of the daemon's socket.
        from_browser: file descriptor to read native messages from.
        to_browser: file descriptor to write native messages to.
    """

    daemon: Path
    from_browser: int
    to_browser: int
    _bridge: Bridge = field(default_factory=Bridge)
    _selector: selectors.PollSelector = field(default_factory=selectors.PollSelector)
    _socket: socket.socket | None = None

    def run(self) -> None:
        """Return when the browser has closed its side.

        Raises:
            LinkError: the browser sent what cannot be framed.
        """
        with self._selector:
            self._selector.register(self.from_browser, selectors.EVENT_READ, self._hear_browser)
            while self._turn():
                pass
            self._hang_up()

    def _turn(self) -> bool:
        return all(key.data() for key, _ in self._selector.select())

    def _hear_browser(self) -> bool:
        data = os.read(self.from_browser, _CHUNK_BYTES)
        onward, back = self._bridge.browser_said(data)
        self._tell_browser(back)
        if onward:
            self._tell_daemon(onward)
        return bool(data)

    def _tell_daemon(self, data: bytes) -> None:
        try:
            self._connected().sendall(data)
        except OSError:
            self._daemon_is_gone()

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(str(self.daemon))
            self._selector.register(self._socket, selectors.EVENT_READ, self._hear_daemon)
        return self._socket

    def _hear_daemon(self) -> bool:
        # Hung up earlier in this same turn, after the selector had named it.
        if self._socket is None:
            return True
        try:
            data = self._socket.recv(_CHUNK_BYTES)
            self._tell_browser(self._bridge.daemon_said(data))
        except (ConnectionError, LinkError):
            data = b""
        if not data:
            self._daemon_is_gone()
        return True

    def _daemon_is_gone(self) -> None:
        self._hang_up()
        self._tell_browser(self._bridge.daemon_is_gone())

    def _hang_up(self) -> None:
        if self._socket is None:
            return
        if self._socket in self._selector.get_map():
            self._selector.unregister(self._socket)
        self._socket.close()
        self._socket = None

    def _tell_browser(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.to_browser, data) :]
