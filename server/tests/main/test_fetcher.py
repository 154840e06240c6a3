"""The one way out to the network goes to public addresses over TLS, once, and not for ever."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from keystead_server.main.fetcher import PublicFetcher, is_public
from keystead_server.ports.fetcher import FetchFailed, FetchRefused
from keystead_testkit.authority import Authority
from keystead_testkit.loop import run

ROOT = Authority.root()
MANY = 1_000_000
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


def answering(answer: bytes, *, hold: bool = False) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if hold:
            await reader.read()
        writer.close()

    return handle


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server for localhost, and of a client that believes its maker."""
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    host = ROOT.host("localhost", extension=names)
    key = host.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "host.pem").write_bytes(host.pem + key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "host.pem")
    return server, ssl.create_default_context(cadata=ROOT.pem.decode())


def fetch(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], handle: Handler, *, max_bytes: int = MANY, seconds: float = 10,
    private: bool = True, host: str = "localhost", trusted: bool = True,
) -> bytes:  # fmt: skip
    """What a fetcher gets from a server on this computer."""
    fetcher = PublicFetcher(
        trusted=contexts[1] if trusted else None, time_limit_seconds=seconds, dangerous_private_addresses=private
    )

    @asynccontextmanager
    async def serving() -> AsyncIterator[int]:
        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=contexts[0])  # type: ignore[arg-type]
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def work() -> bytes:
        async with serving() as port:
            return await fetcher.fetch(f"https://{host}:{port}/blob?a=b", max_bytes=max_bytes)

    return run(work())


Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


def test_a_body_is_fetched_with_its_length_in_chunks_or_up_to_the_end(contexts: Contexts) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    assert fetch(contexts, answering(ok(b"abcde"))) == b"abcde"
    assert fetch(contexts, answering(chunked)) == b"abcde"
    assert fetch(contexts, answering(b"HTTP/1.1 200 OK\r\n\r\nabcde")) == b"abcde"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_refuses_a_private_address_and_does_not_even_connect(contexts: Contexts, host: str) -> None:
    reached = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(True)
        writer.close()

    with pytest.raises(FetchRefused, match="not a public address"):
        fetch(contexts, handle, private=False, host=host)

    assert not reached


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(contexts: Contexts, status: int) -> None:
    with pytest.raises(FetchRefused, match=r"elsewhere\.example"):
        fetch(contexts, answering(b"HTTP/1.1 %d Go\r\nLocation: https://elsewhere.example/\r\n\r\n" % status))


@pytest.mark.parametrize("status", [b"204 No Content", b"404 Not Found", b"500 Broken"])
def test_only_a_success_is_an_answer(contexts: Contexts, status: bytes) -> None:
    with pytest.raises(FetchFailed, match=status[:3].decode()):
        fetch(contexts, answering(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"))


@pytest.mark.parametrize("answer", [b"", b"hello", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", b"\x00" * 100])
def test_half_an_answer_is_none(contexts: Contexts, answer: bytes) -> None:
    with pytest.raises(FetchFailed, match="cannot be read"):
        fetch(contexts, answering(answer))


def test_an_answer_is_read_up_to_its_cap_and_no_further(contexts: Contexts) -> None:
    assert fetch(contexts, answering(ok(bytes(1000))), max_bytes=1000) == bytes(1000)
    with pytest.raises(FetchFailed, match="longer"):
        fetch(contexts, answering(ok(bytes(1001))), max_bytes=1000)
    with pytest.raises(FetchFailed, match="longer"):
        fetch(contexts, answering(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(MANY), hold=True), max_bytes=1000)


def test_a_slow_drip_ends_with_the_time_for_the_whole(contexts: Contexts) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"H")
                await writer.drain()
                await asyncio.sleep(0.02)
        except OSError:
            pass

    with pytest.raises(FetchFailed, match=r"within 0\.2 seconds"):
        fetch(contexts, drip, seconds=0.2)


def test_a_certificate_that_is_not_believed_or_for_another_name_is_refused(contexts: Contexts, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="certificate verify failed"):
        fetch(contexts, answering(ok(b"")), trusted=False)
    other = ROOT.host("other.example")
    key = other.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "other.pem").write_bytes(other.pem + key)
    contexts[0].load_cert_chain(tmp_path / "other.pem")
    with pytest.raises(FetchFailed, match="certificate verify failed"):
        fetch(contexts, answering(ok(b"")))


def test_the_certificate_must_be_for_the_host_that_was_asked_for(contexts: Contexts, tmp_path: Path) -> None:
    named = ROOT.host("localhost")
    key = named.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "named.pem").write_bytes(named.pem + key)
    contexts[0].load_cert_chain(tmp_path / "named.pem")

    assert fetch(contexts, answering(ok(b"abc"))) == b"abc"
    with pytest.raises(FetchFailed, match="certificate verify failed"):
        fetch(contexts, answering(ok(b"abc")), host="127.0.0.1")


@pytest.mark.parametrize(
    "url",
    ["http://mds.example/", "file:///etc/passwd", "ftp://mds.example/", "mds.example", "", "https://", "https://[::1",
     "https://user:pass@mds.example/", "https://mds.example:99999/", "https://mds.example/\r\nX: y", "https://mds.example/a b"],
)  # fmt: skip
def test_refuses_what_is_no_https_address(url: str) -> None:
    with pytest.raises(FetchRefused, match="not an https address"):
        run(PublicFetcher().fetch(url, max_bytes=MANY))


def test_a_name_that_is_not_found_is_told() -> None:
    with pytest.raises(FetchFailed, match="nobody"):
        run(PublicFetcher().fetch("https://nobody.invalid/", max_bytes=MANY))


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    # What a name server answers is the one thing here that nobody can set up on this computer.
    async def found(*_: object, **__: object) -> list[tuple[object, ...]]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("1.1.1.1", 443)), (*kind, ("10.0.0.1", 443))]

    async def work() -> bytes:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
        return await PublicFetcher().fetch("https://mds.example/", max_bytes=MANY)

    with pytest.raises(FetchRefused, match=r"10\.0\.0\.1"):
        asyncio.run(work())


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "192.0.2.1", "240.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
     "2002:101:101::", "2001:0:1::1"],
)  # fmt: skip
def test_an_address_that_not_everybody_reaches_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_an_address_that_everybody_reaches_is_public(address: str) -> None:
    assert is_public(address)
