"""Enrolment believes an address about itself and about nothing else. The servers here are real."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_agent.enrolment.description import (
    MAX_DESCRIPTION_BYTES,
    WELL_KNOWN,
    Judge,
    address_of,
    origin_of,
    read_description,
)
from keystead_agent.enrolment.errors import AddressRefused, DescriptionRefused, EnrolmentError, ProviderUnreachable
from keystead_agent.enrolment.fetch import fetch_provider
from keystead_agent.enrolment.public_suffixes import read_list

NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = f"https://id.example.org/contoso{WELL_KNOWN}"


def description(**changes: Any) -> dict[str, Any]:
    said = {
        "issuer": "https://id.example.org/contoso/v2.0",
        "tenant": {"id": "t1", "name": "Contoso"},
        "rp_id": "id.example.org",
        "origins": ["https://id.example.org"],
        "name": "Contoso sign-in",
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


SUFFIXES = read_list(["// a comment", "", "org", "com", "uk", "co.uk", "*.ck", "!www.ck", "github.io x", "公司.cn"])


def nothing_related(rp_id: str) -> bytes:
    raise AssertionError(f"{rp_id} was asked")


def read(said: Any, url: str = URL, related: Callable[[str], bytes] = nothing_related) -> Any:
    return read_description(json.dumps(said).encode(), url, now=NOW, judge=Judge(SUFFIXES, related))


def nobody(rp_id: str) -> bytes:
    return b"{}"


def test_an_honest_description_is_pinned() -> None:
    provider = read(description())

    assert (provider.rp_id, provider.origins) == ("id.example.org", ("https://id.example.org",))
    assert provider.url == "https://id.example.org/contoso"
    assert (provider.tenant_id, provider.tenant_name, provider.name) == ("t1", "Contoso", "Contoso sign-in")
    assert provider.enrolled_at == NOW


def test_a_parent_domain_and_other_pages_below_it_are_fine() -> None:
    origins = ["https://id.example.org", "https://my.example.org:8443"]

    assert read(description(rp_id="example.org", origins=origins)).origins == tuple(origins)


@pytest.mark.parametrize(
    "changes",
    [
        {"rp_id": "org"},
        {"rp_id": "example.org", "origins": ["https://my.example.org"]},
        {"rp_id": "evil.test"},
        {"rp_id": "sub.id.example.org"},
        {"rp_id": "ample.org"},
        {"rp_id": "ID.example.org"},
        {"rp_id": ""},
        {"rp_id": None},
        {"rp_id": 7},
        {"origins": []},
        {"origins": None},
        {"origins": "https://id.example.org"},
        {"origins": [7]},
        {"origins": ["https://other.example.org"]},
        {"origins": ["https://id.example.org", "https://bank.example"]},
        {"origins": ["https://id.example.org", "http://id.example.org"]},
        {"origins": ["https://id.example.org", "https://id.example.org/"]},
        {"origins": ["https://id.example.org", "https://id.example.org:443"]},
        {"origins": ["https://id.example.org", "https://u@id.example.org"]},
        {"origins": ["https://id.example.org", "*"]},
        {"origins": ["https://id.example.org"] * 17},
        {"issuer": "https://bank.example/v2.0"},
        {"issuer": "http://id.example.org/v2.0"},
        {"issuer": None},
        {"tenant": None},
        {"tenant": []},
        {"tenant": {"id": "t1"}},
        {"name": None},
        {"name": "x" * 257},
    ],
)
def test_refuses_who_speaks_for_others_or_not_clearly(changes: dict[str, Any]) -> None:
    with pytest.raises(DescriptionRefused) as refused:
        read(description(**changes), related=nobody)

    assert refused.value.code == "description_refused"


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)))
def test_no_json_makes_the_reader_do_anything_but_refuse(value: Any) -> None:
    for member in ("issuer", "tenant", "rp_id", "origins", "name"):
        changed = {**description(), member: value if not isinstance(value, str) else [value]}
        with pytest.raises(DescriptionRefused):
            read(changed, related=nobody)
    with pytest.raises(DescriptionRefused):
        read(value)


def test_an_ip_address_is_no_relying_party() -> None:
    said = description(rp_id="127.0.0.1", origins=["http://127.0.0.1:8400"], issuer="http://127.0.0.1:8400/t/v2.0")

    with pytest.raises(DescriptionRefused):
        read(said, "http://127.0.0.1:8400/t" + WELL_KNOWN)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://id.example.org/contoso", URL),
        ("https://id.example.org/contoso/", URL),
        ("id.example.org/contoso", URL),
        ("http://localhost:8400/contoso", f"http://localhost:8400/contoso{WELL_KNOWN}"),
        ("http://127.0.0.1/c", f"http://127.0.0.1/c{WELL_KNOWN}"),
    ],
)
def test_an_address_is_what_a_person_types(typed: str, url: str) -> None:
    assert address_of(typed) == url


@pytest.mark.parametrize(
    "typed",
    [
        "http://id.example.org/contoso",
        "http://localhost.evil.test/",
        "ftp://id.example.org",
        "file:///etc/passwd",
        "https://user:pw@id.example.org",
        "https://id.example.org:99999",
        "https://id.example.org/?x",
        "https://id.example.org/#x",
        "https://",
        "",
        "https://bücher.example",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_not_private_on_its_way_is_refused(typed: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        address_of(typed)

    assert refused.value.code == "address_refused"


@given(st.text(max_size=60))
def test_no_address_makes_us_do_anything_but_refuse(typed: str) -> None:
    origin_of(typed)
    with contextlib.suppress(AddressRefused):
        assert origin_of(address_of(typed))


Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """An HTTP server on loopback whose answer the test decides."""

    def __init__(self) -> None:
        self.answer: Answer = lambda request: send(request, 200, json.dumps(self.description()).encode())
        self.paths: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.paths.append(self.path)
                outer.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://localhost:{self._http.server_port}"

    def description(self) -> dict[str, Any]:
        issuer = f"{self.origin}/contoso/v2.0"
        return description(rp_id="localhost", origins=[self.origin], issuer=issuer)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def send(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def test_fetches_the_description(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # loopback is never reached through a proxy

    provider = fetch_provider(f"{server.origin}/contoso", now=NOW, suffixes=SUFFIXES)

    assert provider.rp_id == "localhost"
    assert server.paths == ["/contoso/.well-known/keystead"]


def test_follows_no_redirect(server: Server) -> None:
    server.answer = lambda request: send(request, 302, b"", Location=f"{server.origin}/elsewhere")

    with pytest.raises(ProviderUnreachable, match="answers 302"):
        fetch_provider(f"{server.origin}/contoso", now=NOW, suffixes=SUFFIXES)

    assert len(server.paths) == 1


def test_reads_no_more_than_its_limit(server: Server) -> None:
    server.answer = lambda request: send(request, 200, b" " * (MAX_DESCRIPTION_BYTES + 1))

    with pytest.raises(DescriptionRefused, match="longer than"):
        fetch_provider(f"{server.origin}/contoso", now=NOW, suffixes=SUFFIXES)


def test_does_not_wait_for_a_server_that_sends_byte_by_byte(server: Server) -> None:
    def dribble(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(40):
            try:
                request.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.05)

    server.answer = dribble
    started = time.monotonic()

    with pytest.raises(ProviderUnreachable, match="takes longer"):
        fetch_provider(f"{server.origin}/contoso", now=NOW, suffixes=SUFFIXES, total_seconds=0.3)

    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("status", [404, 500])
def test_says_what_the_server_answered(server: Server, status: int) -> None:
    server.answer = lambda request: send(request, status, b"no")

    with pytest.raises(ProviderUnreachable, match=str(status)) as refused:
        fetch_provider(f"{server.origin}/contoso", now=NOW, suffixes=SUFFIXES)

    assert refused.value.code == "provider_unreachable"


def test_says_that_nobody_is_there() -> None:
    with pytest.raises(EnrolmentError, match="cannot be reached"):
        fetch_provider("http://localhost:9/contoso", now=NOW, suffixes=SUFFIXES)


def test_refuses_what_is_no_json(server: Server) -> None:
    server.answer = lambda request: send(request, 200, b"<html>")

    with pytest.raises(DescriptionRefused, match="no description"):
        fetch_provider(f"{server.origin}/contoso", now=NOW, suffixes=SUFFIXES)
