"""The one way out to the network: nothing else in the server opens a connection to an address it was given.

An address may come from settings, and one day from a document; whoever writes it must not be able
to reach what only this computer can (attack class 13). So: https only; the name is looked up once,
every address of it must be public, and the connection goes to the very address that was looked at;
no redirects; a cap on bytes and one on the whole time, slow drips included.
"""

import asyncio
import io
import ssl
from http.client import HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import SOCK_STREAM, gaierror, socket
from typing import cast
from urllib.parse import SplitResult, urlsplit

from keystead_server.ports.fetcher import FetchFailed, FetchRefused

TIME_LIMIT_SECONDS = 60.0
MAX_HEAD_BYTES = 64 * 1024
_NAT64 = IPv6Network("64:ff9b::/96")


class PublicFetcher:
    """The Fetcher port over TLS with the computer's certificate authorities.

    Args:
        dangerous_private_addresses: goes to addresses that are not public, too. For tests.
    """

    def __init__(
        self,
        *,
        trusted: ssl.SSLContext | None = None,
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
        dangerous_private_addresses: bool = False,
    ) -> None:
        self._trusted = trusted
        self._limit = time_limit_seconds
        self._anywhere = dangerous_private_addresses

    async def fetch(self, url: str, *, max_bytes: int) -> bytes:
        where = _https(url)
        try:
            async with asyncio.timeout(self._limit):
                address = await self._address(where)
                raw = await self._exchange(where, address, max_bytes)
        except TimeoutError:
            raise FetchFailed(f"{url}: no whole answer within {self._limit:g} seconds") from None
        except (OSError, ssl.CertificateError) as error:
            raise FetchFailed(f"{url}: {error}") from None
        return _body(url, raw, max_bytes)

    async def _address(self, where: SplitResult) -> str:
        """The address to connect to. Looked up here only: a second look might be answered otherwise."""
        assert where.hostname is not None  # noqa: S101  _https saw to it
        try:
            found = await asyncio.get_running_loop().getaddrinfo(where.hostname, where.port or 443, type=SOCK_STREAM)
        except gaierror as error:
            raise FetchFailed(f"{where.hostname} is not found: {error.strerror}") from None
        addresses = [str(each[4][0]) for each in found]
        hidden = [each for each in addresses if not is_public(each)]
        if hidden and not self._anywhere:
            raise FetchRefused(f"{where.hostname} is at {hidden[0]}, which is not a public address")
        return addresses[0]

    async def _exchange(self, where: SplitResult, address: str, max_bytes: int) -> bytes:
        reader, writer = await asyncio.open_connection(
            address,
            where.port or 443,
            ssl=self._trusted or ssl.create_default_context(),
            server_hostname=where.hostname,
        )
        try:
            path = (where.path or "/") + (f"?{where.query}" if where.query else "")
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nUser-Agent: Keystead\r\n"
                "Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n".encode("ascii")
            )
            await writer.drain()
            return await _read(reader, max_bytes + MAX_HEAD_BYTES)
        finally:
            writer.transport.abort()


def is_public(address: str) -> bool:
    """Whether everybody reaches the same computer at *address*."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        # Addresses that lead on to an IPv4 address are as public as that one.
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip in _NAT64:
            ip = IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip.sixtofour is not None or ip.teredo is not None:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _https(url: str) -> SplitResult:
    try:
        where = urlsplit(url)
        usable = where.scheme == "https" and where.hostname and where.port != 0 and url.isascii() and url.isprintable()
    except ValueError:
        usable = False
    if not usable or "@" in where.netloc or " " in url:
        raise FetchRefused(f"{url!r} is not an https address")
    return where


async def _read(reader: asyncio.StreamReader, limit: int) -> bytes:
    received = bytearray()
    while chunk := await reader.read(64 * 1024):
        received += chunk
        if len(received) > limit:
            raise FetchFailed(f"the answer is longer than {limit} bytes")
    return bytes(received)


class _Received:
    """A connection that has ended, as the standard library's reader of answers wants one."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _body(url: str, raw: bytes, max_bytes: int) -> bytes:
    try:
        answer = HTTPResponse(cast(socket, _Received(raw)), method="GET")
        answer.begin()
        if 300 <= answer.status < 400:
            raise FetchRefused(f"{url}: sent us elsewhere, to {answer.getheader('location')!r}; write that address")
        if answer.status != 200:
            raise FetchFailed(f"{url}: answered {answer.status}")
        body = answer.read()
    except (HTTPException, ValueError) as error:
        raise FetchFailed(f"{url}: the answer cannot be read: {type(error).__name__}") from None
    if len(body) > max_bytes:
        raise FetchFailed(f"{url}: the answer is longer than {max_bytes} bytes")
    return body
