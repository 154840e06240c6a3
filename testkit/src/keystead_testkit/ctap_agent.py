"""An agent in this process, reached as a security key: daemon, socket and CTAPHID front on a thread of their own.

    CtapAgent   daemon, container with a PIN and enrolled sites, one front or more
    Person      answers what the daemon asks, and remembers what that was

The keystore is the software one, or any that is given. There is no prompt on a
screen: nothing but a test may use this.
"""

import asyncio
import os
import threading
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from keystead_agent.authenticator.allow_list import CtapSites
from keystead_agent.client.stream import AgentStream
from keystead_agent.container.container import Container
from keystead_agent.container.records import Provider
from keystead_agent.daemon.ceremonies import Ceremonies
from keystead_agent.daemon.ctap import CtapStart
from keystead_agent.daemon.log import Log
from keystead_agent.daemon.people import OnePerson, Resident
from keystead_agent.daemon.server import Daemon
from keystead_agent.daemon.service import Service
from keystead_agent.gesture.interface import Cancelled, Prompt, Verified
from keystead_agent.hid.front import Front, Reports
from keystead_agent.keystore.interface import Keystore
from keystead_agent.keystore.software import Argon2Cost, SoftwareKeystore

from keystead_testkit.clock import FixedClock
from keystead_testkit.hid_reports import MemoryReports, TerminalReports, UdpReports

T = TypeVar("T")

PIN: Final = "137946"
RP_ID: Final = "id.example.org"


@dataclass
class Person:
    """The Protocol `Gesture`.

    Attributes:
        types: the PIN to type; None closes the window.
        agrees: what a button is answered.
        picks: which of several accounts.
        offers_more, touches: there is a fingerprint reader, and it is touched where that will do.
        is_away: nobody answers until they are back.
        prompts: what was asked, in order; `questions` what stood beside buttons.
    """

    types: str | None = PIN
    offers_more: bool = False
    agrees: bool = True
    picks: int = 0
    touches: bool = False
    is_away: bool = False
    prompts: list[Prompt] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    closed_windows: int = 0

    async def ask_pin(self, prompt: Prompt) -> str | Verified | Cancelled:
        await self._notice(prompt)
        if self.touches and prompt.other_gestures:
            return Verified("fingerprint")
        return self.types if self.types is not None else Cancelled()

    async def ask_new_pin(self, prompt: Prompt) -> str | Cancelled:
        await self._notice(prompt)
        return self.types if self.types is not None else Cancelled()

    async def choose(self, prompt: Prompt, accounts: Sequence[str]) -> int | Cancelled:
        self.questions.extend(accounts)
        await self._notice(prompt)
        return self.picks

    async def confirm(self, prompt: Prompt, question: str) -> bool:
        self.questions.append(question)
        await self._notice(prompt)
        return self.agrees

    async def _notice(self, prompt: Prompt) -> None:
        self.prompts.append(prompt)
        try:
            while self.is_away:  # noqa: ASYNC110 (a test on another thread ends it)
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.closed_windows += 1
            raise

    def wait_until_asked(self, times: int = 1) -> None:
        deadline = time.monotonic() + 10
        while len(self.prompts) < times:
            if time.monotonic() > deadline:
                raise TimeoutError("nobody was asked")
            time.sleep(0.005)


class CtapAgent:
    """Runs from `with` to the end of the block.

    Args:
        directory: an empty one; container, log and socket go there.
        pin: of the container; None leaves it without.
        sites: relying parties besides enrolled ones.

    Attributes:
        later: seconds that the daemon's clock is ahead of the real one.
        complaints: what the front could not do.
    """

    def __init__(
        self,
        directory: Path,
        keystore: Keystore | None = None,
        *,
        rp_ids: Sequence[str] = (RP_ID,),
        sites: frozenset[str] = frozenset(),
        pin: str | None = PIN,
    ) -> None:
        directory.chmod(0o700)
        self._directory = directory
        self.clock = FixedClock()
        self.keystore = keystore or _cheap_keystore(directory, self.clock)
        self.container = self._open()
        for rp_id in rp_ids:
            self.container.enrolments.enrol(_provider(rp_id))
        if pin is not None and not self.container.has_pin:
            self.container.set_pin(pin)
        self._sites = CtapSites(sites)
        self.person = Person()
        self.later = 0.0
        self.complaints: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._fronts: list[asyncio.Task[None]] = []
        self._terminals: list[TerminalReports] = []

    @property
    def socket(self) -> Path:
        return self._directory / "run" / "agent.sock"

    @property
    def log(self) -> str:
        return (self._directory / "agent.log").read_text(encoding="utf-8")

    def plug_in(self) -> MemoryReports:
        """Another device of the same container."""
        return self._call(self._plug_in())

    def listen(self, port: int = 0) -> int:
        """Another device, at the UDP port that is returned."""
        return self._call(self._listen(port))

    def at_terminal(self) -> str:
        """Another device, at the path that is returned, for libfido2's programs."""
        return self._call(self._at_terminal())

    def restart(self) -> None:
        """Stop the daemon and start another; fronts stay."""
        self._call(self._stop())
        self.container = self._open()
        self._call(self._start())

    def _open(self) -> Container:
        return Container(self._directory / "state", self.keystore, self.clock.now, os.urandom)

    async def _plug_in(self) -> MemoryReports:
        reports = MemoryReports()
        self._serve(reports)
        return reports

    async def _listen(self, port: int) -> int:
        reports = UdpReports()
        self._serve(reports)
        return await reports.listen(port)

    async def _at_terminal(self) -> str:
        reports = TerminalReports()
        self._serve(reports)
        self._terminals.append(reports)
        return reports.path

    def _serve(self, reports: Reports) -> None:
        front = Front(reports, AgentStream(self.socket), self.complaints.append)
        self._fronts.append(asyncio.create_task(front.run()))

    async def _start(self) -> None:
        service = Service(
            version="test",
            keystore=self.keystore,
            open_container=lambda: self.container,
            gesture=self.person,
            fetch=_provider,
            ceremonies=Ceremonies(self._monotonic),
            log=Log(self.clock.now, self._directory / "agent.log", stream=None),
            socket_path=str(self.socket),
            ctap_start=CtapStart(os.urandom, self._monotonic, self._monotonic(), self._sites),
            clock=self.clock.now,
            device_name="a test's computer",
        )
        self._stop_asked = asyncio.Event()
        self._running = asyncio.create_task(Daemon(OnePerson(Resident(service)), self.socket).run(self._stop_asked))
        while not self.socket.exists():  # noqa: ASYNC110 (a file has no event)
            await asyncio.sleep(0.005)

    async def _stop(self) -> None:
        self._stop_asked.set()
        await self._running

    async def _unplug(self) -> None:
        for front in self._fronts:
            front.cancel()
        await asyncio.gather(*self._fronts, return_exceptions=True)
        for terminal in self._terminals:
            terminal.close()

    def _monotonic(self) -> float:
        return time.monotonic() + self.later

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._unplug())
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


def _cheap_keystore(directory: Path, clock: FixedClock) -> SoftwareKeystore:
    cost = Argon2Cost(iterations=1, lanes=1, memory_kib=64)
    return SoftwareKeystore(directory / "tries.json", clock.now, os.urandom, dangerous_keys_on_disk=True, cost=cost)


def _provider(rp_id: str) -> Provider:
    origin = f"https://{rp_id}"
    enrolled = datetime(2026, 1, 1, tzinfo=UTC)
    return Provider(rp_id, (origin,), f"{origin}/t/v2.0", "Test", "t", "Test", origin, enrolled)
