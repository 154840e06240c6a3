"""A person's session as the service sees it: where it may ask them.

Prompter   connects, says what it is for, and puts each question to the person; comes back when the service does

It holds no key and knows no site: what it shows is what the service says, in
pinentry's own windows.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from keystead_core.link import messages as link
from keystead_core.link.errors import LinkError
from keystead_core.link.framing import Framer, frame
from keystead_core.link.messages import Failed, Request, reply_from_json
from keystead_core.link.prompting import Dismiss, Question, question_from_json

from keystead_agent.gesture.interface import Gesture
from keystead_agent.gesture.session import ask_here

_AGAIN_SECONDS: Final = 2.0
_CHUNK_BYTES: Final = 16 * 1024
_FIRST: Final = "prompter"


@dataclass(slots=True)
class Prompter:
    """Attributes:
    gesture: given what stands below every question, the ways to ask here.
    note: told, once, what keeps it from its work, and that it does it.
    """

    socket_path: Path
    gesture: Callable[[str], Gesture]
    note: Callable[[str], None]
    again_seconds: float = _AGAIN_SECONDS
    _noted: str = ""
    _asking: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._serve()
            except (OSError, LinkError) as error:
                self._say(f"No service answers at {self.socket_path} ({error}); trying again.")
            await asyncio.sleep(self.again_seconds)

    async def _serve(self) -> None:
        reader, writer = await asyncio.open_unix_connection(str(self.socket_path))
        try:
            _send(writer, link.Prompter(_FIRST))
            framer = Framer()
            while data := await reader.read(_CHUNK_BYTES):
                for message in framer.feed(data):
                    self._take(message, writer)
        finally:
            await self._put_away(list(self._asking.values()))
            writer.close()
        self._say("The service hung up; trying again.")

    def _take(self, message: dict[str, object], writer: asyncio.StreamWriter) -> None:
        match question_from_json(message):
            case Question() as question:
                task = asyncio.create_task(self._ask(question, writer))
                self._asking[question.number] = task
                task.add_done_callback(lambda _: self._asking.pop(question.number, None))
            case Dismiss(number):
                if number in self._asking:
                    self._asking[number].cancel()
            case None:
                self._hear(message)

    def _hear(self, message: dict[str, object]) -> None:
        reply = reply_from_json(message)
        if isinstance(reply, Failed):
            # To an answer that came too late, there is nothing to say.
            if reply.id in (_FIRST, link.NO_ID):
                raise LinkError(f"{reply.message} [{reply.code}]")
        elif reply.id == _FIRST:
            self._say(f"Questions of the service {reply.ok.get('service')} are asked here.")

    async def _ask(self, question: Question, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await ask_here(self.gesture, question)
        except LinkError as error:
            # Said, so that nobody waits for an answer that cannot come.
            answer = {"unavailable": str(error)}
        with suppress(OSError):
            _send(writer, link.Answer(f"answer-{question.number}", question.number, answer))

    async def _put_away(self, asking: list[asyncio.Task[None]]) -> None:
        for task in asking:
            task.cancel()
        # Until their windows are closed; what they still say is of no use.
        await asyncio.gather(*asking, return_exceptions=True)

    def _say(self, sentence: str) -> None:
        if sentence != self._noted:
            self._noted = sentence
            self.note(sentence)


def _send(writer: asyncio.StreamWriter, request: Request) -> None:
    writer.write(frame(request.to_json()))
