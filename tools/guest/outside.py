"""Inside the guest: the way to what runs outside it."""

import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Final

# QEMU's user network: we are the first, and whoever runs us is the second.
_OURS: Final = "10.0.2.15"
_OUTSIDE: Final = "10.0.2.2"


def reach_outside(port: int) -> None:
    """Make this `localhost` the identity provider's: browsers have passkeys there without TLS."""
    subprocess.run(["/bin/busybox", "ifconfig", _card(), _OURS, "up"], check=True)
    listening = socket.create_server(("127.0.0.1", port))
    Thread(target=_relay, args=(listening, port), daemon=True).start()


def _card() -> str:
    """The one network card; udev may have given it another name than the kernel did."""
    (card,) = (each.name for each in Path("/sys/class/net").iterdir() if (each / "device").exists())
    return card


def _relay(listening: socket.socket, port: int) -> None:
    while True:
        near, _ = listening.accept()
        far = socket.create_connection((_OUTSIDE, port))
        for source, sink in ((near, far), (far, near)):
            Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
