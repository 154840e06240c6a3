"""An identity provider's server on loopback that says what a test puts into its mouth."""

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from keystead_agent.container.records import Provider

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


class LyingProvider:
    """Answers everything with one status and one body, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"
        self.asked: list[tuple[str, Any]] = []
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["content-length"]))
                liar.asked.append((self.path, json.loads(sent)))
                self.send_response(liar.status)
                self.end_headers()
                self.wfile.write(liar.body)

            def log_message(self, *_: Any) -> None:
                return None

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(self, body: object, status: int = 200) -> None:
        self.status, self.body = status, body if isinstance(body, bytes) else json.dumps(body).encode()

    @property
    def provider(self) -> Provider:
        url = f"http://127.0.0.1:{self.server.server_port}/contoso"
        return Provider("localhost", (url,), f"{url}/v2.0", "Contoso", "t1", "contoso", url, NOW)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
