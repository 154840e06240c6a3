"""CTAPHID reports without /dev/uhid: from a queue in this process, from UDP datagrams on 127.0.0.1, from a terminal.

    MemoryReports     what python-fido2 opens as a device, in the same process
    UdpReports        64-byte datagrams, for CTAP test suites that speak them
    TerminalReports   a pseudo-terminal, which libfido2's own programs take for a device

A real device is heard by everybody who has it open. Here each client hears its
own channel, which is what its library expects.
"""

import asyncio
import os
import pty
import queue
import termios
import tty
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fido2.hid import CtapHidDevice
from fido2.hid.base import CtapHidConnection, HidDescriptor
from keystead_agent.hid.front import HostClosed

Listener = Callable[[bytes], None]

_READ_SECONDS: Final = 30.0
_LOOPBACK: Final = "127.0.0.1"
_REPORT_BYTES: Final = 64


class _Routed:
    """The Protocol `Reports`, for whoever calls `heard` on the loop."""

    def __init__(self) -> None:
        self._incoming: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._by_channel: dict[bytes, Listener] = {}
        self._last: Listener | None = None

    def heard(self, report: bytes, listener: Listener) -> None:
        self._last = self._by_channel[report[:4]] = listener
        self._incoming.put_nowait(report)

    def all_closed(self) -> None:
        self._incoming.put_nowait(None)

    async def receive(self) -> bytes:
        report = await self._incoming.get()
        if report is None:
            raise HostClosed
        return report

    def send(self, report: bytes) -> None:
        listener = self._by_channel.get(report[:4], self._last)
        if listener is not None:
            listener(report)


class MemoryReports(_Routed):
    """Made on the loop that serves it; `open` is for other threads."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()

    def open(self) -> CtapHidDevice:
        """Return a device as python-fido2 finds one on USB."""
        return CtapHidDevice(HidDescriptor("memory", 0, 0, 64, 64, "Keystead", None), self.connect())

    def connect(self) -> "MemoryConnection":
        return MemoryConnection(self, self._loop)

    def close_all(self) -> None:
        self._loop.call_soon_threadsafe(self.all_closed)


class MemoryConnection(CtapHidConnection):
    def __init__(self, reports: MemoryReports, loop: asyncio.AbstractEventLoop) -> None:
        self._reports = reports
        self._loop = loop
        self._heard: queue.Queue[bytes] = queue.Queue()

    def write_packet(self, data: bytes) -> None:
        self._loop.call_soon_threadsafe(self._reports.heard, data, self._heard.put)

    def read_packet(self) -> bytes:
        return self._heard.get(timeout=_READ_SECONDS)

    def close(self) -> None:
        pass


class UdpReports(_Routed, asyncio.DatagramProtocol):
    """One report in each datagram, either way."""

    async def listen(self, port: int = 0) -> int:
        """Return the port."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(_LOOPBACK, port)
        )
        self._transport = transport
        return int(transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard(data, lambda report: self._transport.sendto(report, addr))


class TerminalReports(_Routed):
    """libfido2 opens any character device; one that has no report descriptor gets reports of 64 bytes.

    A program writes each with the number of the report, 0, before it, as to /dev/hidraw0.
    """

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        settings = termios.tcgetattr(self._theirs)
        settings[6][termios.VMIN] = _REPORT_BYTES  # nobody reads half a report
        termios.tcsetattr(self._theirs, termios.TCSANOW, settings)
        os.set_blocking(self._ours, False)
        self._pending = b""
        self._loop.add_reader(self._ours, self._read)

    @property
    def path(self) -> str:
        return os.ttyname(self._theirs)

    def _read(self) -> None:
        self._pending += os.read(self._ours, 4096)
        size = 1 + _REPORT_BYTES
        while len(self._pending) >= size:
            report, self._pending = self._pending[1:size], self._pending[size:]
            self.heard(report, self._write)

    def _write(self, report: bytes) -> None:
        # As from a device: what nobody reads is lost.
        with suppress(BlockingIOError):
            os.write(self._ours, report)

    def close(self) -> None:
        self._loop.remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)
