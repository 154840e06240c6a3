"""A browser without a browser: cookies, headers and forms, over ASGI."""

import asyncio
import re
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx2
from keystead_testkit.clock import FixedClock

ORIGIN = "https://id.example.org"
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own, because an open Chromium leaves a running loop in this one."""
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(asyncio.run, work).result()


class Browser:
    """Cookies, the headers that browsers send of themselves, and our forms' tokens."""

    def __init__(self, app: Any, clock: FixedClock) -> None:
        self._app = app
        self._clock = clock
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

        # Time passes between requests, so that ids made in different ones are in their order.
        self._clock.advance(timedelta(milliseconds=1))
        response = run(ask())
        for line in response.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response


def form_token(response: httpx2.Response) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', response.text)
    assert found, f"no form on this page ({response.status_code}): {response.text[:2000]}"
    return found[1]
