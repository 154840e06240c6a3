"""The whole server as one target: bytes become a request to some route, from a browser that nobody trusts."""

from urllib.parse import quote

from keystead_server.http.route import Access
from keystead_server.http.table import routes
from keystead_testkit.office import Office


class Server:
    """A server in memory. The first byte picks a route; the lines after it are the query, what stands
    wherever the address has a variable (and in the cookies), and the body.
    """

    def __init__(self) -> None:
        self._office: Office | None = None
        self._routes = [
            (r.method, r.path, r.body.content_type if r.body else "") for r in routes() if r.access is Access.PUBLIC
        ]

    def __call__(self, data: bytes) -> None:
        self._office = self._office or Office()
        method, path, content_type = self._routes[data[0] % len(self._routes)] if data else ("GET", "/", "")
        query, _, rest = data[1:].partition(b"\n")
        variable, _, body = rest.partition(b"\n")
        for name in _variables(path):
            value = self._office.tenant.name if name == "tenant" else quote(variable, safe="") or "x"
            path = path.replace("{" + name + "}", value)
        browser = self._office.http()
        headers = {"origin": browser.origin, "sec-fetch-site": "same-origin", "cookie": _header(variable)}
        headers |= {"content-type": content_type} if content_type else {}
        headers["authorization"] = _header(query)
        address = path + (f"?{quote(query, safe='=&%+')}" if query else "")
        answer = browser.send(method, address, headers=headers, content=b"" if method == "GET" else body)
        assert answer.status_code < 500, (method, address, body, answer.status_code, answer.text)


def _variables(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _header(data: bytes) -> str:
    """Line ends and NUL never come through a server; everything else arrives."""
    return "".join(chr(b) for b in data if b not in b"\r\n\0")
