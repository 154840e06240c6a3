"""A connection to the daemon that stays open: for a front whose requests belong together and can be cancelled."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from keystead_core.link.errors import LinkError
from keystead_core.link.framing import Framer, frame
from keystead_core.link.messages import (
    NO_ID,
    Cancel,
    Done,
    Failed,
    Reply,
    Request,
    progress_from_json,
    reply_from_json,
)

from keystead_agent.client.client import AgentRefused, AgentUnreachable

_CHUNK_BYTES: Final = 16 * 1024
_CANCEL_ID: Final = "cancel"


@dataclass(slots=True)
class AgentStream:
    """One request at a time. Connects when there is something to ask, and again after the daemon was restarted."""

    socket_path: Path
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    _framer: Framer = field(default_factory=Framer)

    async def ask(self, request: Request, told: Callable[[bool], None]) -> Mapping[str, object]:
        """Return what the daemon says to *request*; cancelling this cancels it there, and waits until it is over.

        Args:
            told: called when the daemon begins and ends to ask a person.

        Raises:
            AgentUnreachable, AgentRefused
        """
        try:
            reader, writer = await self._connected()
            writer.write(frame(request.to_json()))
            await writer.drain()
            reply = await self._reply_or_cancel(reader, writer, request, told)
        except (OSError, LinkError) as error:
            self.close()
            raise AgentUnreachable(f"No agent answers at {self.socket_path} ({error}).") from error
        match reply:
            case Done(_, ok):
                return ok
            case Failed(_, code, message, name):
                raise AgentRefused(code, message, name)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        # A daemon that has gone is met when it is spoken to; what has ended already is not spoken to.
        if self._streams is not None and self._streams[0].at_eof():
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_unix_connection(str(self.socket_path))
            self._framer = Framer()
        return self._streams

    async def _reply_or_cancel(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: Request,
        told: Callable[[bool], None],
    ) -> Reply:
        answer = asyncio.ensure_future(self._reply(reader, request.id, told))
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            writer.write(frame(Cancel(_CANCEL_ID, target=request.id).to_json()))
            # Until it is over there, a window may be open, and the next request would be refused as busy.
            with suppress(OSError, LinkError):
                await answer
            raise

    async def _reply(self, reader: asyncio.StreamReader, request: str, told: Callable[[bool], None]) -> Reply:
        while data := await reader.read(_CHUNK_BYTES):
            # All of what came is looked at: a reply to a Cancel may stand before or behind ours.
            found = [reply for message in self._framer.feed(data) if (reply := _heard(message, request, told))]
            if found:
                return found[0]
        raise ConnectionError("it hung up")


def _heard(message: Mapping[str, object], request: str, told: Callable[[bool], None]) -> Reply | None:
    progress = progress_from_json(message)
    if progress is not None:
        if progress.id == request:
            told(progress.asking)
        return None
    reply = reply_from_json(message)
    return reply if reply.id in (request, NO_ID) else None
