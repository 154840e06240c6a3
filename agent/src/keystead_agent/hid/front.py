"""Between a CTAPHID host and the daemon: reports in and out, one command at a time on to the daemon.

Reports   where reports come from and go to: uhid, or a test
Front     drives `core.ctap.hid`, keeps the host's patience with keep-alives
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from keystead_core.ctap.hid import Event, HidDevice, Send, Start, Stop
from keystead_core.ctap.hid_packets import KeepAlive
from keystead_core.ctap.replies import refused
from keystead_core.ctap.status import Status
from keystead_core.link.errors import LinkError
from keystead_core.link.messages import Ctap
from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_core.wire.errors import BadBase64Url

from keystead_agent.client.client import AgentRefused, AgentUnreachable
from keystead_agent.client.stream import AgentStream

# §11.2.9.1.6: "at least every 100ms".
KEEP_ALIVE_SECONDS: Final = 0.1


class AnswerMalformed(Exception):
    """What the daemon says is no answer: another version, or another program."""

    code = "answer_malformed"


class Unplugged(Exception):
    """There will be no more reports."""


class HostClosed(Exception):
    """Nobody has the device open any more: whatever was begun, nobody waits for it."""


class Reports(Protocol):
    async def receive(self) -> bytes:
        """Return the next report from the host.

        Raises:
            HostClosed: more may come, from the next program that opens the device.
            Unplugged
        """
        ...

    def send(self, report: bytes) -> None: ...


@dataclass(slots=True)
class Front:
    """Serve one device.

    Attributes:
        complain: is told, in a sentence, why a command came to nothing.
    """

    reports: Reports
    agent: AgentStream
    complain: Callable[[str], None]
    device: HidDevice = field(default_factory=HidDevice)
    _running: tuple[int, asyncio.Task[bytes]] | None = None
    _asking: bool = False

    async def run(self) -> None:
        """Return when the device is gone."""
        try:
            while True:
                await self._turn()
        except Unplugged:
            pass
        finally:
            await self._end()

    async def _turn(self) -> None:
        until = self.device.waits_until
        patience = None if until is None else max(until - self._now(), 0)
        try:
            async with asyncio.timeout(patience):
                report = await self.reports.receive()
        except TimeoutError:
            self._apply(self.device.tick(self._now()))
        except HostClosed:
            self._apply(self.device.host_closed())
        else:
            self._apply(self.device.feed(report, self._now()))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _apply(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Send(report):
                    self.reports.send(report)
                case Start():
                    self._start(event)
                case Stop(number):
                    self._stop(number)

    def _start(self, start: Start) -> None:
        before = self._running[1] if self._running else None
        task = asyncio.create_task(self._work(start, before))
        self._running = start.number, task
        task.add_done_callback(lambda done: self._apply(self.device.answered(start.number, _result(done))))

    def _stop(self, number: int) -> None:
        # Once: some clients say it again and again, and a second one would cut the first one's end short.
        if self._running is not None and self._running[0] == number and not self._running[1].cancelling():
            self._running[1].cancel()

    async def _work(self, start: Start, before: asyncio.Task[bytes] | None) -> bytes:
        beats = asyncio.create_task(self._keep_alive(start.number))
        try:
            if before is not None:
                # One that was stopped, and is not quite over at the daemon.
                await asyncio.wait([before])
            return await self._ask(start)
        finally:
            beats.cancel()

    async def _ask(self, start: Start) -> bytes:
        request = Ctap(f"ctap-{start.number}", channel=start.channel, command=b64url_encode(start.request))
        try:
            answer = await self.agent.ask(request, self._told)
            return _response(answer)
        except (AgentUnreachable, AgentRefused, AnswerMalformed, LinkError) as error:
            self.complain(f"{error} [{error.code}]")
            return refused(Status.OTHER)
        finally:
            self._asking = False

    def _told(self, asking: bool) -> None:
        self._asking = asking

    async def _keep_alive(self, number: int) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            status = KeepAlive.USER_PRESENCE_NEEDED if self._asking else KeepAlive.PROCESSING
            self._apply(self.device.keep_alive(number, status))

    async def _end(self) -> None:
        if self._running is not None:
            self._running[1].cancel()
            await asyncio.wait([self._running[1]])
        self.agent.close()


def _response(answer: Mapping[str, object]) -> bytes:
    try:
        return b64url_decode(str(answer["response"]))
    except (KeyError, BadBase64Url) as error:
        raise AnswerMalformed(f"The agent's answer is no answer: {error}.") from error


def _result(task: asyncio.Task[bytes]) -> bytes:
    if task.cancelled():
        return refused(Status.KEEPALIVE_CANCEL)
    return refused(Status.OTHER) if task.exception() else task.result()
