"""/dev/uhid: whoever holds it open can be any HID device, so it belongs to root (see `privileges`)."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from keystead_agent.hid import uhid_events
from keystead_agent.hid.front import HostClosed, Unplugged
from keystead_agent.hid.uhid_events import EVENT_BYTES, Asked, Closed, Other, Output, Stopped, parse_event

DEVICE: Final = Path("/dev/uhid")
NAME: Final = "Keystead passkeys"


class UhidUnavailable(Exception):
    """The kernel has no uhid, or we may not open it."""

    code = "uhid_unavailable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} cannot be opened ({why}): is the module uhid loaded (modprobe uhid), and is this root "
            "or a service that was given the device?"
        )


def open_uhid(path: Path = DEVICE) -> int:
    """Return its file descriptor. Raises UhidUnavailable."""
    try:
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UhidUnavailable(path, error.strerror or "") from error


@dataclass(slots=True)
class UhidReports:
    """The Protocol `Reports`, on an open device file."""

    descriptor: int
    _events: asyncio.Queue[Output | Closed | Stopped] = field(default_factory=asyncio.Queue)

    async def receive(self) -> bytes:
        match await self._events.get():
            case Output(report):
                return report
            case Closed():
                raise HostClosed
            case Stopped():
                raise Unplugged

    def send(self, report: bytes) -> None:
        # A device that the kernel has put away takes nothing more; `Stopped` follows.
        with suppress(OSError):
            os.write(self.descriptor, uhid_events.input_report(report))

    @contextmanager
    def plugged_in(self, serial: str, name: str = NAME) -> Iterator[None]:
        """Be there, as a device that programs can find, until the block ends."""
        loop = asyncio.get_running_loop()
        os.write(self.descriptor, uhid_events.create(name, serial))
        loop.add_reader(self.descriptor, self._heard)
        try:
            yield
        finally:
            loop.remove_reader(self.descriptor)
            with suppress(OSError):
                os.write(self.descriptor, uhid_events.destroy())

    def _heard(self) -> None:
        try:
            data = os.read(self.descriptor, EVENT_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        event = parse_event(data) if data else Stopped()
        if not data:
            asyncio.get_running_loop().remove_reader(self.descriptor)
        if isinstance(event, Asked):
            os.write(self.descriptor, event.refusal)
        elif not isinstance(event, Other):
            self._events.put_nowait(event)
