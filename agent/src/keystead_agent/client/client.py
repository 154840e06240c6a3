"""The socket's other end: one request, one answer."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keystead_core.link.errors import LinkError
from keystead_core.link.framing import Framer, frame
from keystead_core.link.messages import NO_ID, Done, ErrorName, Failed, Request, reply_from_json

# The daemon gives up on people after five minutes; this is only for a daemon that hangs.
_ANSWER_SECONDS: Final = 6 * 60.0
_CHUNK_BYTES: Final = 16 * 1024


class AgentUnreachable(Exception):
    """No daemon listens, or it hung up."""

    code = "agent_unreachable"


class AgentRefused(Exception):
    """The daemon's refusal, with its own code."""

    def __init__(self, code: str, message: str, name: ErrorName) -> None:
        super().__init__(message)
        self.code = code
        self.name = name


@dataclass(frozen=True, slots=True)
class AgentClient:
    socket_path: Path

    def ask(self, request: Request) -> Mapping[str, object]:
        """Send *request* and return what the daemon says.

        Raises:
            AgentUnreachable, AgentRefused
        """
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(_ANSWER_SECONDS)
            try:
                stream.connect(str(self.socket_path))
                # Who hangs up at once may have said why: that is still there to be read.
                with suppress(BrokenPipeError):
                    stream.sendall(frame(request.to_json()))
                reply = self._answer(stream, request.id)
            except (OSError, LinkError) as error:
                raise AgentUnreachable(f"No agent answers at {self.socket_path} ({error}).") from error
        match reply:
            case Done(_, ok):
                return ok
            case Failed(_, code, message, name):
                raise AgentRefused(code, message, name)

    def _answer(self, stream: socket.socket, request_id: str) -> Done | Failed:
        framer = Framer()
        while data := stream.recv(_CHUNK_BYTES):
            for message in framer.feed(data):
                reply = reply_from_json(message)
                if reply.id in (request_id, NO_ID):
                    return reply
        raise ConnectionError("it hung up")
