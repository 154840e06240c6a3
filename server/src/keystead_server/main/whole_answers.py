"""An answer is put together once, and leaves in one system call.

uvicorn takes status and headers and then the body, looks at every header with two patterns, and writes
twice: a tenth of what a sign-in costs. Our answers are never streamed, so both parts are there at the
same moment. One that is not that plain (of a request for the head alone, on a connection that is to be
closed, with a header that says how it is sent, or one that nobody should send) goes uvicorn's own way,
with all its checks.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

# What a value must not hold: with a line break in it, somebody else would write our next header (RFC 9110 §5.5).
_CONTROLS = bytes(byte for byte in range(0x20) if byte != 0x09) + b"\x7f"
_LINE_END = b"\r\n"
_NAMES_ARE_OF = b"abcdefghijklmnopqrstuvwxyz0123456789-"
# These say how an answer is sent: uvicorn's to obey.
_OF_THE_CONNECTION = frozenset({b"connection", b"transfer-encoding"})


class WholeAnswersProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, which writes an application's answer whole."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        super()._start_asgi_task(cycle, _Answering(cycle, app))  # type: ignore[arg-type]


class _Answering:
    """An application, and the one request that it is to answer."""

    __slots__ = ("_app", "_cycle", "_start")

    def __init__(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        self._cycle = cycle
        self._app = app
        self._start: Message | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, self._send)

    async def _send(self, message: Message) -> None:
        if self._start is None and message["type"] == "http.response.start":
            self._start = message
            return
        cycle, start, self._start = self._cycle, self._start, None
        if start is not None:
            whole = _whole(cycle, start, message)
            if whole is not None:
                _write(cycle, whole)
                return
            await cycle.send(start)  # type: ignore[arg-type]
        await cycle.send(message)  # type: ignore[arg-type]


def _whole(cycle: RequestResponseCycle, start: Message, end: Message) -> bytes | None:
    """The bytes of an answer; None when it is not plain."""
    if cycle.disconnected or cycle.flow.write_paused or not cycle.keep_alive or cycle.access_log:
        return None
    if end.get("more_body") or cycle.scope["method"] == "HEAD":
        return None
    headers, body = [*cycle.default_headers, *start["headers"]], end["body"]
    by_name = dict(headers)
    if by_name.get(b"content-length") != b"%d" % len(body) or not _OF_THE_CONNECTION.isdisjoint(by_name):
        return None
    head = b"".join([b"%b: %b\r\n" % header for header in headers])
    # Nothing but our own line ends goes when all controls are taken out: looked at once, and not header by header.
    if len(head.translate(None, _CONTROLS)) != len(head) - len(_LINE_END) * len(headers):
        return None
    if b"".join(by_name).translate(None, _NAMES_ARE_OF):
        return None
    return b"%b%b\r\n%b" % (STATUS_LINE[start["status"]], head, body)


def _write(cycle: RequestResponseCycle, whole: bytes) -> None:
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(whole)
    cycle.message_event.set()
    cycle.on_response()
