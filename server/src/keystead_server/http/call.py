"""One request as handlers see it: routed, counted, sized, and with who is asking already known."""

from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from keystead_core.wire import WireError, b64url_decode, b64url_encode
from starlette.types import Scope

from keystead_server.domain.actor import Actor
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.api_access import Caller
from keystead_server.http.cookies import parse as parse_cookies
from keystead_server.http.problems import FORM_STALE, MALFORMED, NOT_SIGNED_IN, TENANT_UNKNOWN, TOKEN_MISSING, Refuse
from keystead_server.http.route import Route
from keystead_server.http.services import Services
from keystead_server.policy.permissions import Permission, may
from keystead_server.ports.sealer import SealBroken
from keystead_server.ports.store import SessionOwner

# The editor of the passkey policy sends the most; a form's size is limited anyhow.
MAX_FORM_FIELDS = 900
_FORM_SEAL = "form"
FORM_FIELD = "form_token"


@dataclass(slots=True)
class Call:
    """A request that passed its route's checks.

    Attributes:
        number: this request's id; on every error page and in the log.
        path: the path's variables by name, percent-decoded.
        owner: the session and its user, open and read just now; None when nobody is signed in
            or the route did not ask.
        maybe_caller: the app whose token opened the route, on those for programs.
        cookies_to_set: `Set-Cookie` values that go out with whatever is answered.
    """

    services: Services
    route: Route
    scope: Scope
    number: str
    path: dict[str, str]
    headers: dict[bytes, bytes]
    body: bytes
    visitor: Visitor
    maybe_tenant: Tenant | None = None
    owner: SessionOwner | None = None
    maybe_caller: Caller | None = None
    cookies_to_set: list[str] = field(default_factory=list)
    _form: dict[str, list[str]] | None = None
    _cookies: dict[str, str] | None = None
    _query: list[tuple[str, str]] | None = None

    @property
    def tenant(self) -> Tenant:
        if self.maybe_tenant is None:
            raise Refuse(TENANT_UNKNOWN)
        return self.maybe_tenant

    @property
    def signed_in(self) -> SessionOwner:
        if self.owner is None:
            raise Refuse(NOT_SIGNED_IN)
        return self.owner

    @property
    def user(self) -> User:
        return self.signed_in.user

    @property
    def caller(self) -> Caller:
        if self.maybe_caller is None:
            raise Refuse(TOKEN_MISSING)
        return self.maybe_caller

    @property
    def actor(self) -> Actor:
        return Actor(self.user) if self.maybe_caller is None else self.maybe_caller.actor

    def may(self, permission: Permission) -> bool:
        return self.owner is not None and may(self.owner.user, permission)

    @property
    def query_string(self) -> str:
        return bytes(self.scope["query_string"]).decode("latin-1")

    def query_pairs(self) -> list[tuple[str, str]]:
        if self._query is None:
            self._query = parse_pairs(self.query_string)
        return self._query

    def query(self, name: str) -> str:
        """The first value of a query parameter; empty when it is not there."""
        return next((value for key, value in self.query_pairs() if key == name), "")

    @property
    def cookies(self) -> dict[str, str]:
        if self._cookies is None:
            self._cookies = parse_cookies(self.header("cookie"))
        return self._cookies

    def header(self, name: str) -> str:
        return self.headers.get(name.lower().encode(), b"").decode("latin-1")

    def header_values(self, name: str) -> list[str]:
        """Every header of this name, for those that must not be there twice."""
        wanted = name.lower().encode()
        return [value.decode("latin-1") for key, value in self.scope["headers"] if key == wanted]

    def form_pairs(self) -> list[tuple[str, str]]:
        try:
            return parse_pairs(self.body.decode("ascii"))
        except UnicodeDecodeError:
            raise Refuse(MALFORMED) from None

    def field(self, name: str) -> str:
        """The first value of a form field, trimmed; empty when it is not there."""
        return next(iter(self.fields(name)), "")

    def fields(self, name: str) -> list[str]:
        if self._form is None:
            self._form = {}
            for key, value in self.form_pairs():
                self._form.setdefault(key, []).append(value.strip())
        return self._form.get(name, [])

    # -- the token in our own forms ------------------------------------------------------------

    def form_token(self) -> str:
        """For a hidden field: only this browser, under this session, can send it back."""
        return b64url_encode(self.services.sealer.seal(_FORM_SEAL, b"", bound_to=self._form_binding()))

    def check_form_token(self) -> None:
        try:
            token = b64url_decode(self.field(FORM_FIELD))
            self.services.sealer.open(_FORM_SEAL, token, bound_to=self._form_binding())
        except (WireError, SealBroken):
            raise Refuse(FORM_STALE) from None

    def _form_binding(self) -> bytes:
        session = "" if self.owner is None else self.owner.session.id
        return self.visitor.browser + session.encode()


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """A query or form, decoded, in its order, duplicates and all.

    Raises:
        Refuse: it is not UTF-8, or has more fields than anybody needs.
    """
    # By hand, because each request pays for it: `urllib.parse.parse_qsl` takes three times as long.
    if text.count("&") >= MAX_FORM_FIELDS:
        raise Refuse(MALFORMED)
    try:
        fields = [part.partition("=") for part in text.split("&") if part]
        return [(_decoded(name), _decoded(value)) for name, _, value in fields]
    except UnicodeDecodeError:
        raise Refuse(MALFORMED) from None


def _decoded(text: str) -> str:
    spaced = text.replace("+", " ")
    return unquote_to_bytes(spaced).decode("utf-8") if "%" in spaced else spaced
