"""One organisation with its server in memory, and browsers that speak to it over ASGI."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx2
import pytest
import uvicorn
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.session import Session
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Role, User
from keystead_server.flows.found_tenant import FoundTenant
from keystead_server.http.services import Services
from keystead_server.keys import signer
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.main.config import Config
from keystead_server.main.system import SystemClock, SystemEntropy
from keystead_server.main.wiring import build_app, build_services
from keystead_testkit.clock import FixedClock, SeededEntropy
from keystead_testkit.memory_store import MemoryStore
from keystead_testkit.soft_passkey import SoftPasskey

ORIGIN = "https://id.example.org"
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own, because an open Chromium leaves a running loop in this one."""
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(asyncio.run, work).result()


class Browser:
    """Cookies, the headers that browsers send of themselves, and our forms' tokens."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.send("GET", path, headers={"sec-fetch-site": "none", **headers})

    def post_json(self, path: str, body: object, **headers: str) -> httpx2.Response:
        return self.send(
            "POST", path, json=body, headers={"origin": ORIGIN, "sec-fetch-site": "same-origin", **headers}
        )

    def submit(self, page: str, action: str, fields: dict[str, Any] | list[tuple[str, str]]) -> httpx2.Response:
        """Send the form of *page* that goes to *action*, with the token that stands in it."""
        return self.post_form(action, fields, token=form_token(self.get(page)))

    def post_form(
        self, action: str, fields: dict[str, Any] | list[tuple[str, str]], *, token: str, **headers: str
    ) -> httpx2.Response:
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        return self.send(
            "POST",
            action,
            content=urlencode([*pairs, ("form_token", token)]).encode(),
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "origin": ORIGIN,
                "sec-fetch-site": "same-origin",
                **headers,
            },
        )

    def send(self, method: str, path: str, *, headers: dict[str, str], **rest: Any) -> httpx2.Response:
        async def ask() -> httpx2.Response:
            transport = httpx2.ASGITransport(app=self._app, client=("192.0.2.7", 40000))
            async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
                cookie = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
                sent = {**headers, **({"cookie": cookie} if cookie else {})}
                return await client.request(method, path, headers=sent, **rest)

        response = run(ask())
        for line in response.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response


def form_token(response: httpx2.Response) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', response.text)
    assert found, f"no form on this page ({response.status_code}): {response.text[:2000]}"
    return found[1]


@dataclass
class Office:
    """A tenant `example` with its administrator `ada`, under https://id.example.org."""

    store: MemoryStore
    clock: FixedClock
    services: Services
    app: Any
    tenant: Tenant
    ada: User
    passkeys: dict[str, SoftPasskey] = field(default_factory=dict)

    def browser(self) -> Browser:
        return Browser(self.app)

    def person(self, username: str, *, display_name: str = "", roles: frozenset[Role] = frozenset()) -> User:
        return run(
            self.services.manage_user.create(
                self.tenant.id, username=username, display_name=display_name, roles=roles, by=OPERATOR
            )
        )

    def issue_pass(self, user: User, **how: Any) -> str:
        return run(self.services.issue_pass(user, by=OPERATOR, **how)).code

    def sign_in_with_pass(self, user: User, browser: Browser | None = None) -> Browser:
        browser = browser or self.browser()
        page = "/example/sign-in/pass"
        answer = browser.submit(page, page, {"user": user.username, "pass": self.issue_pass(user)})
        assert answer.status_code == 303, answer.text
        return browser

    def add_passkey(self, browser: Browser, username: str, **kind: Any) -> SoftPasskey:
        """Add a passkey for whoever is signed in; remembered under *username*."""
        passkey = SoftPasskey(rp_id="id.example.org", origin=ORIGIN, **kind)
        options = browser.post_json("/example/account/passkeys/options", {})
        assert options.status_code == 200, options.text
        added = browser.post_json("/example/account/passkeys", passkey.register_with(options.json()))
        assert added.status_code == 201, added.text
        self.passkeys[username] = passkey
        return passkey

    def sign_in(self, username: str, browser: Browser | None = None, **lies: Any) -> httpx2.Response:
        """Sign in with the passkey remembered under *username*, as the page's script does."""
        browser = browser or self.browser()
        browser.get("/example/sign-in")
        options = browser.post_json("/example/sign-in/options", {}).json()
        return browser.post_json("/example/sign-in/assertion", self.passkeys[username].answer_to(options, **lies))

    def signed_in(self, user: User) -> Browser:
        """A browser in which *user* has just signed in with a passkey."""
        if user.username not in self.passkeys:
            self.add_passkey(self.sign_in_with_pass(user), user.username)
        browser = self.browser()
        assert self.sign_in(user.username, browser).status_code == 200
        return browser

    def session_count(self) -> int:
        return len(self.store._tables.of(Session))


def found_office(*, public_url: str = ORIGIN, clock: Any = None, entropy: Any = None, scale: float = 0) -> Office:
    async def found() -> Office:
        store, config = MemoryStore(), Config(public_url=public_url, name="Keystead", rate_limit_scale=scale)
        when, dice = clock or FixedClock(), entropy or SeededEntropy()
        sealer = MasterKeySealer(bytes(range(32)), dice)
        token_signer = await signer.load(store, sealer, when.now())
        services = build_services(config, store, when, dice, sealer, token_signer)
        tenant, ada = await FoundTenant(store, when, dice)(
            "example", display_name="Example Works", administrator="ada@example.org"
        )
        return Office(store, when, services, build_app(services, config), tenant, ada)

    return run(found())


@contextmanager
def office_on_a_port() -> Iterator[Office]:
    """The office with its server on a free port of this computer, in real time."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        office = found_office(public_url=f"http://localhost:{port}", clock=SystemClock(), entropy=SystemEntropy())
        server = uvicorn.Server(uvicorn.Config(office.app, lifespan="off", log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield office
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def open_office() -> Iterator[Office]:
    with office_on_a_port() as office:
        yield office


@pytest.fixture
def office() -> Office:
    return found_office()


@pytest.fixture
def found() -> Callable[..., Office]:
    return found_office
