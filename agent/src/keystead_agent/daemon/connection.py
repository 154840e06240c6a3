"""One connection: messages in, each on its own task, replies out; when it closes, what it asked for is given up."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from keystead_core.link.errors import LinkError
from keystead_core.link.framing import Framer, frame
from keystead_core.link.messages import (
    NO_ID,
    Answer,
    Cancel,
    Create,
    Ctap,
    Done,
    Get,
    Progress,
    Prompter,
    Reply,
    Request,
    id_of,
    request_from_json,
)
from keystead_core.link.prompting import Dismiss, Question

from keystead_agent.authenticator.ctap.session import Session
from keystead_agent.daemon.peer import Peer
from keystead_agent.daemon.refusals import EXPECTED, Expected, cancelled, internal, refusal
from keystead_agent.daemon.service import Service
from keystead_agent.gesture.session import PrompterRefused, Prompters, QuestionUnknown

MOST_REQUESTS: Final = 16
_CHUNK_BYTES: Final = 16 * 1024


class RequestRefused(LinkError):
    """A request id that is in use, or too many requests at once."""

    code = "request_refused"


@dataclass(slots=True)
class Connection:
    service: Service
    peer: Peer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _ctap: Session | None = None
    _asks_here: Prompters | None = None
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def serve(self) -> None:
        """Return when the other end has hung up or has said something that is no message."""
        try:
            await self._read()
        except LinkError as error:
            # The place in the stream is lost.
            self._refuse(NO_ID, error)
        except ConnectionError:
            pass
        finally:
            await self._give_up()

    async def _read(self) -> None:
        framer = Framer()
        while data := await self.reader.read(_CHUNK_BYTES):
            for message in framer.feed(data):
                self._take(message)

    def _take(self, message: dict[str, object]) -> None:
        request_id = id_of(message) or NO_ID
        try:
            request = request_from_json(message)
            if request.id in self._running or len(self._running) >= MOST_REQUESTS:
                raise RequestRefused("the request's id is in use, or too many requests are open")
        except LinkError as error:
            self._refuse(request_id, error)
            return
        if isinstance(request, Cancel):
            self._cancel(request)
        else:
            task = asyncio.create_task(self._answer(request))
            self._running[request.id] = task
            task.add_done_callback(lambda _: self._running.pop(request.id, None))

    def _cancel(self, request: Cancel) -> None:
        task = self._running.get(request.target)
        if task is not None:
            task.cancel()
        self._send(Done(request.id, {}))

    async def _answer(self, request: Request) -> None:
        try:
            self._send(Done(request.id, await self._ask_service(request)))
        except asyncio.CancelledError:
            self._log_refusal(request, "cancelled")
            self._send(cancelled(request.id))
        except EXPECTED as error:
            self._log_refusal(request, error.code, str(error))
            self._send(refusal(request.id, error))
        except Exception as error:  # a bug must not take the daemon, and what else is open, with it
            self._log_refusal(request, "internal_error", f"{type(error).__name__}: {error}")
            self._send(internal(request.id))

    async def _ask_service(self, request: Request) -> Mapping[str, object]:
        if isinstance(request, Prompter):
            return self._become_prompter()
        if isinstance(request, Answer):
            return self._pass_on(request)
        if not isinstance(request, Ctap):
            return await self.service.answer(request, self.peer.program)
        if self._ctap is None:
            self._ctap = self.service.ctap.new_session()
        return await self.service.ctap.answer(
            request, self._ctap, lambda asking: self._send(Progress(request.id, asking)), pid=self.peer.pid
        )

    def _become_prompter(self) -> Mapping[str, object]:
        if self.service.prompters is None:
            raise PrompterRefused("This daemon is your own, and asks you itself.")
        self.service.prompters.register(self._send)
        self._asks_here = self.service.prompters
        self.service.log.event("prompter.came", pid=self.peer.pid)
        return {"service": self.service.version}

    def _pass_on(self, said: Answer) -> Mapping[str, object]:
        # From the connection that was asked, and from no other program of the person's.
        if self._asks_here is None:
            raise QuestionUnknown("Nothing was asked on this connection.")
        self._asks_here.answered(said.question, said.answer)
        return {}

    def _refuse(self, request_id: str, error: Expected) -> None:
        self.service.log.event("message.refused", code=error.code, because=str(error), pid=self.peer.pid)
        self._send(refusal(request_id, error))

    def _log_refusal(self, request: Request, code: str, because: str = "") -> None:
        origin = request.origin if isinstance(request, Create | Get) else None
        event = self.service.log.event
        event("request.refused", verb=request.verb, code=code, because=because, origin=origin, pid=self.peer.pid)

    def _send(self, said: Reply | Progress | Question | Dismiss) -> None:
        if not self.writer.is_closing():
            self.writer.write(frame(said.to_json()))

    async def _give_up(self) -> None:
        if self._asks_here is not None:
            self._asks_here.gone()
            self.service.log.event("prompter.went", pid=self.peer.pid)
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()
