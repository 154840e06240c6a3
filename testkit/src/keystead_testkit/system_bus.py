"""A system bus of our own: dbus-daemon, and services that answer as the real ones do.

PrivateBus       a bus for the length of a block, on which everything is allowed
BusService       owns a name and answers methods from a table, on a thread
polkit_says_yes  the polkit that fprintd asks
"""

import os
import select
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Any, Final, Self

from jeepney import DBusAddress, HeaderFields, Message, MessageType, message_bus, new_method_return, new_signal
from jeepney.io.blocking import open_dbus_connection

MISSING: Final = "dbus-daemon is needed: apt-get install dbus-daemon"
_CONFIGURATION: Final = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/><allow user="*"/></policy></busconfig>
"""


def is_available() -> bool:
    return which("dbus-daemon") is not None


class PrivateBus:
    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="keystead-bus-")
        self.socket = Path(self._directory.name) / "bus"

    @property
    def address(self) -> str:
        return f"unix:path={self.socket}"

    def __enter__(self) -> Self:
        configuration = Path(self._directory.name) / "bus.conf"
        configuration.write_text(_CONFIGURATION.format(socket=self.socket), encoding="utf-8")
        self._process = subprocess.Popen(["dbus-daemon", f"--config-file={configuration}", "--nofork"])
        self._wait_until_it_answers()
        return self

    def _wait_until_it_answers(self) -> None:
        # The socket's file is there from bind(), and refuses everybody until listen().
        deadline = time.monotonic() + 10
        while True:
            try:
                open_dbus_connection(self.address).close()
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > deadline:
                    raise TimeoutError("dbus-daemon did not start") from None
                time.sleep(0.01)
            else:
                return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self._directory.cleanup()


Answer = tuple[str, tuple[Any, ...]]


class BusService:
    """Owns *name* on *bus*; a method that is not in *methods* is not answered.

    Attributes:
        called: the methods that were called, in order.
    """

    def __init__(
        self,
        bus: PrivateBus,
        name: str,
        methods: Mapping[str, Callable[[Message], Answer]],
        *,
        passes_files: bool = False,
    ) -> None:
        self.called: list[str] = []
        self._methods = methods
        self._connection = open_dbus_connection(bus.address, enable_fds=passes_files)
        self._connection.send_and_get_reply(message_bus.RequestName(name))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def emit(self, path: str, interface: str, member: str, signature: str, *values: object, to: str = "") -> None:
        """Send a signal; with *to*, to that connection alone."""
        signal = new_signal(DBusAddress(path, interface=interface), member, signature or None, values)
        if to:
            signal.header.fields[HeaderFields.destination] = to
        self._connection.send(signal)

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                message = self._connection.receive(timeout=0.1)
                if message.header.message_type is MessageType.method_call:
                    self._answer(message)
            except TimeoutError:
                continue
            except (OSError, EOFError):
                return

    def _answer(self, message: Message) -> None:
        method = str(message.header.fields[HeaderFields.member])
        self.called.append(method)
        if method in self._methods:
            signature, values = self._methods[method](message)
            self._connection.send(new_method_return(message, signature or None, values))
            if signature == "h":
                os.close(values[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(timeout=10)
        self._connection.close()


def polkit_says_yes(bus: PrivateBus) -> BusService:
    return BusService(
        bus,
        "org.freedesktop.PolicyKit1",
        {
            "CheckAuthorization": lambda _: ("(bba{ss})", ((True, False, {}),)),
            "GetAll": lambda _: ("a{sv}", ({"BackendName": ("s", "test"), "BackendVersion": ("s", "1")},)),
        },
    )


class Logind:
    """logind with one session of ours, one of somebody else's, and a door to make things happen.

    Args:
        also: user ids of others who are logged in.

    Attributes:
        service: what was called stands in its `called`.
    """

    OURS: Final = "/org/freedesktop/login1/session/_31"
    THEIRS: Final = "/org/freedesktop/login1/session/_32"

    def __init__(self, bus: PrivateBus, also: Sequence[int] = ()) -> None:
        self._sessions = [("1", os.getuid(), "us", "seat0", self.OURS), ("2", 4_000_000, "them", "seat0", self.THEIRS)]
        self._sessions += [(f"also{uid}", uid, "also", "", f"{self.OURS}{uid}") for uid in also]
        self._inhibitors: list[int] = []
        methods = {"ListSessions": lambda _: ("a(susso)", (self._sessions,)), "Inhibit": self._inhibit}
        self.service = BusService(bus, "org.freedesktop.login1", methods, passes_files=True)

    def is_held_up(self) -> bool:
        """Whether somebody still delays sleep: whoever does holds the other end of a pipe open."""
        readable, _, _ = select.select(self._inhibitors, [], [], 0)
        return len(readable) < len(self._inhibitors)

    def sleep(self, *, begins: bool) -> None:
        self._manager("PrepareForSleep", "b", begins)

    def lock(self, session: str) -> None:
        self.service.emit(session, "org.freedesktop.login1.Session", "Lock", "")

    def hint_locked(self, session: str, *, locked: bool = True) -> None:
        changed = {"LockedHint": ("b", locked)}
        values: tuple[object, ...] = ("org.freedesktop.login1.Session", changed, [])
        self.service.emit(session, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", *values)

    def end_session(self, session: str) -> None:
        self._sessions = [one for one in self._sessions if one[4] != session]
        self._manager("SessionRemoved", "so", "1", session)

    def end_everything_of(self, uid: int) -> None:
        self._sessions = [one for one in self._sessions if one[1] != uid]

    def _manager(self, member: str, signature: str, *values: object) -> None:
        self.service.emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager", member, signature, *values)

    def _inhibit(self, message: Message) -> Answer:
        ours, theirs = os.pipe()
        self._inhibitors.append(ours)
        return "h", (theirs,)

    def __enter__(self) -> Self:
        self.service.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.service.__exit__(kind, error, trace)
