"""A fingerprint reader without a finger: the real fprintd, with the reader that libfprint brings for tests.

FingerprintReader   fprintd on a private bus; fingers are enrolled and laid on it by name
"""

import asyncio
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from jeepney import DBusAddress
from keystead_agent.gesture.system_bus import Bus, BusRefused, connected

from keystead_testkit import system_bus
from keystead_testkit.system_bus import PrivateBus, polkit_says_yes

FPRINTD: Final = Path("/usr/libexec/fprintd")
MISSING: Final = "fprintd and dbus-daemon are needed: apt-get install fprintd dbus-daemon"
FINGER: Final = "right-thumb"
STRANGER: Final = "somebody-elses"
_NAME: Final = "net.reactivated.Fprint"


def is_available() -> bool:
    return FPRINTD.exists() and system_bus.is_available()


class FingerprintReader:
    def __init__(self, bus: PrivateBus, device: Path) -> None:
        self.bus = bus
        self._device = device

    def enrol(self) -> None:
        """Let fprintd learn FINGER, for the user that runs the tests."""
        asyncio.run(self._enrol())

    def lay(self, finger: str, *, after: float = 0.0) -> None:
        """Lay *finger* on the reader as soon as it looks for one, at the earliest *after* so many seconds."""
        self._send(f"SCAN {finger}", after)

    def slip(self, *, after: float = 0.0) -> None:
        """A finger that went over it too fast to be read."""
        self._send("RETRY 1", after)

    def is_free(self) -> bool:
        """Whether somebody else can claim the reader."""
        return asyncio.run(self._is_free())

    def _send(self, command: str, after: float) -> None:
        threading.Timer(after, self._tell, [command]).start()

    def _tell(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as device:
            device.connect(str(self._device))
            device.sendall(command.encode())

    async def _enrol(self) -> None:
        async with connected(self.bus.address) as bus:
            device = await _device(bus)
            await bus.call(device, "Claim", "s", "")
            async with bus.signals(await bus.owner_of(_NAME), _NAME + ".Device", "EnrollStatus") as said:
                await bus.call(device, "EnrollStart", "s", FINGER)
                is_done = False
                while not is_done:
                    self._send(f"SCAN {FINGER}", 0.05)
                    result, is_done = (await asyncio.wait_for(said.get(), 10)).body
            if result != "enroll-completed":
                raise RuntimeError(f"the finger was not enrolled: {result}")
            await bus.call(device, "EnrollStop")
            await bus.call(device, "Release")

    async def _is_free(self) -> bool:
        async with connected(self.bus.address) as bus:
            device = await _device(bus)
            try:
                await bus.call(device, "Claim", "s", "")
            except BusRefused:
                return False
            await bus.call(device, "Release")
            return True


async def _device(bus: Bus) -> DBusAddress:
    manager = DBusAddress("/net/reactivated/Fprint/Manager", _NAME, _NAME + ".Manager")
    path: Any = (await bus.call(manager, "GetDefaultDevice"))[0]
    return DBusAddress(path, _NAME, _NAME + ".Device")


@contextmanager
def running_reader(*, enrolled: bool = True) -> Iterator[FingerprintReader]:
    with TemporaryDirectory(prefix="keystead-reader-") as directory, PrivateBus() as bus, polkit_says_yes(bus):
        reader = FingerprintReader(bus, Path(directory) / "reader")
        environment = {
            "PATH": os.environ["PATH"],
            "DBUS_SYSTEM_BUS_ADDRESS": bus.address,
            "FP_VIRTUAL_DEVICE": str(Path(directory) / "reader"),
            "FP_DRIVERS_WHITELIST": "virtual_device",
            "STATE_DIRECTORY": directory,
        }
        fprintd = subprocess.Popen([FPRINTD, "-t"], env=environment, stderr=subprocess.DEVNULL)
        try:
            _wait_for(reader)
            if enrolled:
                reader.enrol()
            yield reader
        finally:
            fprintd.terminate()
            fprintd.wait(timeout=10)


def _wait_for(reader: FingerprintReader) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            asyncio.run(_found(reader.bus))
        except BusRefused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


async def _found(bus: PrivateBus) -> None:
    async with connected(bus.address) as connection:
        await _device(connection)
