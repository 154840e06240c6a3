"""The order in which a request is checked, the same for every route:

    find the route → rate limit → size → did one of our pages send it → tenant → session →
    is the session held to registering → permission → Conditional Access → form token → handler → headers

Where a program calls, its token stands for tenant and session, and no cookie is looked at.

What fails is answered as the route's face answers, and logged with its code.
"""

from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Network, IPv6Network
from math import ceil

import structlog
from msgspec.json import encode
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from keystead_server.domain.tenant import Tenant
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_facts import ACCOUNT, ADMINISTRATION, DEVICES, NEW_PASSWORD, REGISTRATION
from keystead_server.flows.api_access import TokenInvalid
from keystead_server.http import cookies, problems
from keystead_server.http.access_problems import access_problem
from keystead_server.http.call import Call
from keystead_server.http.peers import Peers
from keystead_server.http.problems import Problem, Refuse
from keystead_server.http.rate import RateLimits, rate_key
from keystead_server.http.route import BROWSING, Access, Face, Reaches, Route
from keystead_server.http.route_tree import RouteTree
from keystead_server.http.services import Services
from keystead_server.policy.api_permissions import ByToken, opens
from keystead_server.policy.permissions import may
from keystead_server.ports.store import StorageUnavailable

_log = structlog.get_logger("keystead.http")

ProblemAnswer = Callable[[Call, Problem], Awaitable[Response]]
_TARGETS = {
    Reaches.ACCOUNT: ACCOUNT,
    Reaches.REGISTRATION: REGISTRATION,
    Reaches.NEW_PASSWORD: NEW_PASSWORD,
    Reaches.DEVICES: DEVICES,
    Reaches.ADMINISTRATION: ADMINISTRATION,
}
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    # Not no-referrer: with that, browsers send "Origin: null" with our own forms.
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Dispatch:
    """Answers HTTP requests (ASGI). `main.asgi` puts start and stop around it."""

    def __init__(
        self,
        services: Services,
        routes: Iterable[Route],
        *,
        problem_page: ProblemAnswer,
        graph_problem: Callable[[Call, Problem], Response],
        rate_limits: RateLimits,
        trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = (),
    ) -> None:
        self._services = services
        self._tree = RouteTree(routes)
        self._problem_page = problem_page
        self._graph_problem = graph_problem
        self._rate_limits = rate_limits
        self._peers = Peers(trusted_proxies)
        self._tenants: dict[str, Tenant] = {}
        self._loopback_aliases = _loopback_aliases(services.relying_party.public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = self._open_call(scope)
        response = await self._answer(call, receive)
        self._finish(call, response)
        await response(scope, receive, send)

    # -- one request ---------------------------------------------------------------------------

    def _open_call(self, scope: Scope) -> Call:
        headers = dict(scope["headers"])
        now = self._services.clock.now()
        visitor = Visitor(
            browser=b"",
            address=self._peers.address(scope, headers),
            user_agent=headers.get(b"user-agent", b"").decode("latin-1"),
        )
        return Call(
            services=self._services,
            route=_NOWHERE,
            scope=scope,
            number=self._services.entropy.new_id(now),
            path={},
            headers=headers,
            body=b"",
            visitor=visitor,
        )

    async def _answer(self, call: Call, receive: Receive) -> Response:
        try:
            route = self._route(call)
            moved = self._to_the_public_name(call)
            if moved is not None:
                return moved
            self._count(call)
            call.body = await self._read_body(call, receive)
            if route.from_our_pages:
                self._check_origin(call)
            await self._know_who(call)
            await self._authorise(call)
            if route.body is not None and route.body.form:
                call.check_form_token()
            return await route.handler(call)
        except Refuse as refused:
            return await self._refuse(call, refused.problem)
        except StorageUnavailable as error:
            _log.error("storage.unavailable", request=call.number, error=str(error))
            return await self._refuse(call, problems.UNAVAILABLE)
        except Exception:
            # Not the address itself: one that was mailed to somebody signs them in.
            _log.exception("request.broken", request=call.number, route=call.route.path)
            return await self._refuse(call, problems.BROKEN)

    def _route(self, call: Call) -> Route:
        raw = call.scope.get("raw_path") or call.scope["path"].encode()
        methods, values = self._tree.find(raw.split(b"?")[0].decode("latin-1"))
        method = "GET" if call.scope["method"] == "HEAD" else call.scope["method"]
        if not methods:
            call.route = _NOWHERE_IN_THE_API if raw.startswith(_API) else _NOWHERE
            raise Refuse(problems.NOT_FOUND)
        call.route = methods.get(method) or next(iter(methods.values()))
        call.path = values
        if method not in methods:
            allow = ", ".join(sorted(methods))
            raise Refuse(
                Problem(405, "method_not_allowed", f"This address takes {allow}.", headers=(("Allow", allow),))
            )
        return call.route

    def _count(self, call: Call) -> None:
        now = self._services.clock.now().timestamp()
        wait = self._rate_limits.wait(call.route.limit, rate_key(call.visitor.address), now)
        if wait:
            raise Refuse(problems.too_often(ceil(wait)))

    async def _read_body(self, call: Call, receive: Receive) -> bytes:
        wanted = call.route.body
        if call.scope["method"] not in _UNSAFE:
            return b""
        limit = 0 if wanted is None else wanted.max_bytes
        length = call.header("content-length")
        if length and (not length.isdecimal() or int(length) > limit):
            raise Refuse(problems.TOO_LARGE)
        body = await _receive(receive, limit)
        if wanted is not None and call.header("content-type").partition(";")[0].strip().lower() != wanted.content_type:
            raise Refuse(problems.WRONG_TYPE)
        return body

    def _check_origin(self, call: Call) -> None:
        # Fetch Metadata is set by the browser alone; where it is missing, Origin must be ours.
        site = call.header("sec-fetch-site")
        origin = call.header("origin")
        # A related origin may use our passkeys; it may not send our forms.
        ours = self._services.relying_party.public_url
        if (site and site != "same-origin") or (origin and origin != ours) or not (site or origin):
            raise Refuse(problems.CROSS_SITE)

    async def _know_who(self, call: Call) -> None:
        if isinstance(call.route.access, ByToken):
            await self._know_caller(call)
        else:
            await self._know_visitor(call)

    async def _know_caller(self, call: Call) -> None:
        """Who calls, and in which tenant: both from the token alone, so that no address can say another one."""
        sent = call.header_values("authorization")
        scheme, _, token = (sent[0] if len(sent) == 1 else "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refuse(problems.TOKEN_MISSING)
        outcome = await self._services.api_access(token.strip())
        if isinstance(outcome, TokenInvalid):
            _log.warning("token.refused", code=outcome.code, request=call.number, address=call.visitor.address)
            raise Refuse(problems.TOKEN_INVALID)
        call.maybe_caller, call.maybe_tenant = outcome, outcome.tenant
        app, user = outcome.app.id, None if outcome.user is None else outcome.user.id
        _log.info("api.called", request=call.number, route=call.route.path, app=app, user=user)

    async def _know_visitor(self, call: Call) -> None:
        browser = cookies.read_browser(self._services, call.cookies)
        if browser is None:
            browser = self._services.entropy.token(cookies.BROWSER_BYTES)
            if call.route.face is Face.PAGE or call.route.from_our_pages:
                call.cookies_to_set.append(cookies.set_browser(self._services, browser))
        call.visitor = Visitor(browser, call.visitor.address, call.visitor.user_agent)
        name = call.path.get("tenant")
        if name is None:
            return
        call.maybe_tenant = await self._tenant(name)
        if call.maybe_tenant is None:
            raise Refuse(problems.TENANT_UNKNOWN)
        if call.route.wants_session:
            await self._know_session(call)

    async def _know_session(self, call: Call) -> None:
        session = cookies.read_session(self._services, call.tenant, call.cookies)
        if session is None:
            return
        owner = await self._services.store.sessions.owner_of(call.tenant.id, session)
        if owner is not None and owner.session.is_open(owner.user, self._services.clock.now()):
            call.owner = owner

    async def _tenant(self, name: str) -> Tenant | None:
        # A tenant is never renamed or removed, so what was found once stays true.
        kept = self._tenants.get(name)
        if kept is None:
            kept = await self._services.store.tenants.by_name(name)
            if kept is not None:
                self._tenants[name] = kept
        return kept

    async def _authorise(self, call: Call) -> None:
        # The one place where security defaults hold a session; `authorize` and `redeem_code` ask for themselves.
        if call.owner is not None and not call.route.while_held and await self._services.duty.holds(call.owner):
            raise Refuse(problems.REGISTER_FIRST)
        access = call.route.access
        if access is Access.PUBLIC:
            return
        if isinstance(access, ByToken):
            if not opens(access, call.caller.granted, call.caller.user):
                raise Refuse(problems.PERMISSION_MISSING)
            return
        if call.owner is None:
            raise Refuse(problems.NOT_SIGNED_IN)
        if not isinstance(access, Access) and not may(call.owner.user, access):
            raise Refuse(problems.NOT_ALLOWED)
        await self._under_policy(call)

    async def _under_policy(self, call: Call) -> None:
        target = _TARGETS.get(call.route.protected_as)
        if target is None or call.owner is None:
            return
        denied = await self._services.enter(call.owner, call.visitor, target)
        if denied is not None:
            raise Refuse(access_problem(denied.ruling, denied.refused.attempt_id, may_register=denied.may_register))

    # -- answers -------------------------------------------------------------------------------

    async def _refuse(self, call: Call, problem: Problem) -> Response:
        _log.warning(
            "request.refused",
            code=problem.code,
            status=problem.status,
            request=call.number,
            method=call.scope["method"],
            route=call.route.path,
            address=call.visitor.address,
            **({"attempt": problem.number} if problem.number else {}),
        )
        if call.route.face is Face.PAGE:
            response = await self._problem_page(call, problem)
        elif call.route.face is Face.GRAPH:
            response = self._graph_problem(call, problem)
        else:
            response = _problem_json(call, problem)
        for name, value in problem.headers:
            response.headers[name] = value
        return response

    def _finish(self, call: Call, response: Response) -> None:
        raw = response.raw_headers
        if not any(name == b"cache-control" for name, _ in raw):
            raw.append((b"cache-control", b"no-store"))
        raw.extend(_HEADERS)
        raw.append((b"x-request-id", call.number.encode()))
        if self._services.secure_cookies:
            raw.append((b"strict-transport-security", b"max-age=31536000"))
        for cookie in call.cookies_to_set:
            raw.append((b"set-cookie", cookie.encode("latin-1")))

    def _to_the_public_name(self, call: Call) -> Response | None:
        """Passkeys are bound to a host name: somebody who typed 127.0.0.1 is sent to localhost."""
        if call.route.face is not Face.PAGE or call.scope["method"] != "GET":
            return None
        if call.header("host") not in self._loopback_aliases:
            return None
        query = f"?{call.query_string}" if call.query_string else ""
        return RedirectResponse(f"{self._services.relying_party.public_url}{call.scope['path']}{query}", 307)


async def _receive(receive: Receive, limit: int) -> bytes:
    chunks, size = [], 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise Refuse(problems.MALFORMED)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise Refuse(problems.TOO_LARGE)
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _problem_json(call: Call, problem: Problem) -> Response:
    body: dict[str, object] = {
        "code": problem.code,
        "message": problem.message,
        "correlationId": problem.number or call.number,
    }
    if call.route.face is Face.OAUTH:
        body = {"error": _OAUTH_ERRORS.get(problem.status, "invalid_request"), "error_description": problem.message}
    elif problem.target is not None:
        body["target"] = problem.target
    return Response(encode(body), problem.status, media_type="application/json")


_OAUTH_ERRORS = {429: "temporarily_unavailable", 500: "server_error", 503: "temporarily_unavailable"}


def _loopback_aliases(public_url: str) -> frozenset[str]:
    scheme, _, authority = public_url.partition("://")
    host, _, port = authority.partition(":")
    if host != "localhost" or scheme != "http":
        return frozenset()
    suffix = f":{port}" if port else ""
    return frozenset({f"127.0.0.1{suffix}", f"[::1]{suffix}"})


async def _nowhere(_: Call) -> Response:
    raise Refuse(problems.NOT_FOUND)


# Stands in until the route is found, so that even "nothing here" has a face.
_NOWHERE = Route("GET", "/", _nowhere, "nowhere", Access.PUBLIC, BROWSING, Face.PAGE)
_NOWHERE_IN_THE_API = Route("GET", "/graph", _nowhere, "nowhere", Access.PUBLIC, BROWSING, Face.GRAPH)
_API = b"/graph/"
