"""A browser without a screen: keeps cookies, and sends the headers that browsers send of themselves."""

import re
from typing import Any
from urllib.parse import urlencode

import httpx2

from keystead_testkit.loop import run
from keystead_testkit.soft_passkey import SoftPasskey


class HttpBrowser:
    """Speaks to an ASGI application by the name that people type.

    Attributes:
        application: what it speaks to.
        cookies: what it holds; a test may read, plant and carry them elsewhere.
        set_cookies: every Set-Cookie line of the last answer, with its attributes.
        address: from where its requests come.
    """

    def __init__(self, app: Any, origin: str, *, address: str = "192.0.2.7") -> None:
        self.application = app
        self.origin = origin
        self.address = address
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.send("GET", path, headers={"sec-fetch-site": "none", **headers})

    def post_json(self, path: str, body: object, **headers: str) -> httpx2.Response:
        return self.send("POST", path, json=body, headers={**self._same_origin(), **headers})

    def post_form(self, path: str, fields: Any, **headers: str) -> httpx2.Response:
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        return self.send("POST", path, content=urlencode(pairs).encode(), headers={
            "content-type": "application/x-www-form-urlencoded", **self._same_origin(), **headers,
        })  # fmt: skip

    def submit(self, page: str, action: str, fields: dict[str, str]) -> httpx2.Response:
        """Send *page*'s form to *action*, with the token that stands in it."""
        return self.post_form(action, {**fields, "form_token": form_token(self.get(page))})

    def _same_origin(self) -> dict[str, str]:
        return {"origin": self.origin, "sec-fetch-site": "same-origin"}

    def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **rest: Any) -> httpx2.Response:
        """Send exactly this, with the cookies; redirects are not followed."""

        async def ask() -> httpx2.Response:
            transport = httpx2.ASGITransport(app=self.application, client=(self.address, 40000))
            async with httpx2.AsyncClient(transport=transport, base_url=self.origin) as client:
                sent = {name.replace("_", "-").lower(): value for name, value in (headers or {}).items()}
                if self.cookies:
                    sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
                # As bytes, so that a test can send what a library would not.
                given = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
                return await client.request(method, path, headers=given, **rest)

        response = run(ask())
        self.set_cookies = response.headers.get_list("set-cookie")
        for line in self.set_cookies:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return response

    # -- what the pages' scripts do ------------------------------------------------------------

    def sign_in(self, tenant: str, passkey: SoftPasskey, *, to: str = "", **lies: Any) -> httpx2.Response:
        """Answer a challenge of *tenant* as the sign-in page's script does; *to* is that page's query."""
        self.get(f"/{tenant}/sign-in{to}")
        options = self.post_json(f"/{tenant}/sign-in/options", {}).json()
        return self.post_json(f"/{tenant}/sign-in/assertion{to}", passkey.answer_to(options, **lies))

    def sign_in_with_pass(self, tenant: str, username: str, code: str) -> httpx2.Response:
        page = f"/{tenant}/sign-in/pass"
        return self.submit(page, page, {"user": username, "pass": code})


def form_token(response: httpx2.Response) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', response.text)
    assert found, f"no form on this page ({response.status_code}): {response.text[:500]}"
    return found[1]
