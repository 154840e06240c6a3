"""Hosts of any name on the web, with certificates of a private authority, reached as programs reach the web by proxy.

with TlsWeb(folder) as web:
    web.hosts["example.org"] = web.host("example.org", answer(b"{}"))
    ...                     # a program with `web.environment` fetches https://example.org
    assert web.asked == ["example.org"]
"""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from keystead_testkit.authority import Authority

Send: TypeAlias = Callable[[bytes], object]
Page: TypeAlias = Callable[[Send], object]
"""Answers a request, whatever it was; `Send` raises OSError once nobody listens."""


def answer(
    body: bytes, *, status: str = "200 OK", headers: tuple[str, ...] = ("Content-Type: application/json",)
) -> Page:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    whole = "\r\n".join(lines).encode() + body
    return lambda send: send(whole)


@dataclass(frozen=True, slots=True)
class Host:
    """Attributes:
    tls: None for one that does not speak it.
    """

    page: Page
    tls: ssl.SSLContext | None


@dataclass
class TlsWeb:
    """Attributes:
    hosts: by name; another name leads nowhere.
    asked: which were connected to, in order.
    """

    folder: Path
    root: Authority = field(default_factory=lambda: Authority.root("The web's root"))
    hosts: dict[str, Host] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def host(self, name: str, page: Page, certificate: Authority | None = None) -> Host:
        """A host with a certificate for *name*, or with another one."""
        shown = certificate or self.root.host(name)
        file = self.folder / f"{name}.pem"
        file.write_bytes(shown.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + shown.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return Host(page, context)

    @property
    def environment(self) -> dict[str, str]:
        proxy = f"http://127.0.0.1:{self._proxy.server_port}"
        return {"https_proxy": proxy, "no_proxy": "", "SSL_CERT_FILE": str(self.folder / "root.pem")}

    def _connect(self, handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.partition(":")[0]
        self.asked.append(name)
        host = self.hosts.get(name)
        if host is None:
            handler.send_error(502)
            return
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        try:
            line = (
                handler.connection if host.tls is None else host.tls.wrap_socket(handler.connection, server_side=True)
            )
            line.recv(4096)
            host.page(line.sendall)
            line.close()
        except OSError:
            # Whoever does not believe the certificate, or has enough, hangs up.
            return

    def __enter__(self) -> Self:
        (self.folder / "root.pem").write_bytes(self.root.pem)
        web = self

        class Proxy(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                web._connect(self)

            def log_message(self, *_: Any) -> None:
                return None

        self._proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=self._proxy.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._proxy.shutdown()
        self._proxy.server_close()
