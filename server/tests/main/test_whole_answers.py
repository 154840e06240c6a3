"""Answers over a real connection: what is plain leaves in one piece, and everything else as uvicorn sends it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
import uvloop
from keystead_server.main.whole_answers import WholeAnswersProtocol
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

_SILENCE_SECONDS = 0.05
GET = b"GET / HTTP/1.1\r\nHost: id.example.org\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")
CLOSING = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `keystead serve` runs it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def _served(app: ASGIApp, *, access_log: bool = False) -> asyncio.Server:
    config = Config(app, log_config=None, access_log=access_log, proxy_headers=False)
    return await asyncio.get_running_loop().create_server(
        lambda: WholeAnswersProtocol(config, ServerState(), {}), "127.0.0.1", 0
    )


async def _pieces(app: ASGIApp, request: bytes) -> list[bytes]:
    """What the server sent in answer to *request*, until it was silent; an empty piece once it closed."""
    pieces: list[bytes] = []
    async with await _served(app) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(request)
        while True:
            try:
                piece = await asyncio.wait_for(reader.read(1 << 20), _SILENCE_SECONDS if pieces else 10)
            except TimeoutError:
                break
            if not piece:
                pieces.append(b"")
                break
            pieces.append(piece)
        writer.close()
        await writer.wait_closed()
    return pieces


def answered(app: ASGIApp, request: bytes = GET) -> bytes:
    return b"".join(run(_pieces(app, request)))


def lines(answer: bytes) -> list[bytes]:
    return answer.partition(b"\r\n\r\n")[0].split(b"\r\n")


def test_status_headers_and_body_come_as_they_were_given() -> None:
    answer = answered(Response(b'{"a":1}', 201, {"x-a": "1"}, "application/json"))

    assert lines(answer)[0] == b"HTTP/1.1 201 Created"
    assert {b"x-a: 1", b"content-length: 7", b"content-type: application/json"} <= set(lines(answer))
    assert answer.endswith(b'\r\n\r\n{"a":1}')


def test_the_connection_goes_on_for_the_next_request() -> None:
    answer = answered(Response(b"one"), GET + GET)

    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b"\r\n\r\none") == 2


@pytest.mark.parametrize("value", ["a\r\nset-cookie: planted=1", "a\nb", "a\rb", "a\x00b", "a\x7fb"])
def test_a_header_with_a_control_character_in_it_is_not_sent(value: str) -> None:
    assert answered(Response(b"one", headers={"x-a": value})) == b""


def test_a_header_whose_name_has_a_colon_is_not_sent() -> None:
    assert answered(Response(b"one", headers={"x-a: planted": "1"})) == b""


def test_the_head_alone_is_sent_without_a_body() -> None:
    answer = answered(Response(b"one"), HEAD)

    assert b"content-length: 3" in lines(answer)
    assert answer.endswith(b"\r\n\r\n")


def test_a_connection_that_is_to_be_closed_is_closed() -> None:
    pieces = run(_pieces(Response(b"one"), CLOSING))

    assert b"connection: close" in lines(pieces[0])
    assert pieces[-1] == b""


def test_an_answer_may_close_the_connection_itself() -> None:
    pieces = run(_pieces(Response(b"one", headers={"Connection": "close"}), GET))

    assert pieces[-1] == b""


def test_an_answer_that_comes_in_parts_is_sent_in_parts() -> None:
    answer = answered(StreamingResponse(iter([b"one", b"two"])))

    assert b"transfer-encoding: chunked" in lines(answer)
    assert answer.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_an_answer_whose_end_comes_after_its_last_byte_leaves_the_connection_open() -> None:
    async def in_two(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    pieces = run(_pieces(in_two, GET))

    assert b"".join(pieces).endswith(b"\r\n\r\none")
    assert pieces[-1] != b""


def test_an_answer_without_content_has_no_length() -> None:
    answer = answered(Response(status_code=204))

    assert lines(answer)[0] == b"HTTP/1.1 204 No Content"
    assert answer.endswith(b"\r\n\r\n")


def test_an_answer_that_is_shorter_than_it_says_is_not_taken_for_whole() -> None:
    answer = answered(Response(b"one", headers={"content-length": "9"}))

    # A second answer behind it would be read as its end.
    assert answered(Response(b"one", headers={"content-length": "9"}), GET + GET).count(b"HTTP/1.1") == 1
    assert answer.endswith(b"one")


def test_an_application_that_fails_before_its_body_is_answered_for() -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        start: Any = {"type": "http.response.start", "status": 200, "headers": []}
        await send(start)
        raise RuntimeError("broken in between")

    assert lines(answered(fails))[0] == b"HTTP/1.1 500 Internal Server Error"


def test_whoever_asks_and_does_not_read_is_answered_no_more() -> None:
    asked = 0

    async def much(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal asked
        asked += 1
        await Response(bytes(4 << 20))(scope, receive, send)

    async def ask_and_do_not_read() -> None:
        async with await _served(much) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=1)
            writer.write(GET * 50)
            await asyncio.sleep(0.2)
            writer.transport.abort()

    run(ask_and_do_not_read())

    # What the other end has not taken waits in our memory.
    assert 0 < asked < 10


def test_whoever_left_is_not_answered(caplog: pytest.LogCaptureFixture) -> None:
    done = asyncio.Event()

    async def too_late(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        await asyncio.sleep(0.05)
        await Response(b"one")(scope, receive, send)
        done.set()

    async def ask_and_leave() -> None:
        async with await _served(too_late) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(GET)
            await asyncio.sleep(0.02)
            writer.transport.abort()
            await asyncio.wait_for(done.wait(), 10)

    run(ask_and_leave())

    assert not caplog.records


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def test_a_log_of_accesses_is_kept_where_one_is_asked_for() -> None:
    kept, log = _Kept(), logging.getLogger("uvicorn.access")

    async def ask() -> None:
        async with await _served(Response(b"one"), access_log=True) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(GET)
            await asyncio.wait_for(reader.readuntil(b"one"), 10)
            writer.close()

    log.addHandler(kept)
    log.setLevel(logging.INFO)
    try:
        run(ask())
    finally:
        log.removeHandler(kept)
        log.setLevel(logging.NOTSET)

    assert any("GET / HTTP/1.1" in line for line in kept.lines)
